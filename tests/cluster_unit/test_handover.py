"""Steps before an apply that would lose something, or be refused for ever."""

from __future__ import annotations

from typing import Any

from gwdeployer.cluster.handover import heir, replicas_given_up, with_default_owned
from gwdeployer.errors import Cause
from gwdeployer.objects import Object
from tests.cluster_unit.fake import DEPLOYMENT, OURS, thing


def live(fields: Object, **spec: Any) -> Object:
    obj = thing(DEPLOYMENT, spec=spec)
    entry = {"manager": OURS, "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": fields}
    obj["metadata"] |= {"uid": "u", "resourceVersion": "7", "managedFields": [entry]}
    return obj


REPLICAS = {"f:spec": {"f:replicas": {}}}


def test_replicas_that_we_give_up_are_kept_by_an_heir() -> None:
    kept = replicas_given_up(live(REPLICAS, replicas=4), thing(DEPLOYMENT, spec={}), OURS)
    assert kept == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7"},
        "spec": {"replicas": 4},
    }
    assert replicas_given_up(live(REPLICAS, replicas=0), thing(DEPLOYMENT), OURS) is not None


def test_replicas_that_we_keep_or_never_had_are_not() -> None:
    assert (
        replicas_given_up(live(REPLICAS, replicas=4), thing(DEPLOYMENT, spec={"replicas": 2}), OURS) is None
    )
    assert replicas_given_up(live({"f:spec": {}}, replicas=4), thing(DEPLOYMENT, spec={}), OURS) is None
    assert replicas_given_up(thing(DEPLOYMENT), thing(DEPLOYMENT, spec={}), OURS) is None


def test_the_heirs_name_is_one_the_api_takes() -> None:
    assert heir(OURS) == f"{OURS}-handover"
    assert len(heir("m" * 128)) == 128


RECREATE = thing(DEPLOYMENT, spec={"strategy": {"type": "Recreate"}})
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}
CAUSE = Cause("spec.strategy.rollingUpdate", "FieldValueForbidden", "may not be specified")


def test_a_default_in_the_way_is_applied_as_ours_first() -> None:
    first = with_default_owned(live({}, strategy=ROLLING), RECREATE, [CAUSE])
    assert first is not None
    assert first["spec"] == {"strategy": ROLLING}
    assert RECREATE["spec"] == {"strategy": {"type": "Recreate"}}


def test_a_field_that_the_plan_has_or_the_object_lacks_is_another_fault() -> None:
    assert with_default_owned(live({}), RECREATE, [CAUSE]) is None
    planned = thing(DEPLOYMENT, spec={"strategy": ROLLING})
    assert with_default_owned(live({}, strategy=ROLLING), planned, [CAUSE]) is None
    assert (
        with_default_owned(live({}, strategy=ROLLING), RECREATE, [Cause("spec", "", ""), Cause("", "", "")])
        is None
    )
    assert with_default_owned(live({}, strategy=ROLLING), RECREATE, []) is None
