"""Objects as the JSON that is sent."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec


def encoded(value: Any, *, ordered: bool = False) -> bytes:
    """Return a value as JSON in ASCII: what is applied is read as YAML, where some characters break lines.

    ``ordered`` sorts the names in maps. Raises TypeError for what JSON cannot say.
    """
    with suppress(TypeError, UnicodeEncodeError):  # classes of somebody's own, halves of surrogate pairs
        text = msgspec.json.encode(value, order="sorted" if ordered else None)
        if text.isascii() and b"null" not in text:  # which may have been NaN: no server shall miss that
            return text
    return json.dumps(value, sort_keys=ordered).encode()
