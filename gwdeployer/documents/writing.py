"""Writing JSON data as YAML that every YAML 1.1 and 1.2 reader reads back as the same data."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from gwdeployer.documents.scalars import FALSE, NULLS, TRUE
from gwdeployer.errors import shown

# YAML readers take a key on one line only up to 1024 characters; what is longer is marked with "?".
_LONG_KEY = 1000
# Longer integers are beyond a 64-bit float, so JSON readers would not take them.
_MAX_BITS = 1024

_PLAIN = re.compile(r"[A-Za-z_/$(][A-Za-z0-9_./$()=+~%@^-]*(?:[ :,][A-Za-z0-9_./$()=+~%@^-]+)*")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(m|[kMGTPE]i?|s|ms|h|%)|[0-9]+(\.[0-9]+){2,3}(/[0-9]+)?")
_WORDS = NULLS | TRUE | FALSE
# What YAML cannot hold as it is. Compiled when it is needed: in most text, a look at ASCII is enough.
_UNPRINTABLE = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
_SHORT_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
# A float like 1e+22, which YAML 1.1 readers take for text, or the text of one.
_SHORT_FLOAT = re.compile(r"\de[-+]\d")
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def dump_all(documents: list[Any]) -> str:
    """Return a YAML stream of the documents, ``---`` between them."""
    return "---\n".join(dump(document) for document in documents)


def dump(value: Any) -> str:
    """Return JSON data as block YAML. Keys keep their order; text of several lines is a literal block.

    Ends with a line break. Raises TypeError for what JSON cannot hold.
    """
    lines: list[str] = []
    _write_block(lines, value, 0, "")
    return "\n".join(lines) + "\n"


def _write_block(lines: list[str], value: Any, indent: int, lead: str) -> None:
    """Append ``value`` in block style; ``lead`` is what stands before it on its first line."""
    pad = " " * indent
    if value.__class__ is dict and value:
        for position, (key, item) in enumerate(value.items()):
            start = lead if lead and position == 0 else pad
            _write_entry(lines, start + key_text(key, pad), item, indent)
    elif value.__class__ is list and value:
        for position, item in enumerate(value):
            start = lead if lead and position == 0 else pad
            _write_block(lines, item, indent + 2, start + "- ")
    else:
        # Not in the first column, where a line of text could be taken for the end of the document.
        lines.append(lead + leaf_text(value, indent or 2))


def _write_entry(lines: list[str], start: str, item: Any, indent: int) -> None:
    if item.__class__ is dict and item:
        lines.append(start)
        _write_block(lines, item, indent + 2, "")
    elif item.__class__ is list and item:
        lines.append(start)
        _write_block(lines, item, indent, "")
    else:
        lines.append(f"{start} {leaf_text(item, indent + 2)}")


def key_text(key: Any, pad: str = "") -> str:
    """Return a key of a block mapping with its colon; ``pad`` is the indentation of the mapping."""
    text = scalar_text(key)
    return f"{text}:" if len(text) < _LONG_KEY else f"? {text}\n{pad}:"


def leaf_text(value: Any, indent: int) -> str:
    """Return what follows ``key: `` for a scalar or an empty container; ``indent`` is for literal blocks."""
    if value.__class__ is str and "\n" in value and _is_literal(value):
        return _literal(value, indent)
    if value == {} and isinstance(value, dict):
        return "{}"
    if value == [] and isinstance(value, list):
        return "[]"
    return scalar_text(value)


def scalar_text(value: Any) -> str:
    """Return one scalar as block YAML: plain where that is safe, else in double quotes (valid JSON, too).

    Raises TypeError for what JSON cannot hold.
    """
    if value.__class__ is str:
        return value if _is_plain(value) else quote(value)
    return _word_or_number(value)


def _word_or_number(value: Any) -> str:
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int) and value.bit_length() <= _MAX_BITS:
        return int.__repr__(value)
    if isinstance(value, float) and math.isfinite(value):
        text = float.__repr__(value)
        return text if "." in text else text.replace("e", ".0e")
    raise TypeError(f"{type(value).__name__ if isinstance(value, int) else shown(value)} is not JSON data")


def quote(text: str) -> str:
    """Return ``text`` as a double-quoted scalar that JSON and YAML readers both read back exactly."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{escape_unprintable(text.translate(_SHORT_ESCAPES))}"'


def flow(value: Any) -> str:
    """Return JSON data as one line that JSON and YAML readers both read back exactly.

    Only with a key of more than a thousand characters it is YAML alone. Raises TypeError for what JSON
    cannot hold.
    """
    if value.__class__ is str:
        return quote(value)
    if not isinstance(value, (dict, list)):
        return _word_or_number(value)
    try:
        text = _ENCODE(value)
    except ValueError as error:
        raise TypeError(f"{error}: not JSON data") from error
    if len(text) >= _LONG_KEY or _SHORT_FLOAT.search(text):
        return _careful_flow(value)
    return escape_unprintable(text)


def _careful_flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join([f'{_flow_key(key)}: {_careful_flow(item)}' for key, item in value.items()])}}}"
    if isinstance(value, list):
        return f"[{', '.join([_careful_flow(item) for item in value])}]"
    return flow(value)


def _flow_key(key: str) -> str:
    text = quote(key)
    return text if len(text) < _LONG_KEY else f"? {text} "


def escape_unprintable(json_text: str) -> str:
    """Return JSON text with the characters that YAML cannot show escaped (line breaks are kept)."""
    if _is_simple(json_text):
        return json_text
    return re.sub(_UNPRINTABLE, lambda match: f"\\u{ord(match[0]):04x}", json_text)


def _is_plain(text: str) -> bool:
    if _PLAIN.fullmatch(text):
        return text not in _WORDS
    return bool(_QUANTITY.fullmatch(text))


def _is_literal(text: str) -> bool:
    first = text.lstrip("\n")[:1]
    return bool(first) and first not in " \t" and (_is_simple(text) or not re.search(_UNPRINTABLE, text))


def _is_simple(text: str) -> bool:
    """Say whether there is nothing but printable ASCII and line breaks."""
    lines = text.replace("\n", "")
    return lines.isascii() and lines.isprintable()


def _literal(text: str, indent: int) -> str:
    body = text.rstrip("\n")
    trailing = len(text) - len(body)
    chomping = "-" if trailing == 0 else "" if trailing == 1 else "+"
    pad = " " * indent
    lines = [pad + line if line else "" for line in body.split("\n")]
    return "\n".join([f"|{chomping}", *lines, *[""] * (trailing - 1)])
