"""Labels, annotations and names of what is deployed for a Gateway."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import ParametersError
from tests.gateway.scenarios import Outcome, proxy

KINDS = ("ServiceAccount", "ConfigMap", "Service", "Deployment")
SELECTOR = {
    "app.kubernetes.io/name": "web",
    "app.kubernetes.io/instance": "web",
    "gateway.networking.k8s.io/gateway-name": "web",
}
OURS = {
    **SELECTOR,
    "app.kubernetes.io/component": "proxy",
    "app.kubernetes.io/managed-by": "gwdeployer",
    "app.kubernetes.io/version": "1.2.3",
    "gateway.networking.k8s.io/gateway-class-name": "gwdeployer",
    "kgateway": "kube-gateway",
}
POD = {
    key: value
    for key, value in OURS.items()
    if key not in ("app.kubernetes.io/managed-by", "app.kubernetes.io/version")
}
SCRAPE = {"prometheus.io/path": "/metrics", "prometheus.io/port": "9091", "prometheus.io/scrape": "true"}
FULL_NAME = {"gateway.kgateway.dev/gateway-full-name": "web"}
CHECKSUM = "gwdeployer.dev/config-checksum"


def labelled(**given: Any) -> Outcome:
    return proxy(inputs={"version": "1.2.3"}, **given)


def metadata(outcome: Outcome, field: str) -> dict[str, dict[str, str]]:
    return {kind: outcome.kind(kind)["metadata"].get(field, {}) for kind in KINDS}


def everywhere(held: dict[str, str]) -> dict[str, dict[str, str]]:
    return dict.fromkeys(KINDS, held)


def pod_annotations(outcome: Outcome) -> dict[str, str]:
    return {k: v for k, v in outcome.pod_metadata["annotations"].items() if k != CHECKSUM}


def test_labels_where_nobody_says_anything() -> None:
    outcome = labelled()
    assert metadata(outcome, "labels") == everywhere(OURS)
    assert metadata(outcome, "annotations") == everywhere({})
    assert outcome.pod_metadata["labels"] == POD
    assert outcome.deployment["spec"]["selector"] == {"matchLabels": SELECTOR}
    assert outcome.service["spec"]["selector"] == SELECTOR


def test_the_gateways_labels_and_annotations_are_on_every_object_and_the_pods() -> None:
    outcome = labelled(infrastructure={"labels": {"team": "a"}, "annotations": {"note": "b"}})
    assert metadata(outcome, "labels") == everywhere({**OURS, "team": "a"})
    assert metadata(outcome, "annotations") == everywhere({"note": "b"})
    assert outcome.pod_metadata["labels"] == {**POD, "team": "a"}
    assert pod_annotations(outcome) == {**SCRAPE, **FULL_NAME, "note": "b"}


def test_what_the_gateway_api_reserves_is_not_propagated() -> None:
    reserved = {"gateway.networking.k8s.io/gateway-name": "evil", "gateway.networking.k8s.io/new": "x"}
    outcome = labelled(infrastructure={"labels": reserved, "annotations": reserved})
    assert metadata(outcome, "labels") == everywhere(OURS)
    assert metadata(outcome, "annotations") == everywhere({})
    assert outcome.pod_metadata["labels"] == POD
    assert pod_annotations(outcome) == {**SCRAPE, **FULL_NAME}


def test_our_labels_win_over_the_gateways() -> None:
    outcome = labelled(infrastructure={"labels": dict.fromkeys(OURS, "theirs")})
    assert metadata(outcome, "labels") == everywhere(OURS)
    assert outcome.pod_metadata["labels"] | POD == outcome.pod_metadata["labels"]


def test_the_gateways_labels_win_over_the_parameters() -> None:
    extra = {"extraLabels": {"team": "params", "own": "1", "kgateway": "theirs"}}
    kube = {"service": extra, "serviceAccount": extra, "podTemplate": extra}
    outcome = labelled(kube=kube, infrastructure={"labels": {"team": "gateway"}})
    expected = {"team": "gateway", "own": "1"}
    assert outcome.service["metadata"]["labels"] == {**OURS, **expected}
    assert outcome.service_account["metadata"]["labels"] == {**OURS, **expected}
    assert outcome.pod_metadata["labels"] == {**POD, **expected}


def test_the_gateways_annotations_win_over_the_parameters() -> None:
    extra = {"extraAnnotations": {"note": "params", "own": "1"}}
    kube = {"service": extra, "serviceAccount": extra, "podTemplate": extra}
    outcome = labelled(kube=kube, infrastructure={"annotations": {"note": "gateway"}})
    expected = {"note": "gateway", "own": "1"}
    assert outcome.service["metadata"]["annotations"] == expected
    assert outcome.service_account["metadata"]["annotations"] == expected
    assert pod_annotations(outcome) == {**SCRAPE, **FULL_NAME, **expected}


@pytest.mark.parametrize(
    ("place", "kind"), [("service", "Service"), ("serviceAccount", "ServiceAccount"), ("podTemplate", "pod")]
)
def test_extra_labels_and_annotations_stay_on_their_object(place: str, kind: str) -> None:
    outcome = labelled(kube={place: {"extraLabels": {"mine": "1"}, "extraAnnotations": {"mine": "2"}}})
    labels = {**metadata(outcome, "labels"), "pod": outcome.pod_metadata["labels"]}
    annotations = {**metadata(outcome, "annotations"), "pod": outcome.pod_metadata["annotations"]}
    assert [name for name, held in labels.items() if "mine" in held] == [kind]
    assert [name for name, held in annotations.items() if "mine" in held] == [kind]


def test_users_may_say_how_they_are_scraped() -> None:
    outcome = labelled(kube={"podTemplate": {"extraAnnotations": {"prometheus.io/path": "/mine"}}})
    assert pod_annotations(outcome) == {**SCRAPE, **FULL_NAME, "prometheus.io/path": "/mine"}


def test_without_stats_nobody_is_told_to_scrape() -> None:
    assert pod_annotations(labelled(kube={"stats": {"enabled": False}})) == FULL_NAME


def test_a_waypoints_pods_join_the_mesh() -> None:
    outcome = proxy(class_name="gwdeployer-waypoint")
    assert outcome.pod_metadata["labels"]["istio.io/dataplane-mode"] == "ambient"
    assert outcome.pod_metadata["annotations"]["ambient.istio.io/dns-capture"] == "false"
    assert outcome.service["spec"]["type"] == "ClusterIP"
    assert outcome.ports == [80, 15008]


LONG = "extremely-long-gateway-name-that-exceeds-the-sixty-three-character-limit-for-kubernetes-labels"
NAMES = [
    ("web", "web"),
    ("w" * 63, "w" * 63),
    ("w" * 64, "w" * 50 + "-"),
    (LONG, "extremely-long-gateway-name-that-exceeds-the-sixty-"),
    ("shop.example.com", "shop-example-com-"),
    ("7eleven", "x-7eleven-"),
    ("123", "x-123-"),
    ("1e3", "x-1e3-"),
    ("a" * 49 + ".b" + "c" * 30, "a" * 49 + "-"),
    (".".join(["a" * 50] * 5)[:253], "a" * 50 + "-"),
]


@pytest.mark.parametrize(("name", "start"), NAMES, ids=[name[:20] for name, _ in NAMES])
def test_every_legal_gateway_name_gives_names_that_are_legal_everywhere(name: str, start: str) -> None:
    outcome = proxy(name=name)
    safe = outcome.service["metadata"]["name"]
    assert safe.startswith(start)
    assert len(safe) <= 63
    assert {obj["metadata"]["name"] for obj in outcome.plan.objects} == {safe}
    assert outcome.pod["serviceAccountName"] == safe
    assert {outcome.pod_metadata["labels"][key] for key in SELECTOR} == {safe}
    assert outcome.pod_metadata["annotations"]["gateway.kgateway.dev/gateway-full-name"] == name
    assert outcome.bootstrap["node"] == {
        "cluster": f"{safe}.shop",
        "metadata": {"role": f"kgateway-kube-gateway-api~shop~{name}"},
    }


@pytest.mark.parametrize("name", ["true", "null", "yes", "off", "nan"])
def test_a_name_that_yaml_would_read_as_something_else_stays_a_name(name: str) -> None:
    outcome = proxy(name=name)
    assert outcome.deployment["metadata"]["name"] == name
    assert outcome.bootstrap["node"]["cluster"] == f"{name}.shop"


def test_a_class_name_beyond_a_labels_length_is_shortened() -> None:
    name = "c" * 64 + ".example.com"
    outcome = proxy(class_name=name)
    label = outcome.service["metadata"]["labels"]["gateway.networking.k8s.io/gateway-class-name"]
    assert label.startswith("c" * 50 + "-")
    assert len(label) == 63
    assert outcome.pod_metadata["labels"]["gateway.networking.k8s.io/gateway-class-name"] == label


def test_a_version_with_build_metadata_is_a_label_as_helm_makes_it() -> None:
    outcome = proxy(inputs={"version": "1.2.3+build.7"})
    assert outcome.service["metadata"]["labels"]["app.kubernetes.io/version"] == "1.2.3_build.7"


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_a_label_that_is_not_text_is_a_fault(field: str) -> None:
    with pytest.raises(ParametersError) as caught:
        proxy(infrastructure={field: {"example.com/a": True}})
    assert str(caught.value) == (
        f"Gateway shop/web spec.infrastructure.{field}[example.com/a]: must be a string, not true; "
        "write it in quotes"
    )
