"""A world without gateways: Sites, deployed by a chart in memory with a stranger's generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwdeployer import Chart, Context, Deployer, HelmValuesGenerator, KindRef, Skip
from gwdeployer.chart import Source

SITE = KindRef("example.com", "v1", "Site")
TENANT = KindRef("example.com", "v1", "Tenant")
CONFIG_MAP = KindRef("", "v1", "ConfigMap")

# In the wrong order on purpose: what others need comes last.
TEMPLATES = {
    "a-deployment.yaml.j2": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ Values.name }}"}
spec: {replicas: "{{ Values.replicas }}"}
""",
    "b-service.yaml.j2": """
apiVersion: v1
kind: Service
metadata: {name: "{{ Values.name }}"}
""",
    "c-role.yaml.j2": """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "{{ Values.name }}", labels: {mine: "yes"}, annotations: {mine: "no"}}
""",
    "d-config.yaml.j2": """
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ Values.name }}"}
data: {text: "{{ Values.text }}"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: "{{ Values.name }}"}
""",
}


def chart(templates: Mapping[str, str] | None = None) -> Chart:
    return Chart(Source("site", templates or TEMPLATES, values={"replicas": 1, "text": ""}))


class SiteValues(HelmValuesGenerator):
    """Reads a Site, the ConfigMap it names and the Tenants of its namespace."""

    def __init__(self) -> None:
        self.runs = 0

    def get_values(self, owner: Mapping[str, Any], context: Context) -> Mapping[str, Any] | Skip:
        self.runs += 1
        spec = owner.get("spec") or {}
        namespace = owner["metadata"].get("namespace", "default")
        if "skip" in spec:
            return Skip(spec["skip"], cleanup=True)
        if "warning" in spec:
            context.warn(spec["warning"], "spec.warning", hint="do not")
        config = context.store.get(CONFIG_MAP, namespace, spec.get("config", "none"))
        tenants = context.store.list(TENANT, namespace)
        text = f"{config['data']['text'] if config else 'absent'} {len(tenants)}"
        return {"name": owner["metadata"]["name"], "text": text}


def deployer(
    generator: HelmValuesGenerator | None = None, templates: Mapping[str, str] | None = None
) -> Deployer:
    return Deployer(
        SITE,
        controller_name="example.com/sites",
        chart=chart(templates),
        generator=generator or SiteValues(),
    )


def site(name: str = "shop", *, namespace: str = "prod", spec: Any = None, **metadata: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **metadata}
    return {"apiVersion": "example.com/v1", "kind": "Site", "metadata": metadata, "spec": spec or {}}


def config(text: str, name: str = "none", namespace: str = "prod") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text}}


def tenant(name: str, namespace: str = "prod", **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "example.com/v1", "kind": "Tenant", "metadata": metadata}


def kinds_of(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    return [obj["kind"] for obj in objects]


def text_of(objects: Sequence[Mapping[str, Any]]) -> str:
    [found] = [obj["data"]["text"] for obj in objects if obj["kind"] == "ConfigMap"]
    return str(found)
