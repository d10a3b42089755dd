"""Quantities (``500m``, ``1Gi``): several ways to write one amount, and the one that the API stores."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
    r"(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,4})?"
)
_BINARY = {suffix: 1024**power for power, suffix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_DECIMAL = {
    suffix: Fraction(10) ** (3 * power)
    for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), start=-3)
}
_NANO = Fraction(1, 10**9)


def amount(quantity: object) -> Fraction | None:
    """Return how much a quantity is; None where it is not one.

    As the API understands it: rounded away from zero to whole ``1n``.
    """
    found = _QUANTITY.fullmatch(str(quantity)) if not isinstance(quantity, bool) else None
    if found is None:
        return None
    suffix = found["suffix"] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix[1] != "i":
        return _stored(Fraction(found["number"]) * Fraction(10) ** int(suffix[1:]))
    return _stored(Fraction(found["number"]) * (_BINARY[suffix] if suffix in _BINARY else _DECIMAL[suffix]))


def _stored(exact: Fraction) -> Fraction:
    size = ceil(abs(exact) / _NANO) * _NANO
    return size if exact >= 0 else -size
