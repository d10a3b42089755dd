"""Quantities (``100m``, ``1.5Gi``) in the one form that an API server stores.

The rules of ``k8s.io/apimachinery/pkg/api/resource``: the suffix' family is kept, the number becomes the
smallest integer with the largest suffix, precision beyond nano is rounded up, and a binary quantity that is
no integer, or below 1024, becomes a decimal one.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any, Literal

Family = Literal["binary", "decimal", "exponent"]

_FORM = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?([eE][+-]?\d{1,4}|[KMGTPE]i|[numkMGTPE]|)")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
_POWERS = {suffix: power for power, suffix in _DECIMAL.items()}
_LARGEST = 2**63 - 1
_NANO = -9
#: How long a number may be to be kept as it is written; a binary suffix counts as three digits.
_DIGITS = 18
_BINARY_DIGITS = 14

NOT_A_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def canonical_quantity(value: Any) -> str:
    """Return a quantity (a string or a number) in canonical form; ``ValueError`` if it is none."""
    number, family = _parsed(value)
    return str(value) if _is_kept(str(value)) else _printed(number, family)


def amount(value: Any) -> Fraction:
    """Return what a quantity stands for; ``ValueError`` if it is none."""
    return _parsed(value)[0]


def is_same_amount(one: Any, other: Any) -> bool:
    """Return whether two values are quantities of one amount, however they are written."""
    try:
        return amount(one) == amount(other)
    except ValueError:
        return False


def _parsed(value: Any) -> tuple[Fraction, Family]:
    is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    match = _FORM.fullmatch(str(value)) if is_text else None
    if not match or not (match[2] or match[3]):
        raise ValueError(NOT_A_QUANTITY)
    number, family = _scaled(Fraction(f"{match[2] or 0}.{match[3] or 0}"), match[4])
    nano = math.ceil(number * 10**9)
    limited = Fraction(nano, 10**9)
    if family == "binary":
        limited = min(limited, Fraction(_LARGEST))
    return -limited if match[1] == "-" else limited, family


def _is_kept(text: str) -> bool:
    """Tell the numbers that the server keeps as written: it thinks them canonical, which few are not."""
    match = _FORM.fullmatch(text)
    if match is None:
        return False
    whole, decimals, suffix = match[2].lstrip("0") or "0", match[3] or "", match[4]
    if suffix.endswith("i"):
        power = _BINARY.index(suffix)
        return match[3] is None and int(whole) % 8 != 0 and len(whole) + 3 * power <= _BINARY_DIGITS
    scale = _exponent(suffix) - len(decimals)
    digits = whole + decimals
    fits = len(digits) <= _DIGITS and scale >= _NANO
    return fits and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _exponent(suffix: str) -> int:
    return int(suffix[1:]) if len(suffix) > 1 else _POWERS[suffix]


def _scaled(number: Fraction, suffix: str) -> tuple[Fraction, Family]:
    if suffix.endswith("i"):
        return number * 1024 ** _BINARY.index(suffix), "binary"
    return number * Fraction(10) ** _exponent(suffix), "exponent" if len(suffix) > 1 else "decimal"


def _printed(number: Fraction, family: Family) -> str:
    if number == 0:
        return "0"
    if family == "binary" and number.denominator == 1 and abs(number) >= 1024:  # noqa: PLR2004 - one Ki
        return _binary(int(number))
    power = -9
    mantissa = int(number * 10**9)
    while mantissa % 1000 == 0 and (power < 18 or family == "exponent"):  # noqa: PLR2004 - "E"
        mantissa, power = mantissa // 1000, power + 3
    if family == "exponent":
        return f"{mantissa}e{power}" if power else str(mantissa)
    return f"{mantissa}{_DECIMAL[power]}"


def _binary(number: int) -> str:
    power = 0
    while number % 1024 == 0 and power < len(_BINARY) - 1:
        number, power = number // 1024, power + 1
    return f"{number}{_BINARY[power]}"
