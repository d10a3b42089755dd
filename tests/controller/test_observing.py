"""What is told of a pass."""

from __future__ import annotations

from gwdeployer.cluster import Action, DeployResult, Outcome, ReconcileResult
from gwdeployer.controller.observing import Handled
from gwdeployer.objects import KindRef, ObjectRef
from gwdeployer.plan import Plan

KEY = ObjectRef(KindRef("example.com", "v1", "Site"), "shop", "web")


def test_what_objects_hold_is_not_shown() -> None:
    obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "data": {"key": "cGFzc3dvcmQ="}}
    deployed = DeployResult(KEY, (Outcome(ObjectRef.of(obj), Action.CREATED, live=obj),))
    handled = Handled(KEY, "site", obj, ReconcileResult(KEY, Plan(KEY, (obj,)), deployed))
    assert "web" in repr(handled)
    assert "cGFzc3dvcmQ=" not in repr(handled)
