"""YAML as Kubernetes reads it, and as kubectl prints it.

PyYAML's own loaders would not do: they read ``12:30:45`` as 45045, ``2024-01-01`` as a date and ``y`` as a
string, keep the last of two duplicate keys and expand aliases without bound. kubectl and Helm read YAML with
go-yaml v2 and turn it into JSON; this room does the same on top of PyYAML's parser (libyaml's where it is
built in), and refuses what can only be a mistake: duplicate keys, keys that are no text, documents nested or
aliased beyond any honest use.
"""

from gwdeployer.documents.reading import Composer, Loader, copy, load_all, load_each, split_documents
from gwdeployer.documents.scalars import resolve, resolve_tagged
from gwdeployer.documents.writing import (
    dump,
    dump_all,
    escape_unprintable,
    flow,
    key_text,
    leaf_text,
    quote,
    scalar_text,
)

__all__ = [
    "Composer",
    "Loader",
    "copy",
    "dump",
    "dump_all",
    "escape_unprintable",
    "flow",
    "key_text",
    "leaf_text",
    "load_all",
    "load_each",
    "quote",
    "resolve",
    "resolve_tagged",
    "scalar_text",
    "split_documents",
]
