"""Compiled templates and skeletons, kept from one run to the next as Python keeps compiled modules.

Reading and compiling its templates is most of what the first render of a chart costs, and what comes of it
depends on nothing but their texts and the compiler; a skeleton, on the shape besides. So they are kept under
a hash of these, where there is a cache (:mod:`gwdeployer.cache`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import pickle
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import yaml
from jinja2 import compiler, ext, lexer, nodes, parser
from jinja2.bccache import Bucket, BytecodeCache

from gwdeployer import cache
from gwdeployer.chart import environment, filling, filters, skeleton, slots
from gwdeployer.chart.skeleton import Skeleton
from gwdeployer.chart.slots import Piece, Site
from gwdeployer.documents import reading, scalars, writing

#: What has a say in the code that a template or a skeleton becomes.
_COMPILER = (
    *(compiler, ext, lexer, nodes, parser, environment, filters, slots),
    *(yaml, reading, scalars, writing, skeleton, filling),
)


class Compiled(NamedTuple):
    """The code of a chart's templates, by Jinja2's key of each, and the sites that it refers to."""

    codes: dict[str, CodeType]
    sites: Sequence[Site]


class Codes(BytecodeCache):
    """Where Jinja2 looks for a template's code before it compiles it, and where it then puts it."""

    def __init__(self, codes: dict[str, CodeType]) -> None:
        """Look in ``codes``, and add to it."""
        self.codes = codes

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand the code over, if there is any."""
        bucket.code = self.codes.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Take what was compiled."""
        if bucket.code is not None:
            self.codes[bucket.key] = bucket.code


class Shelf:
    """Where what becomes of one chart's templates is kept: nowhere, if there is no cache."""

    def __init__(self, templates: Mapping[str, str]) -> None:
        """Know the templates by their texts, and how they are compiled."""
        self._name = _name(templates)

    def templates(self) -> Compiled | None:
        """Return what all templates were compiled to, if it is kept."""
        data = cache.read(self._name) if self._name else None
        if data is None:
            return None
        codes, sites = marshal.loads(data)  # noqa: S302 - the cache is ours alone
        return Compiled(codes, [Piece(*site) if is_piece else Site(*site) for is_piece, site in sites])

    def keep_templates(self, compiled: Compiled) -> None:
        """Keep what all templates were compiled to."""
        if self._name:
            sites = [(isinstance(site, Piece), tuple(site)) for site in compiled.sites]
            cache.write(self._name, marshal.dumps((compiled.codes, sites)))

    def skeleton(self, shape: Sequence[int]) -> tuple[Skeleton, CodeType] | None:
        """Return the skeleton of a shape and the code that fills it, if they are kept."""
        data = cache.read(self._name_of(shape)) if self._name else None
        if data is None:
            return None
        parsed, code = pickle.loads(data)  # noqa: S301 - the cache is ours alone
        return parsed, marshal.loads(code)  # noqa: S302

    def keep_skeleton(self, shape: Sequence[int], parsed: Skeleton, code: CodeType) -> None:
        """Keep the skeleton of a shape and the code that fills it."""
        if self._name:
            cache.write(self._name_of(shape), pickle.dumps((parsed, marshal.dumps(code))))

    def _name_of(self, shape: Sequence[int]) -> str:
        return hashlib.sha256(f"{self._name} {shape}".encode()).hexdigest()


def _name(templates: Mapping[str, str]) -> str:
    """Return a hash of the templates and of the compiler: Python and files. Empty where there is no cache."""
    if not cache.is_there():
        return ""
    digest = hashlib.sha256(importlib.util.MAGIC_NUMBER + sys.version.encode())
    try:
        for module in _COMPILER:
            status = Path(str(module.__file__)).stat()
            digest.update(f"{module.__file__} {status.st_size} {status.st_mtime_ns}\n".encode())
    except OSError:  # modules in an archive are no files
        return ""
    for name, text in sorted(templates.items()):
        digest.update(f"{len(name)} {name} {len(text)} {text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
