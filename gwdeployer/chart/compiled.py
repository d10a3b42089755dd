"""Compiled templates, kept from one run to the next as Python keeps compiled modules.

Reading and compiling its templates is most of what the first render of a chart costs, and what comes of it
depends on nothing but their texts and the compiler. So it is kept under a hash of both, where there is a
cache (:mod:`gwdeployer.cache`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from jinja2 import compiler, ext, lexer, nodes, parser
from jinja2.bccache import Bucket, BytecodeCache

from gwdeployer import cache
from gwdeployer.chart import environment, filters, slots
from gwdeployer.chart.slots import Piece, Site

#: What has a say in the code that a template becomes.
_COMPILER = (compiler, ext, lexer, nodes, parser, environment, filters, slots)


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


def load(templates: Mapping[str, str]) -> Compiled | None:
    """Return what is kept of a chart's templates, if it is."""
    name = _name(templates)
    data = cache.read(name) if name else None
    if data is None:
        return None
    codes, sites = marshal.loads(data)  # noqa: S302 - the cache is ours alone
    return Compiled(codes, [Piece(*site) if is_piece else Site(*site) for is_piece, site in sites])


def keep(templates: Mapping[str, str], compiled: Compiled) -> None:
    """Keep what all templates of a chart were compiled to."""
    if name := _name(templates):
        sites = [(isinstance(site, Piece), tuple(site)) for site in compiled.sites]
        cache.write(name, marshal.dumps((compiled.codes, sites)))


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
