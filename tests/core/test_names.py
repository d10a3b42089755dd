"""Names that are legal everywhere, made from names that are legal somewhere."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwdeployer.objects import dns_label, label_value

DNS_1035 = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?\Z")
LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
#: Every name a Gateway may have: a DNS subdomain of up to 253 characters.
SUBDOMAIN = st.lists(LABEL, min_size=1, max_size=8).map(".".join).map(lambda name: name[:253].rstrip(".-"))


def kgateways_rule(name: str) -> str:
    """The name kgateway gives the objects of a Gateway, written anew from its definition."""
    import hashlib

    if len(name) <= 63:
        return name
    return f"{name[:50].removesuffix('-')}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


@settings(max_examples=300, deadline=None)
@given(SUBDOMAIN)
@example("a" * 253)
@example("1." * 126 + "1")
@example("a" * 49 + "-" + "b" * 20)
@example("a" * 48 + "--" + "b" * 20)
def test_every_gateway_name_gives_a_legal_label(name: str) -> None:
    assert DNS_1035.match(dns_label(name))
    assert LABEL_VALUE.match(label_value(name))
    assert len(label_value(name)) <= 63


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True))
def test_a_legal_name_is_unchanged(name: str) -> None:
    assert dns_label(name) == name
    assert label_value(name) == name


@settings(max_examples=300, deadline=None)
@given(st.lists(SUBDOMAIN, min_size=2, max_size=2, unique=True))
@example(["a.b", "a-b"])
@example(["a" * 64, "a" * 65])
@example(["1", "x-1"])
@example(["a-.b", "a.-b"])
def test_distinct_names_stay_distinct(pair: list[str]) -> None:
    first, second = pair
    assert dns_label(first) != dns_label(second)
    assert label_value(first) != label_value(second)


@given(st.from_regex(r"[a-z][a-z0-9-]{62,251}[a-z0-9]", fullmatch=True))
def test_a_name_that_is_only_too_long_is_shortened_as_kgateway_does(name: str) -> None:
    assert dns_label(name) == kgateways_rule(name)


def test_kgateways_own_example() -> None:
    name = (
        "extremely-long-gateway-name-that-exceeds-the-sixty-three-cha"
        "racter-limit-imposed-by-kubernetes-dns-naming-requirements"
    )
    assert dns_label(name) == "extremely-long-gateway-name-that-exceeds-the-sixty-ff41b39ff097"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=80))
@example("")
@example("\ud800")
@example("İ")
@example("-" * 70)
@example("." * 70)
def test_any_text_at_all_gives_a_legal_name(text: str) -> None:
    assert DNS_1035.match(dns_label(text))
    assert LABEL_VALUE.match(label_value(text))
    assert len(label_value(text)) <= 63


@pytest.mark.parametrize(
    ("text", "value"),
    [("", ""), ("1.2.3+build", "1.2.3_build"), ("A.b_c-D", "A.b_c-D"), ("v" * 63, "v" * 63)],
)
def test_label_values_that_are_legal_or_nearly_so(text: str, value: str) -> None:
    assert label_value(text) == value
