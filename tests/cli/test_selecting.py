"""Label selectors as they are typed."""

from __future__ import annotations

import pytest

from gwdeployer.cli.selecting import parse_selector
from gwdeployer.objects import matches


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("team=shop", {"team": "shop"}, True),
        ("team==shop", {"team": "blog"}, False),
        ("team!=shop", {}, True),
        ("team!=shop", {"team": "shop"}, False),
        ("example.com/team=", {"example.com/team": ""}, True),
        ("team", {"team": "any"}, True),
        ("!team", {"team": "any"}, False),
        ("! team", {}, True),
        ("env in (a, b)", {"env": "b"}, True),
        ("env notin (a,b)", {"env": "b"}, False),
        ("team = shop , env in (a),!legacy", {"team": "shop", "env": "a"}, True),
        ("team=shop,env in (a),!legacy", {"team": "shop", "env": "a", "legacy": ""}, False),
    ],
)
def test_what_is_typed_selects_what_kubectl_would_select(
    text: str, labels: dict[str, str], selected: bool
) -> None:
    assert matches(parse_selector(text), labels) is selected


@pytest.mark.parametrize("text", ["", "=", "a b", "a=b c", "a in b", "a in (b", ",", "a=(b)", "a>1"])
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="selector"):
        parse_selector(text)
