"""The kinds give the answers of a real API server (``answers.py`` asked one)."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict
from typing import Any

import pytest

from gwdeployer.testing.apiserver.kinds import BadRequest, Cause, Invalid
from gwdeployer.testing.apiserver.kinds.custom import CustomKind
from gwdeployer.testing.apiserver.printing import COLUMNS
from gwdeployer.testing.apiserver.tables import table
from tests.testing.kinds.answers import HERE, TIME, UID, cases, comparable, kinds, listed, merged, printed

Json = dict[str, Any]


def answers(name: str) -> Any:
    return json.loads((HERE / "answers" / f"{name}.json").read_text())


def identity(obj: Json) -> str:
    return f"{obj['kind']}/{obj['metadata']['name']}"


def created(obj: Json) -> Json:
    """Run an object through what a server does with a new one."""
    kind = kinds()[obj["apiVersion"], obj["kind"]]
    decoded, _ = kind.decode(obj)
    namespace = {"namespace": "default"} if kind.resource.namespaced else {}
    decoded["metadata"] |= {"uid": UID, "creationTimestamp": TIME, **namespace}
    if not decoded["metadata"].get("name") and decoded["metadata"].get("generateName"):
        decoded["metadata"]["name"] = decoded["metadata"]["generateName"] + "abcde"
    prepared = kind.stored(kind.prepare_create(kind.default(decoded)))
    if causes := kind.validate(prepared):
        raise Invalid(causes)
    return kind.stored(prepared)


def is_printed(obj: Json) -> bool:
    """Tell the kinds whose columns are known: custom ones, and those of ``printing``."""
    kind = kinds()[obj["apiVersion"], obj["kind"]]
    return isinstance(kind, CustomKind) or kind.resource.kind.group_kind in COLUMNS


def said_of(causes: list[Cause]) -> Json:
    return {"causes": listed([asdict(cause) for cause in causes])}


@pytest.mark.parametrize("given", cases("created"), ids=identity)
def test_a_new_object_is_completed_as_a_real_server_completes_it(given: Json) -> None:
    before = copy.deepcopy(given)
    assert comparable(created(given), given) == answers("created")[identity(given)]
    assert given == before


@pytest.mark.parametrize("given", [obj for obj in cases("created") if is_printed(obj)], ids=identity)
def test_an_object_is_printed_as_a_real_server_prints_it(given: Json) -> None:
    kind = kinds()[given["apiVersion"], given["kind"]]
    result = printed(table(kind, [answers("created")[identity(given)]]))
    assert result == answers("tables")[identity(given)]


@pytest.mark.parametrize("given", cases("refused"), ids=identity)
def test_a_wrong_object_is_refused_in_the_words_of_a_real_server(given: Json) -> None:
    try:
        created(given)
        said: Json = {}
    except Invalid as error:
        said = said_of(error.causes)
    except BadRequest as error:
        said = {"message": str(error)}
    assert said == answers("refused")[identity(given)]


@pytest.mark.parametrize(
    ("case", "answer"),
    list(zip(cases("updated"), answers("updated"), strict=True)),
    ids=range(len(cases("updated"))),
)
def test_an_object_is_replaced_as_a_real_server_replaces_it(case: Json, answer: Json) -> None:
    first = case["first"]
    kind = kinds()[first["apiVersion"], first["kind"]]
    live = created(first)
    subresource = case.get("subresource", "")
    try:
        decoded, _ = kind.decode(merged(live, case["second"]))
        new = kind.stored(kind.prepare_update(kind.default(decoded), live, subresource))
        causes = kind.validate(new, live, subresource)
        said = said_of(causes) if causes else comparable(kind.stored(new), merged(first, case["second"]))
    except Invalid as error:
        said = said_of(error.causes)
    except BadRequest as error:
        said = {"message": str(error)}
    assert said == answer
