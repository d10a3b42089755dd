"""Differences that are wanted, each with its reason; docs/testing.md tells them to users.

An entry is as narrow as its reason. After one, the rest of its sequence is not compared: the servers may hold
different objects by then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.differential.comparing import Difference


class Wanted(NamedTuple):
    """A difference that stays, and why."""

    reason: str
    covers: Callable[[Difference], bool]


def _is_panic(found: Difference) -> bool:
    return found.path == "status" and str(found.theirs).startswith("0")


def _is_quoted_document(found: Difference) -> bool:
    """Both messages quote the same object, keys in another order, and end alike."""
    theirs, ours = str(found.theirs), str(found.ours)
    if not found.path.endswith(".message") or not theirs.startswith('Invalid value: "{'):
        return False
    return sorted(theirs) == sorted(ours) and theirs.rpartition('}"')[2] == ours.rpartition('}"')[2]


def _is_yaml_fault(found: Difference) -> bool:
    return found.path == ".message" and all(
        str(said).startswith("error decoding YAML: ") for said in (found.theirs, found.ours)
    )


def _is_directive(found: Difference) -> bool:
    """The in-process server refuses a strategic merge patch in the words of gwdeployer's own merge."""
    return found.step.verb == "strategic" and "$" in str(found.ours) and found.path in {"status", ".message"}


def _is_first_scale_of_custom(found: Difference) -> bool:
    return (found.step.verb, found.step.subresource) == (
        "apply",
        "scale",
    ) and "request to convert CR to an invalid group/version: autoscaling/v1" in str(found.theirs)


WANTED: tuple[Wanted, ...] = (
    Wanted("kube-apiserver panics and closes the connection; the in-process server answers", _is_panic),
    Wanted("messages that quote an object have its keys in another order", _is_quoted_document),
    Wanted("what is wrong with a document that is no YAML is told in another parser's words", _is_yaml_fault),
    Wanted(
        "faulty directives of strategic merge patches are refused (400), in gwdeployer's words; "
        "kube-apiserver ignores some and answers 500 to others",
        _is_directive,
    ),
    Wanted(
        "kube-apiserver cannot apply to the scale of a custom resource whose replicas nobody owns (500)",
        _is_first_scale_of_custom,
    ),
)


def is_wanted(found: Difference) -> bool:
    """Return whether a difference is one of the table's."""
    return any(wanted.covers(found) for wanted in WANTED)
