"""The text under a key of a ConfigMap or Secret, which may be anything that somebody wrote. Never shown."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from gwdeployer.objects import Object


def text_of(obj: Object, key: str) -> str:
    """Return the text that a ConfigMap or Secret holds under ``key``; empty where it holds none."""
    if obj.get("kind") == "Secret":
        # stringData is what a file may have; an API server stores it as data.
        return _entry(obj, "stringData", key) or _decoded(_entry(obj, "data", key))
    return _entry(obj, "data", key)


def _entry(obj: Object, part: str, key: str) -> str:
    entries = obj.get(part)
    return str(entries.get(key) or "") if isinstance(entries, Mapping) else ""


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
