"""An object is as planned exactly when the server has made it so; the in-process server's rules decide."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from gwdeployer.cluster.agreement import agrees
from gwdeployer.cluster.drift import _DEFAULTED_IN_ATOMS, differences
from gwdeployer.cluster.field_sets import applied_by, fields_of, owns
from gwdeployer.cluster.sending import as_sent, is_stored
from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.fields import FieldsError
from gwdeployer.testing.apiserver.kinds import BadRequest
from tests.cluster_unit.server_model import applied, changed_at, leaves, objects, updated, without

OURS, THEIRS = "example.com/sites", "somebody"
KINDS = [
    KindRef("", "v1", "ConfigMap"),
    KindRef("", "v1", "Secret"),
    KindRef("", "v1", "Service"),
    KindRef("", "v1", "ServiceAccount"),
    KindRef("apps", "v1", "Deployment"),
    KindRef("apps", "v1", "DaemonSet"),
    KindRef("autoscaling", "v2", "HorizontalPodAutoscaler"),
    KindRef("networking.k8s.io", "v1", "NetworkPolicy"),
    KindRef("policy", "v1", "PodDisruptionBudget"),
    KindRef("rbac.authorization.k8s.io", "v1", "Role"),
    KindRef("rbac.authorization.k8s.io", "v1", "RoleBinding"),
]
drawn = st.data()
slow = settings(
    phases=[Phase.generate], max_examples=15, deadline=None, suppress_health_check=list(HealthCheck)
)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])


def draw_sent(data: st.DataObject, kind: KindRef) -> Object:
    return as_sent(data.draw(objects(kind)))


def stored(live: Object | None, sent: Object, manager: str = OURS) -> Object:
    try:
        return applied(live, sent, manager)
    except (FieldsError, BadRequest) as error:
        assume(False)
        raise AssertionError from error


def found(live: Object, sent: Object) -> list[str]:
    """Return what differs; a quick look never sees agreement where there is none."""
    differing = [str(difference) for difference in differences(live, sent, OURS)]
    assert not (differing and agrees(live, sent, OURS))
    return differing


@each_kind
@slow
@given(drawn)
def test_what_was_applied_is_as_planned(kind: KindRef, data: st.DataObject) -> None:
    sent = draw_sent(data, kind)
    assert found(stored(None, sent), sent) == []


@each_kind
@slow
@given(drawn)
def test_a_new_plan_that_was_applied_over_an_old_one_is_as_planned(
    kind: KindRef, data: st.DataObject
) -> None:
    first, second = draw_sent(data, kind), draw_sent(data, kind)
    live = stored(stored(None, first), second)
    assert found(live, second) == []


@each_kind
@slow
@given(drawn)
def test_an_apply_that_is_stored_as_it_was_sent_has_left_nothing_to_be_done(
    kind: KindRef, data: st.DataObject
) -> None:
    before, theirs, sent = draw_sent(data, kind), draw_sent(data, kind), draw_sent(data, kind)
    live = stored(stored(stored(None, before), theirs, THEIRS), sent)
    assert not (is_stored(live, sent) and differences(live, sent, OURS))


@each_kind
@slow
@given(drawn)
def test_a_field_that_the_plan_gives_up_is_a_difference(kind: KindRef, data: st.DataObject) -> None:
    sent = draw_sent(data, kind)
    live = stored(None, sent)
    ours = fields_of(applied_by(live, OURS))
    paths = [path for path in leaves(sent) if all(isinstance(step, str) for step in path)]
    owned = [path for path in paths if owns(ours, path)]
    assume(owned)
    path = data.draw(st.sampled_from(owned))
    assert found(live, as_sent(without(sent, path))) != []


@each_kind
@slow
@given(drawn)
def test_a_leaf_that_the_plan_gives_up_is_a_difference_or_was_a_default(
    kind: KindRef, data: st.DataObject
) -> None:
    sent = draw_sent(data, kind)
    live = stored(None, sent)
    fewer = as_sent(without(sent, data.draw(st.sampled_from(_contents(sent)))))
    if not found(live, fewer):
        after = stored(live, fewer)
        assert found(after, fewer) == []
        assert _content(after) == _content(live) or _may_be_default(live, after)


@each_kind
@slow
@given(drawn)
def test_a_leaf_that_the_plan_changes_is_a_difference(kind: KindRef, data: st.DataObject) -> None:
    sent = draw_sent(data, kind)
    live = stored(None, sent)
    other = as_sent(changed_at(sent, data.draw(st.sampled_from(_contents(sent)))))
    assert found(live, other) != [] or _content(stored(live, other)) == _content(live)


@each_kind
@slow
@given(drawn)
def test_a_leaf_that_somebody_else_changes_by_force_is_a_difference(
    kind: KindRef, data: st.DataObject
) -> None:
    sent = draw_sent(data, kind)
    live = stored(None, sent)
    theirs = as_sent(changed_at(sent, data.draw(st.sampled_from(_contents(sent)))))
    taken = stored(live, theirs, THEIRS)
    back = stored(taken, sent)
    assert found(taken, sent) != [] or _content(taken) == _content(back)
    assert found(back, sent) == []


@each_kind
@slow
@given(drawn)
def test_foreign_labels_and_annotations_are_none(kind: KindRef, data: st.DataObject) -> None:
    sent = draw_sent(data, kind)
    live = stored(None, sent)
    theirs = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": "web", "namespace": "shop", "labels": {"z": "z"}, "annotations": {"z": "z"}},
    }
    assert found(stored(live, theirs, THEIRS), sent) == []
    edited = copy.deepcopy(live)
    edited["metadata"].setdefault("labels", {})["z"] = "z"
    assert found(updated(live, edited, THEIRS), sent) == []


def _contents(sent: Object) -> list[tuple[Any, ...]]:
    """Return the paths of all that can be changed without making it another object."""
    paths = [path for path in leaves(sent) if path[0] not in ("apiVersion", "kind", "metadata")]
    assume(paths)
    return paths


def _may_be_default(live: Any, after: Any) -> bool:
    """Return whether all that an apply would still change are fields that the API gives defaults."""
    if isinstance(live, dict) and isinstance(after, dict):
        names = [name for name in {*live, *after} - {"metadata"} if live.get(name) != after.get(name)]
        return all(name in _DEFAULTED or _may_be_default(live.get(name), after.get(name)) for name in names)
    if isinstance(live, list) and isinstance(after, list):
        return len(live) == len(after) and all(map(_may_be_default, live, after))
    return bool(live == after)


_DEFAULTED = {name for names in _DEFAULTED_IN_ATOMS.values() for name in names}


def _content(obj: Object) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "managedFields": []}}
