"""The tree of errors: data on fields, one line a fault, and nothing lost on the way to another process."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from gwdeployer import errors
from gwdeployer.errors import (
    ApiError,
    Cause,
    Fault,
    GwdeployerError,
    NotSynced,
    ParametersError,
    RetryableError,
    TerminalError,
)

CLASSES = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, Exception) and cls.__module__ == errors.__name__
]
PUBLIC = [cls for cls in CLASSES if not cls.__name__.startswith("_")]
FAULT = Fault("wrong", "spec.a", "Gateway shop/web", "GatewayClass c", "write b")


def test_the_tree_is_complete() -> None:
    assert len(PUBLIC) == 26
    roots = {GwdeployerError, ApiError}
    assert all(issubclass(cls, TerminalError) ^ issubclass(cls, RetryableError) for cls in {*CLASSES} - roots)
    lines = (errors.__doc__ or "").splitlines()
    drawn = {words[0]: words for words in (re.findall(r"[A-Z]\w*", line) for line in lines) if words}
    assert [cls.__name__ for cls in PUBLIC if cls.__name__ not in drawn] == []


def test_what_an_api_server_answered_is_marked_so_in_the_drawing() -> None:
    marked = set(re.findall(r"(\w+) +\(A\)", errors.__doc__ or ""))
    assert marked == {cls.__name__ for cls in PUBLIC if issubclass(cls, ApiError)}


def test_bases_that_only_bind_others_together_are_private() -> None:
    (private,) = {*CLASSES} - {*PUBLIC}
    assert issubclass(private, ApiError)
    assert issubclass(private, RetryableError)


def pickled(error: GwdeployerError) -> object:
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, pickled],
    ids=["copy", "deep", "pickle"],
)
def test_every_error_survives_copy_and_pickle(cls: type[GwdeployerError], again: object) -> None:
    error = cls([FAULT, Fault("too")], owner="Gateway shop/web")
    if isinstance(error, RetryableError):
        error.delay = 7.5
    if isinstance(error, ApiError):
        error.status = 422
        error.causes = (Cause("spec.a", "FieldValueInvalid", "no"),)
    error.add_note("noted")
    other = again(error)  # type: ignore[operator]
    assert type(other) is cls
    assert other.__dict__ == error.__dict__
    assert (other.faults, other.owner, str(other)) == (error.faults, error.owner, str(error))
    assert repr(other) == repr(error)
    if isinstance(error, ApiError):
        assert (other.status, other.causes) == (422, error.causes)


@pytest.mark.parametrize("cls", [cls for cls in PUBLIC if issubclass(cls, ApiError)])
def test_no_answer_is_status_zero_without_causes(cls: type[ApiError]) -> None:
    assert (cls("no answer").status, cls("no answer").causes) == (0, ())


def test_a_fault_is_one_line_of_all_it_knows() -> None:
    assert str(FAULT) == "Gateway shop/web spec.a: wrong (from GatewayClass c); write b"
    assert str(Fault("wrong")) == "wrong"
    assert str(Fault("wrong", "spec.a")) == "spec.a: wrong"
    assert str(Fault("wrong", subject="f.yaml:3", layer="f.yaml:3", hint="b")) == "f.yaml:3: wrong; b"
    assert "\n" not in str(Fault("a\nb", "c\nd", "e\nf", "g\nh", "i\nj"))


def test_an_error_takes_text_a_fault_or_faults() -> None:
    assert ParametersError("wrong").faults == (Fault("wrong"),)
    assert ParametersError(FAULT).faults == (FAULT,)
    assert ParametersError(iter([FAULT, FAULT])).faults == (FAULT, FAULT)
    assert str(ParametersError([FAULT, Fault("too")])).count("\n") == 1


def test_what_the_raiser_did_not_know_is_filled_in_and_nothing_overwritten() -> None:
    error = ParametersError([FAULT, Fault("too")])
    assert error.about(owner="O", subject="S", layer="L") is error
    assert error.about(owner="another").owner == "O"
    assert error.faults == (FAULT, Fault("too", "", "S", "L"))


def test_retryable_errors_say_when() -> None:
    assert NotSynced("wait").delay == 1.0
    assert NotSynced("wait", delay=3).delay == 3


def test_foreign_text_is_cut_and_marked() -> None:
    assert errors.shown("a\nb") == "'a\\nb'"
    cut = errors.shown("x" * 1000)
    assert cut.startswith("'" + "x" * 255 + "…")
    assert cut.endswith("(1002 characters)")
    assert errors.shown(10**5000) == "an enormous number"


@pytest.mark.parametrize("control", ["\x1b[31m", "\r", "\x00", "\x85", "\u2028", "\u202e", "\ud800"])
def test_no_control_character_reaches_a_terminal(control: str) -> None:
    assert control not in str(Fault(f"a{control}b", subject=control))


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("replicaz", ["replicas", "strategy"], "did you mean 'replicas'?"),
        ("zzz", ["b", "a"], "known here: a, b"),
        ("zzz", [f"n{i}" for i in range(13)], ""),
        ("zzz", [], ""),
    ],
)
def test_the_nearest_known_name_is_a_hint(name: str, known: list[str], hint: str) -> None:
    assert errors.nearest(name, known) == hint
