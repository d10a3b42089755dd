"""One amount has many spellings."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gwdeployer.objects.quantities import amount, is_same_amount


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1", 1),
        (1, 1),
        (0.1, Fraction(1, 10)),
        ("100m", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("1.", 1),
        ("-2k", -2000),
        ("+1M", 10**6),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("1e3", 1000),
        ("1E3", 1000),
        ("12e-1", Fraction(6, 5)),
        ("1n", Fraction(1, 10**9)),
        ("0.1n", Fraction(1, 10**9)),
        ("-0.1n", Fraction(-1, 10**9)),
        ("0", 0),
    ],
)
def test_a_quantity_is_an_amount(quantity: object, expected: Fraction | int) -> None:
    assert amount(quantity) == expected


@pytest.mark.parametrize(
    "text", ["", "m", "1 Gi", "1gi", "1Kii", "0x1", "1e", "a1", True, None, [], "1e99999"]
)
def test_anything_else_is_none(text: object) -> None:
    with pytest.raises(ValueError, match="quantities must match"):
        amount(text)
    assert not is_same_amount(text, text)


def test_the_same_amount_may_be_written_in_several_ways() -> None:
    assert is_same_amount("1", "1000m")
    assert is_same_amount("128Mi", 134217728)
    assert not is_same_amount("1", "1001m")
