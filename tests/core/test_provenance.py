"""Who set what: traced leaves, plans that explain themselves, and that asking changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Deployer, HelmValuesGenerator, KindRef, MemoryStore
from gwdeployer.chart import Chart, Source
from gwdeployer.plan import Provenance
from gwdeployer.provenance import (
    Origin,
    bare,
    from_one,
    item_names,
    leaves,
    origin_of,
    path_name,
    together,
    traced,
)
from tests.gateway.scenarios import CLASS, gateway, gateway_class, parameters, ref

SITE = KindRef("example.com", "v1", "Site")
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ Values.name }}
data:
  fixed: text
  given: {{ Values.given }}
  joined: a-{{ Values.given }}
  computed: {{ Values.given ~ "!" }}
  nested: !yaml
    given: {{ Values.given }}
"""


class Plain(HelmValuesGenerator):
    """Knows nothing of provenance."""

    def get_values(self, owner: dict[str, Any], context: Any) -> dict[str, Any]:
        return {"name": owner["metadata"]["name"], "given": "x"}


class Telling(Plain):
    def get_values(self, owner: dict[str, Any], context: Any) -> dict[str, Any]:
        values = super().get_values(owner, context)
        return from_one(values, "Site", "spec") if context.trace else values


def provenance_of(generator: HelmValuesGenerator) -> Provenance:
    chart = Chart(Source("demo", {"a.yaml.j2": TEMPLATE}))
    deployer = Deployer(SITE, controller_name="example.com/sites", chart=chart, generator=generator)
    site = {"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": "web", "namespace": "shop"}}
    found = deployer.plan(site, MemoryStore(), trace=True).provenance
    assert found is not None
    return found


def origins(found: Provenance) -> dict[str, str]:
    [told] = found.objects.values()
    return {path_name(path): str(leaf.origin) for path, leaf in told.items()}


def test_values_of_a_generator_that_tells_nothing_belong_to_the_template() -> None:
    told = origins(provenance_of(Plain()))
    assert told["data.fixed"] == "chart: demo/templates/a.yaml.j2:6"
    assert told["data.given"] == "chart: demo/templates/a.yaml.j2:7 {{ Values.given }}"
    assert told["metadata.namespace"] == "owner: Site shop/web"


def test_a_repr_shows_who_set_what_and_no_value() -> None:
    shown = repr(provenance_of(Plain()))
    assert "<Leaf of chart: demo/templates/a.yaml.j2:7 {{ Values.given }}>" in shown
    assert "a-x" not in shown


def test_a_traced_value_is_followed_into_slots_and_texts() -> None:
    told = origins(provenance_of(Telling()))
    assert told["data.given"] == told["data.joined"] == told["metadata.name"] == "Site: spec"
    assert told["data.computed"].startswith("chart: demo/templates/a.yaml.j2:9")
    assert told["data.nested"] == "chart: demo/templates/a.yaml.j2:10"


def test_values_have_their_origin_or_the_generators_name() -> None:
    assert {str(leaf.origin) for leaf in provenance_of(Plain()).values.values()} == {"generator: Plain"}
    assert {str(leaf.origin) for leaf in provenance_of(Telling()).values.values()} == {"Site: spec"}


def explained(**layers: Any) -> Provenance:
    from gwdeployer.plugins import configure
    from gwdeployer_gateway.plugin import GatewayPlugin

    own = gateway("web", class_name=CLASS, infrastructure={"parametersRef": ref(), "labels": {"team": "a"}})
    store = MemoryStore(
        [
            own,
            gateway_class(CLASS, parameters=True),
            parameters({"kube": layers.get("of_class", {})}, name="for-class", namespace="platform"),
            parameters({"kube": layers.get("own", {})}),
        ]
    )
    [plugin] = configure([GatewayPlugin])
    deployer = plugin.route(own, store)
    assert isinstance(deployer, Deployer)
    plan = deployer.plan(own, store, trace=True)
    assert plan.objects == deployer.plan(own, store).objects
    assert plan.provenance is not None
    return plan.provenance


def told_of(found: Provenance, kind: str) -> dict[str, str]:
    [leaves_of] = [told for reference, told in found.objects.items() if reference.kind.kind == kind]
    return {path_name(path): str(leaf.origin) for path, leaf in leaves_of.items()}


def test_each_layer_of_a_gateway_is_named() -> None:
    found = explained(
        of_class={"deployment": {"replicas": 2}}, own={"podTemplate": {"priorityClassName": "high"}}
    )
    told = told_of(found, "Deployment")
    assert told["spec.replicas"] == (
        f"GatewayClass {CLASS}: GatewayParameters platform/for-class spec.kube.deployment.replicas"
    )
    assert told["spec.template.spec.priorityClassName"].startswith("Gateway web: GatewayParameters shop/")
    assert told["spec.template.spec.terminationGracePeriodSeconds"].startswith("default")
    assert told["metadata.labels.team"] == "Gateway shop/web: spec.infrastructure.labels"
    effective = {path_name(path): leaf for path, leaf in found.parameters.items()}
    assert effective["kube.deployment.replicas"].value == 2
    assert effective["kube.stats.enabled"].value is True


def test_overlays_are_named_by_layer_also_where_they_move_list_items() -> None:
    patch = {"template": {"spec": {"containers": [{"name": "sidecar", "image": "sidecar:1"}]}}}
    found = explained(of_class={"deploymentOverlay": {"spec": patch}})
    told = told_of(found, "Deployment")
    assert told["spec.template.spec.containers[sidecar].image"].startswith(f"overlay of GatewayClass {CLASS}")
    assert "chart" not in told["spec.template.spec.containers[kgateway-proxy].image"]
    assert told["spec.template.metadata.annotations[gwdeployer.dev/config-checksum]"].startswith(
        "post-processing"
    )


def test_what_overlays_add_is_about_the_workload() -> None:
    told = told_of(
        explained(own={"podDisruptionBudget": {"spec": {"minAvailable": 1}}}), "PodDisruptionBudget"
    )
    assert told["metadata.name"].startswith("workload: Deployment")
    assert told["spec.minAvailable"].startswith("overlay of Gateway web: GatewayParameters shop/")


@pytest.mark.parametrize("value", ["text", 3, 1.5, True, False])
def test_a_traced_leaf_behaves_like_its_value(value: Any) -> None:
    leaf = from_one(value, "layer", "source")
    assert leaf == value
    assert bare(leaf) == value
    assert type(bare(leaf)) is bool or not isinstance(value, bool)
    assert origin_of(leaf) == Origin("layer", "source")
    assert origin_of(value) is None


def test_null_and_untold_leaves_stay_bare() -> None:
    assert traced({"a": None, "b": 1}, lambda _: None) == {"a": None, "b": 1}
    assert origin_of(from_one(None, "a", "b")) is None


def test_items_are_named_by_a_key_that_tells_them_apart() -> None:
    assert item_names([{"name": "a"}, {"name": "b"}], "containers") == ["[a]", "[b]"]
    mounts = [{"name": "a", "mountPath": "/1"}, {"name": "a", "mountPath": "/2"}]
    assert item_names(mounts, "volumeMounts") == ["[/1]", "[/2]"]
    assert item_names([{"name": "a"}, {"name": "a"}], "containers") == [0, 1]
    assert item_names([{"name": "a"}], "sources") == [0]
    assert list(leaves({"a": [], "b": {"c.d/e": 1}})) == [(("a",), []), (("b", "c.d/e"), 1)]
    assert path_name(("b", "c.d/e", 0, "[x]")) == "b[c.d/e][0][x]"


def test_several_origins_are_named_once_each() -> None:
    both = together([Origin("default", "a"), Origin("class", "b"), Origin("default", "a")])
    assert both == Origin("default + class", "a, b")


def test_what_a_patch_takes_away_is_told() -> None:
    found = explained(
        of_class={"deployment": {"replicas": 2}},
        own={
            "horizontalPodAutoscaler": {"spec": {"maxReplicas": 3}},
            "deploymentOverlay": {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": None}}}},
        },
    )
    told = told_of(found, "Deployment")
    assert told["spec.replicas"] == "left to the HorizontalPodAutoscaler"
    assert told["spec.template.spec.terminationGracePeriodSeconds"].startswith("overlay of Gateway web")


def test_items_of_replaced_and_partly_named_lists_are_told() -> None:
    env = [{"$patch": "replace"}, {"name": "A", "value": "1"}]
    patch = {"template": {"spec": {"containers": [{"name": "kgateway-proxy", "env": env}]}}}
    found = explained(
        own={
            "deploymentOverlay": {"spec": patch},
            "serviceOverlay": {"spec": {"ports": [{"port": 80, "appProtocol": "http"}]}},
        }
    )
    container = "spec.template.spec.containers[kgateway-proxy]"
    assert told_of(found, "Deployment")[f"{container}.env[A].value"].startswith("overlay of Gateway web")
    told = told_of(found, "Service")
    assert told["spec.ports[80].appProtocol"].startswith("overlay of Gateway web")
    assert told["spec.ports[80].name"] == "Gateway shop/web: listeners and ListenerSets"


def test_inputs_are_told() -> None:
    told = told_of(explained(), "Service")
    assert told["metadata.labels[app.kubernetes.io/managed-by]"] == "inputs: managedBy"
