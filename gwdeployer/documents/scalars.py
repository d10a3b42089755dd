"""What a scalar means: the rules of go-yaml v2, by which kubectl and Helm read YAML.

Source: ``resolve.go`` of go-yaml v2, and the conversion to JSON of ``sigs.k8s.io/yaml``.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

from gwdeployer.errors import one_line

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
FALSE = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))

_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))")
# Digits of the largest number that JSON readers take (a 64-bit float); more would only cost time.
_MAX_DIGITS = 308
# Go marshals a float below this without an exponent, so that JSON readers see an integer.
_GO_EXPONENT = 1e21
_TAG = "tag:yaml.org,2002:"
_TAGGED: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def resolve_tagged(text: str, tag: str | None, *, plain: bool) -> Any:
    """Return what a scalar means, obeying YAML's own tags; other tags are ignored, as Go ignores them.

    Raises ValueError, in words for the user, where a tag contradicts the text or JSON has no such value.
    """
    if tag is None or not tag.startswith(_TAG):
        return resolve(text) if plain else text
    name = tag.removeprefix(_TAG)
    if name == "binary":
        return _decoded(text)
    if name not in _TAGGED:
        return text
    value = resolve(text)
    if not isinstance(value, _TAGGED[name]) or isinstance(value, bool) is not (name == "bool"):
        raise ValueError(f"!!{name} does not fit {one_line(repr(text), 80)}")
    return value


def resolve(text: str) -> Any:
    """Return what the plain scalar ``text`` means to kubectl and Helm.

    Integral floats become ints (``1e3`` is 1000), as they do on the way through JSON in Go.
    Raises ValueError for infinities, NaN and numbers beyond them, which JSON does not have.
    """
    if text in NULLS:
        return None
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    if _INFINITE.fullmatch(text):
        raise _beyond_json(text)
    number = text.replace("_", "")
    if match := _INT.fullmatch(number):
        return _integer(match)
    return _float(number, text)


def _integer(match: re.Match[str]) -> int:
    sign, *groups = match.groups()
    digits, base = next((text, base) for text, base in zip(groups, (16, 8, 2, 10), strict=True) if text)
    if len(digits) > _MAX_DIGITS:
        raise _beyond_json(match.string)
    return int(sign + digits, base)


def _float(number: str, text: str) -> float | int | str:
    if not _FLOAT.fullmatch(number):
        return text
    value = float(number)
    if math.isinf(value):
        raise _beyond_json(text)
    return int(value) if value.is_integer() and abs(value) < _GO_EXPONENT else value


def _beyond_json(text: str) -> ValueError:
    return ValueError(f"{one_line(text, 40)} is not a number JSON can hold (quote it if it is text)")


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("!!binary does not hold text in base64") from error
