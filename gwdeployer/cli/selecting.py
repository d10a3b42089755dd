"""Label selectors as kubectl takes them (``team=shop,env in (a,b),!legacy``), as the API has them. Pure."""

from __future__ import annotations

import re
from typing import Any

from gwdeployer.errors import shown

_KEY = r"(?P<key>[A-Za-z0-9][\w./-]*)"
_VALUE = r"[\w.-]*"
_REQUIREMENT = re.compile(
    rf"\s*(?:!\s*(?P<absent>[A-Za-z0-9][\w./-]*)"
    rf"|{_KEY}\s*(?:(?P<equals>==?|!=)\s*(?P<value>{_VALUE})"
    rf"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|$)"
)
_OPERATORS = {"=": "In", "==": "In", "!=": "NotIn", "in": "In", "notin": "NotIn"}


def parse_selector(text: str) -> dict[str, Any]:
    """Return the LabelSelector that a text means. Raises ValueError where it means none."""
    expressions: list[dict[str, Any]] = []
    place = 0
    while place < len(text):
        match = _REQUIREMENT.match(text, place)
        if match is None:
            raise ValueError(f"{shown(text[place:])} is no label selector; write team=shop or env in (a,b)")
        expressions.append(_expression(match))
        place = match.end()
    if not expressions:
        raise ValueError("an empty selector selects nothing in particular; write team=shop")
    return {"matchExpressions": expressions}


def _expression(match: re.Match[str]) -> dict[str, Any]:
    if match["absent"]:
        return {"key": match["absent"], "operator": "DoesNotExist"}
    if match["equals"]:
        values = [match["value"]]
    elif match["set"]:
        values = [value.strip() for value in match["values"].split(",")]
    else:
        return {"key": match["key"], "operator": "Exists"}
    return {"key": match["key"], "operator": _OPERATORS[match["equals"] or match["set"]], "values": values}
