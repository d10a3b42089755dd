"""The example of a parameters kind of one's own, as a stranger's package: installed, found, honoured."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import (
    Deployer,
    KindRef,
    MemoryStore,
    ParametersError,
    ParametersKind,
    Plan,
    Plugin,
    PluginError,
)
from gwdeployer.parameters import ParametersModel
from gwdeployer.plugins import configure
from gwdeployer_gateway import GATEWAY, GATEWAY_PARAMETERS, GatewayPlugin
from tests.gateway.scenarios import CLASS, gateway, gateway_class, parameters, ref

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_parameters"


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> ParametersKind:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    from example_tenant import TENANT  # type: ignore[import-not-found]

    kind: ParametersKind = TENANT
    return kind


def planned(kinds: list[ParametersKind], store: MemoryStore, name: str = "shop") -> Plan:
    [plugin] = configure([GatewayPlugin], parameters=kinds)
    [owner] = [found for found in store.list(GATEWAY) if found["metadata"]["name"] == name]
    deployer = plugin.route(owner, store)
    assert isinstance(deployer, Deployer)
    return deployer.plan(owner, store)


def kind_of(plan: Plan, kind: str) -> dict[str, Any]:
    return next(obj for obj in plan.objects if obj["kind"] == kind)


def test_class_and_gateway_merge_and_reach_values_parameters_and_objects(tenant: ParametersKind) -> None:
    plan = planned([tenant], MemoryStore.from_files(EXAMPLE / "gateway.yaml"))
    deployment = kind_of(plan, "Deployment")
    assert deployment["spec"]["replicas"] == 5
    assert deployment["spec"]["template"]["spec"]["priorityClassName"] == "business-critical"
    assert deployment["metadata"]["labels"]["tenant.example.com/cost-centre"] == "cc-4711"
    annotations = kind_of(plan, "Service")["metadata"]["annotations"]
    assert annotations["tenant.example.com/on-call"] == "platform@example.com"
    assert annotations["tenant.example.com/owner"] == "shop@example.com"
    assert [obj["metadata"]["name"] for obj in plan.objects if obj["kind"] == "ConfigMap"] == [
        "shop",
        "shop-audit",
    ]


def test_it_mixes_with_the_plugins_own_kind(tenant: ParametersKind) -> None:
    store = MemoryStore.from_files(EXAMPLE / "gateway.yaml")
    owner = gateway("mixed", class_name="tenants", infrastructure={"parametersRef": ref()})
    store.add(owner)
    store.add(parameters({"kube": {"deployment": {"replicas": 9}}}))
    plan = planned([tenant], store, "mixed")
    assert kind_of(plan, "Deployment")["spec"]["replicas"] == 9
    assert [str(warning) for warning in plan.warnings] == [
        "spec.costCentre: no layer names a cost centre; ask finance"
    ]


def test_its_faults_name_object_path_and_layer(tenant: ParametersKind) -> None:
    store = MemoryStore.from_files(EXAMPLE / "gateway.yaml")
    bad = {
        "apiVersion": "tenant.example.com/v1",
        "kind": "TenantParameters",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"size": "huge", "kube": {"deployment": {"replicas": -1}}},
    }
    store.add(bad)
    with pytest.raises(ParametersError) as raised:
        planned([tenant], store)
    [line] = str(raised.value).splitlines()
    assert line.startswith("TenantParameters shop/shop spec.size: must be 'small' or 'large', is 'huge'")
    assert "(from Gateway shop)" in line


def test_what_it_stands_for_is_checked_as_ours_is(tenant: ParametersKind) -> None:
    store = MemoryStore.from_files(EXAMPLE / "gateway.yaml")
    store.add(
        {
            "apiVersion": "tenant.example.com/v1",
            "kind": "TenantParameters",
            "metadata": {"name": "shop", "namespace": "shop"},
            "spec": {"kube": {"deployment": {"replicas": -1}}},
        }
    )
    with pytest.raises(ParametersError, match=r"TenantParameters shop/shop spec\.kube\.deployment\.replicas"):
        planned([tenant], store)


class LonelySpec(ParametersModel):
    replicas: int | None = None


def test_a_kind_that_does_not_say_how_it_wraps_ours_stands_alone() -> None:
    lonely = ParametersKind(KindRef("example.com", "v1", "Lonely"), LonelySpec, "gateway")
    of_class = gateway_class(CLASS)
    of_class["spec"]["parametersRef"] = {
        "group": "example.com",
        "kind": "Lonely",
        "namespace": "platform",
        "name": "a",
    }
    own = gateway("shop", class_name=CLASS, infrastructure={"parametersRef": ref()})
    obj = {
        "apiVersion": "example.com/v1",
        "kind": "Lonely",
        "metadata": {"name": "a", "namespace": "platform"},
        "spec": {},
    }
    store = MemoryStore([of_class, own, obj, parameters({"kube": {}})])
    with pytest.raises(
        ParametersError, match=r"parametersRef\.kind: class and Gateway refer to .*\(Lonely and"
    ):
        planned([lonely], store)


def test_an_unregistered_kind_is_still_refused() -> None:
    store = MemoryStore.from_files(EXAMPLE / "gateway.yaml")
    with pytest.raises(
        ParametersError, match=r"no parameters of kind TenantParameters\.tenant\.example\.com"
    ):
        planned([], store)


def test_two_registrations_of_one_kind_are_refused(tenant: ParametersKind) -> None:
    again = ParametersKind(GATEWAY_PARAMETERS, LonelySpec, "gateway")
    with pytest.raises(PluginError) as raised:
        configure([GatewayPlugin], parameters=[tenant, tenant, again])
    assert str(raised.value).splitlines() == [
        "parameters kind TenantParameters.tenant.example.com: is registered already (by 'gateway'); "
        "register one of the two",
        "parameters kind GatewayParameters.gateway.kgateway.dev: is registered already (by 'gateway'); "
        "register one of the two",
    ]


def test_a_kind_for_a_plugin_that_is_not_there_is_refused() -> None:
    kind = ParametersKind(KindRef("example.com", "v1", "Lonely"), LonelySpec, plugin="gatway")
    with pytest.raises(
        PluginError, match="is for plugin 'gatway', which is not there; did you mean 'gateway'"
    ):
        configure([GatewayPlugin], parameters=[kind])


def test_installed_it_is_found_by_the_command_line(tmp_path: Path) -> None:
    """Install the package as a stranger would (its metadata and module on the path), and run the command."""
    info = tmp_path / "example_tenant-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-tenant\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[gwdeployer.parameters]\ntenant = example_tenant:TENANT\n")
    path = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(EXAMPLE)!r}]"
    program = f"{path}; from gwdeployer.cli.main import main; main()"
    command = [sys.executable, "-c", program, "render", "-f", str(EXAMPLE / "gateway.yaml"), "-o", "name"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "configmap/shop-audit" in done.stdout.splitlines()


def test_plugins_know_the_kinds_registered_for_them(tenant: ParametersKind) -> None:
    plugins: list[Plugin] = configure([GatewayPlugin], parameters=[tenant])
    assert [plugin.parameters for plugin in plugins] == [(tenant,)]
