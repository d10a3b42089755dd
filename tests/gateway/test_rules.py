"""The rules of the Gateway API for those who deploy: what is generated, ``spec.infrastructure``, parameters.

Tests are named by the rule they hold: N of generated objects, I of ``spec.infrastructure``, P of parameters;
those of statuses (C, S, A, R, D, L) are beside the code of statuses. The sources: G1762 and G1867 are
enhancement proposals of the Gateway API, "API" the comments of its types.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import Object, ParametersError
from gwdeployer.objects import is_namespaced, metadata_of
from gwdeployer_gateway.kinds import DEPLOYED
from tests.gateway.scenarios import HTTP, gateway, gateway_class, listener, planned, proxy, ref

NAME_LABEL, CLASS_LABEL = (
    "gateway.networking.k8s.io/gateway-name",
    "gateway.networking.k8s.io/gateway-class-name",
)
LONG = "a" * 253
EVERYTHING = {
    "horizontalPodAutoscaler": {"spec": {"maxReplicas": 3}},
    "podDisruptionBudget": {"spec": {"minAvailable": 1}},
    "verticalPodAutoscaler": {"spec": {}},
}
#: Rules that no test of ours can hold, and why.
ELSEWHERE = {
    "C3": "a finalizer on the class MAY be set; ours is not, as it would keep the class from being torn down",
    "R5": "held by the conformance suite itself, which waits for the namespaces",
}
RULES = [
    *(f"N{number}" for number in range(1, 10)),
    *(f"I{number}" for number in range(1, 6)),
    *(f"P{number}" for number in range(1, 6)),
    *(f"C{number}" for number in range(1, 5)),
    *(f"S{number}" for number in range(1, 5)),
    *(f"A{number}" for number in range(1, 4)),
    *(f"R{number}" for number in range(1, 6)),
    *(f"D{number}" for number in range(1, 7)),
    *(f"L{number}" for number in range(1, 10)),
]


def pod_metadata(obj: Object) -> Object | None:
    template = (obj.get("spec") or {}).get("template")
    return template["metadata"] if template else None


def all_metadata(objects: tuple[Object, ...]) -> list[Any]:
    """Return the metadata of all objects and of their pods."""
    pods = [metadata for obj in objects if (metadata := pod_metadata(obj)) is not None]
    return [*map(metadata_of, objects), *pods]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test_with_its_id(rule: str) -> None:
    named = re.compile(rf"^def test_(?:[a-z]\d_)*{rule.lower()}_|Rules? (?:[A-Z]\d, )*{rule}\b", re.MULTILINE)
    files = Path(__file__).parent.rglob("test_*.py")
    held = any(named.search(file.read_text(encoding="utf-8")) for file in files)
    assert held is (rule not in ELSEWHERE), rule


def test_n1_n2_every_object_and_pod_is_labelled_with_the_gateway_and_its_class() -> None:
    """G1762: MUST, SHOULD."""
    for metadata in all_metadata(proxy(kube=EVERYTHING).plan.objects):
        assert metadata["labels"][NAME_LABEL] == "web"
        assert metadata["labels"][CLASS_LABEL] == "gwdeployer"


def test_n3_objects_are_in_the_gateways_namespace_and_none_is_cluster_scoped() -> None:
    """G1762: MUST; cluster-scoped objects are discouraged."""
    assert {metadata_of(obj)["namespace"] for obj in proxy(kube=EVERYTHING).plan.objects} == {"shop"}
    assert all(is_namespaced(kind) for kind in DEPLOYED)


def test_n4_objects_have_the_gateways_name() -> None:
    """G1762: SHOULD be NAME-CLASS. Ours have the plain name, as those have that we stand in for."""
    assert {metadata_of(obj)["name"] for obj in proxy(kube=EVERYTHING).plan.objects} == {"web"}


def test_n5_objects_are_owned_by_the_gateway() -> None:
    """G1762: MAY."""
    owner = {**gateway(), "metadata": {"name": "web", "namespace": "shop", "uid": "u-1"}}
    for obj in planned(owner, gateway_class()).plan.objects:
        [reference] = metadata_of(obj)["ownerReferences"]
        assert (reference["kind"], reference["uid"], reference["controller"]) == ("Gateway", "u-1", True)


def test_n6_what_selects_pods_is_the_label_and_what_proves_ownership_is_not() -> None:
    """G1762: users attach their own budgets by the label, so an object that has it need not be ours."""
    selector = proxy().deployment["spec"]["selector"]["matchLabels"]
    assert selector[NAME_LABEL] == "web"
    assert selector.items() <= proxy().pod_metadata["labels"].items()


@pytest.mark.parametrize("length", [63, 64, 253])
def test_n7_n9_labels_names_and_ports_keep_their_limits(length: int) -> None:
    """A label has 63 characters at most, a Service's name too, and it begins with a letter (RFC 1035)."""
    name = f"1{'.b' * 126}"[:length].rstrip(".")
    outcome = proxy(name=name, listeners=[listener(8080, name=LONG)])
    for metadata in all_metadata(outcome.plan.objects):
        assert all(len(value) <= 63 for value in metadata["labels"].values())
    assert re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", outcome.service["metadata"]["name"])
    assert all(len(port["name"]) <= 15 for port in outcome.proxy["ports"])
    assert outcome.pod_metadata["annotations"]["gateway.kgateway.dev/gateway-full-name"] == name


def test_i1_labels_and_annotations_of_the_infrastructure_are_on_everything() -> None:
    """API: SHOULD, and on the pods; MAY be left off where irrelevant, as annotations of autoscalers are."""
    infrastructure = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    for metadata in all_metadata(proxy(class_kube=EVERYTHING, infrastructure=infrastructure).plan.objects):
        assert metadata["labels"]["team"] == "a"
    for metadata in all_metadata(proxy(infrastructure=infrastructure).plan.objects):
        assert metadata["annotations"]["note"] == "b"


def test_i2_keys_that_the_api_reserves_are_not_overridden() -> None:
    """The proposal says that validation prevents it; the CRD does not."""
    outcome = proxy(infrastructure={"labels": {NAME_LABEL: "another", CLASS_LABEL: "another"}})
    assert outcome.service["metadata"]["labels"][NAME_LABEL] == "web"
    assert outcome.service["metadata"]["labels"][CLASS_LABEL] == "gwdeployer"


def test_i3_as_many_labels_and_annotations_as_the_api_takes_are_propagated() -> None:
    """API: eight labels, sixteen annotations."""
    labels = {f"l{number}": "x" for number in range(8)}
    annotations = {f"a{number}": "x" for number in range(16)}
    outcome = proxy(infrastructure={"labels": labels, "annotations": annotations})
    assert labels.items() <= outcome.service["metadata"]["labels"].items()
    assert annotations.items() <= outcome.service["metadata"]["annotations"].items()


def test_i4_a_label_that_changes_changes_objects_and_never_a_selector() -> None:
    """API, G1867: a selector cannot change."""
    one, other = (proxy(infrastructure={"labels": {"team": team}}) for team in "ab")
    assert one.service["metadata"]["labels"]["team"] != other.service["metadata"]["labels"]["team"]
    assert one.deployment["spec"]["selector"] == other.deployment["spec"]["selector"]
    assert one.service["spec"]["selector"] == other.service["spec"]["selector"]


def test_i5_parameters_of_a_gateway_are_looked_for_in_its_own_namespace() -> None:
    """API: the reference is local."""
    elsewhere = {**gateway(infrastructure={"parametersRef": {**ref("for-class"), "namespace": "platform"}})}
    with pytest.raises(ParametersError, match="shop/for-class does not exist"):
        planned(elsewhere, gateway_class())


def test_p4_the_gateways_parameters_win_over_its_classes() -> None:
    """API: how both go together is ours to say; recommended is that the class has defaults."""
    outcome = proxy(
        class_kube={"deployment": {"replicas": 1}, "service": {"type": "NodePort"}},
        kube={"deployment": {"replicas": 2}},
    )
    assert outcome.deployment["spec"]["replicas"] == 2
    assert outcome.service["spec"]["type"] == "NodePort"


def test_p5_what_changes_in_a_class_reaches_its_gateways_and_the_guide_says_so() -> None:
    """API: that it does not is recommended, and that it does MUST be documented."""
    one, other = (proxy(class_kube={"deployment": {"replicas": replicas}}) for replicas in (1, 2))
    assert one.deployment["spec"]["replicas"] != other.deployment["spec"]["replicas"]
    guide = Path(__file__).parents[2] / "docs" / "gateways.md"
    assert "A change to a class, or to its parameters, reaches all of its Gateways" in guide.read_text(
        encoding="utf-8"
    )


def test_l1_listeners_are_ports_of_the_service_and_of_the_proxy() -> None:
    """CT:gateway-modify-listeners."""
    outcome = proxy(listeners=[HTTP, listener(8443, "HTTPS")])
    assert outcome.ports == [80, 8443]
    assert {80, 8443} <= {port["containerPort"] for port in outcome.proxy["ports"]}
