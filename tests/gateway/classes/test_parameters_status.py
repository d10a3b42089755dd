"""What the status of a parameters object says: can it be used (P2), and who uses it; where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import KindRef, MemoryStore, NotSynced, Object, ObjectRef
from gwdeployer.cluster import ClusterStore, KubernetesCluster
from gwdeployer.cluster.status_writing import write_status
from gwdeployer.crd import crd_of
from gwdeployer.parameters.reporting import MAX_USERS
from gwdeployer.plugins import configure
from gwdeployer.status import Reporter
from gwdeployer.store import RecordingStore, unchanged
from gwdeployer.testing import APIServer
from gwdeployer_gateway import AGENTGATEWAY_PARAMETERS, GATEWAY_PARAMETERS, GatewayPlugin
from gwdeployer_gateway.classes.definitions import DEFINITION
from tests.gateway.classes.test_handover import CRDS
from tests.gateway.scenarios import gateway, gateway_class, parameters, ref

NOW = "2026-03-01T00:00:00Z"
OURS = {definition.kind: crd_of(definition, descriptions=False) for definition in GatewayPlugin.crds()}
ROOM = OURS[GATEWAY_PARAMETERS]


def without_room(crd: Object) -> Object:
    """Return a definition as kgateway publishes it: its status has no field."""
    spec = crd["spec"]
    [version] = spec["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    properties = {**schema["properties"], "status": {"type": "object"}}
    bare = {**version, "schema": {"openAPIV3Schema": {**schema, "properties": properties}}}
    return {**crd, "spec": {**spec, "versions": [bare]}}


def reporter(kind: KindRef = GATEWAY_PARAMETERS) -> Reporter:
    [plugin] = configure([GatewayPlugin])
    [found] = [one for one in plugin.reporters() if one.kind == kind]
    return found


def reported(obj: Object, *others: Object, crd: Object = ROOM) -> Any:
    return reporter(KindRef.of_object(obj)).status(obj, MemoryStore([obj, crd, *others]), NOW)


def using(name: str, namespace: str = "shop", parameters: str = "web", **more: str) -> Object:
    reference = ref(parameters, **more)
    return gateway(name, namespace=namespace, infrastructure={"parametersRef": reference})


def accepted(status: Mapping[str, Any]) -> Mapping[str, Any]:
    [found] = status["conditions"]
    assert isinstance(found, Mapping)
    return found


def test_p2_sound_parameters_are_accepted() -> None:
    obj = parameters({"kube": {}})
    obj["metadata"]["generation"] = 2
    assert accepted(reported(obj)) == {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "can be used",
        "observedGeneration": 2,
        "lastTransitionTime": NOW,
    }


def test_p2_all_faults_of_an_object_are_on_it() -> None:
    found = accepted(reported(parameters({"kube": {"replicas": 1, "stats": {"enabled": "yes"}}})))
    assert (found["status"], found["reason"]) == ("False", "InvalidParameters")
    assert "spec.kube.replicas: unknown field" in found["message"]
    assert "spec.kube.stats.enabled: must be a boolean" in found["message"]


def test_an_object_that_nobody_uses_says_so() -> None:
    assert reported(parameters({"kube": {}}))["usedBy"] == []


def test_classes_and_gateways_that_refer_to_it_are_named_classes_first() -> None:
    of_class = gateway_class("front", controller="example.com/any")
    of_class["spec"]["parametersRef"] = ref("web", namespace="shop")
    status = reported(parameters({"kube": {}}), using("b"), using("a"), of_class)
    assert status["usedBy"] == ["GatewayClass front", "Gateway shop/a", "Gateway shop/b"]


NO_USERS: dict[str, Object] = {
    "another name": using("a", parameters="other"),
    "another namespace": using("a", namespace="other"),
    "another kind": using("a", kind="ConfigMap"),
    "another group": using("a", group="example.com"),
    "no reference": gateway("a"),
    "a class without a namespace": {**gateway_class(), "spec": {"parametersRef": ref()}},
}


@pytest.mark.parametrize("other", NO_USERS.values(), ids=NO_USERS)
def test_nobody_else_is_named(other: Object) -> None:
    assert reported(parameters({"kube": {}}), other)["usedBy"] == []


def test_an_endless_list_of_users_is_cut_and_says_how_many_there_are() -> None:
    users = reported(parameters({"kube": {}}), *(using(f"g{n:03}") for n in range(MAX_USERS + 5)))["usedBy"]
    assert len(users) == MAX_USERS + 1
    assert users[-1] == "and 5 more"


def test_each_kind_of_parameters_is_reported_on() -> None:
    obj = {
        "apiVersion": AGENTGATEWAY_PARAMETERS.api_version,
        "kind": AGENTGATEWAY_PARAMETERS.kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"workload": {"kind": "Job"}},
    }
    user = using("a", kind=AGENTGATEWAY_PARAMETERS.kind, group=AGENTGATEWAY_PARAMETERS.group)
    status = reported(obj, user, crd=OURS[AGENTGATEWAY_PARAMETERS])
    assert accepted(status)["status"] == "False"
    assert status["usedBy"] == ["Gateway shop/a"]


def test_where_the_definition_has_no_room_nothing_is_said() -> None:
    assert reported(parameters({"kube": {}}), crd=without_room(ROOM)) is None


def test_where_the_definition_is_not_known_nothing_is_said_until_it_is() -> None:
    class Blind(MemoryStore):
        blind = True

        def list(self, kind: KindRef, *arguments: Any, **named: Any) -> Any:
            if self.blind and kind == DEFINITION:
                raise NotSynced("not listed yet")
            return super().list(kind, *arguments, **named)

    obj = parameters({"kube": {}})
    held = Blind([obj, ROOM])
    recorded = RecordingStore(held)
    assert reporter().status(obj, recorded, NOW) is None
    held.blind = False
    assert not unchanged(recorded.reads, held)
    assert reporter().status(obj, held, NOW) is not None


def test_what_others_say_stays_and_a_status_that_is_right_is_not_changed() -> None:
    obj = parameters({"kube": {}})
    obj["status"] = {"example": 1}
    first = reported(obj)
    assert first["example"] == 1
    assert reporter().status({**obj, "status": first}, MemoryStore([ROOM]), "2027-01-01T00:00:00Z") == first


@pytest.fixture
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KubernetesCluster]:
    with APIServer(crds=(*CRDS, request.param)) as server:
        made = KubernetesCluster.connect(server.write_kubeconfig(tmp_path / "kubeconfig"))
        made.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}, manager="t", force=True
        )
        yield made
        made.close()


def written(cluster: KubernetesCluster) -> list[bool]:
    """Report on new parameters three times; return when something was written."""
    ref = ObjectRef.of(cluster.apply(parameters({"kube": {}}), manager="t", force=True))
    done = []
    for _ in range(3):
        obj = cluster.get(*ref)
        assert obj is not None
        status = reporter().status(obj, ClusterStore(cluster), NOW)
        done.append(status is not None and write_status(cluster, obj, status, "m") is not None)
    return done


@pytest.mark.parametrize("cluster", [ROOM], indirect=True, ids=["room"])
def test_what_is_written_is_kept_and_written_once(cluster: KubernetesCluster) -> None:
    assert written(cluster) == [True, False, False]


@pytest.mark.parametrize("cluster", [without_room(ROOM)], indirect=True, ids=["no room"])
def test_nothing_is_written_in_vain(cluster: KubernetesCluster) -> None:
    assert written(cluster) == [False, False, False]
