"""The conditions of one status: those we state, and those of others, which stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.objects import Object, mapping_of, metadata_of
from gwdeployer.status import Condition, with_conditions

ACCEPTED = "Accepted"
PROGRAMMED = "Programmed"
RESOLVED_REFS = "ResolvedRefs"

#: The API's bound on a status's conditions.
_MOST = 8


class Reason(NamedTuple):
    """Why something is as it is: a word of the API, and words for people."""

    reason: str
    message: str


def merged(
    before: Iterable[Mapping[str, Any]],
    stated: Sequence[Condition],
    obj: Object,
    now: str,
    *,
    when_true: Iterable[str] = (),
) -> list[Condition]:
    """Return the conditions of ``obj``: ``before`` with the stated ones, at most as many as the API takes.

    ``when_true`` are types of ours that are there only while they hold: not stated, they are removed.
    """
    gone = {type_ for type_ in when_true if all(one["type"] != type_ for one in stated)}
    kept = [one for one in before if one.get("type") not in gone]
    return with_conditions(kept, stated, metadata_of(obj).get("generation") or 0, now)[:_MOST]


def status_before(obj: Object) -> Mapping[str, Any]:
    """Return an object's status; empty where it has none."""
    status = obj.get("status")
    return mapping_of(status)


def conditions_before(status: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the conditions of a status, or of a listener's."""
    return status.get("conditions") or ()


def with_stated(before: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return a status with the parts that we state, without empty ones (or None); others' parts stay."""
    kept = {name: value for name, value in before.items() if name not in stated}
    return {**kept, **{name: value for name, value in stated.items() if value is not None and value != []}}
