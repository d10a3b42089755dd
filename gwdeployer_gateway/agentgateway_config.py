"""What agentgateway is told at its start: its config file, and the features that need volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gwdeployer.objects import dns_label
from gwdeployer.parameters import Deep
from gwdeployer_gateway.common import present
from gwdeployer_gateway.inputs import IstioInputs

_CATALOGS = "/etc/agentgateway/model-catalog"
_CATALOG_KEY = "catalog.json"
_SPIFFE_DRIVER = "csi.spiffe.io"
_SPIFFE_MOUNT = "/spiffe-workload-api"
_SPIFFE_SOCKET = "spire-agent.sock"
_DEFAULT_TRUST_DOMAIN = "cluster.local"


def istio_values(parameters: Mapping[str, Any] | None, mesh: IstioInputs) -> dict[str, Any] | None:
    """Return how the proxy joins the mesh, or None where it does not.

    ``parameters`` (``spec.istio``) decide if they are there at all, ``mesh`` otherwise and for what they
    leave open.
    """
    joins = mesh.auto_enabled if parameters is None else parameters.get("enabled", True)
    if not joins:
        return None
    said = parameters or {}
    values = {
        "caAddress": said.get("caAddress") or f"https://istiod.{mesh.namespace}.svc:15012",
        "trustDomain": said.get("trustDomain") or mesh.trust_domain or _DEFAULT_TRUST_DOMAIN,
        "additionalTrustDomains": said.get("additionalTrustDomains"),
        "clusterId": said.get("clusterId") or mesh.cluster_id,
        "network": said.get("network") or mesh.network,
    }
    return {key: value for key, value in values.items() if value}


def spiffe_values(parameters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return where the pod gets the Workload API's socket and where the proxy finds it, or None."""
    if parameters is None or not parameters.get("enabled", True):
        return None
    source = parameters.get("source") or {}
    mount_path = source.get("mountPath") or _SPIFFE_MOUNT
    if host_path := source.get("hostPath"):
        volume = {"hostPath": {"path": host_path["path"], "type": "Directory"}}
    else:
        driver = (source.get("csi") or {}).get("driver") or _SPIFFE_DRIVER
        volume = {"csi": {"driver": driver, "readOnly": True}}
    socket = f"{mount_path.rstrip('/')}/{source.get('socketName') or _SPIFFE_SOCKET}"
    return {"mountPath": mount_path, "endpoint": f"unix://{socket}", "source": volume}


def catalog_values(sources: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the catalogs' files, in the order given, and the volumes that hold them; None without any.

    Each ConfigMap is one volume and one folder; its first key is the file of its name.
    """
    volumes: dict[str, dict[str, Any]] = {}
    files: list[str] = []
    for source in sources:
        if not (config_map := source.get("configMap")):
            continue
        name, key = config_map["name"], config_map.get("key") or _CATALOG_KEY
        folder = f"{_CATALOGS}/{name}"
        volume = volumes.setdefault(
            name,
            {"name": dns_label(f"model-catalog-{name}"), "configMap": name, "mountPath": folder, "items": []},
        )
        files.append(f"{folder}/{_file_of(key, name, volume['items'])}")
    return {"files": files, "volumes": list(volumes.values())} if files else None


def _file_of(key: str, name: str, items: list[dict[str, str]]) -> str:
    """Return the file of a ConfigMap's key, which ``items`` has from now on."""
    for item in items:
        if item["key"] == key:
            return item["path"]
    path = f"{name}-{len(items) + 1}.json" if items else f"{name}.json"
    items.append({"key": key, "path": path})
    return path


def config_of(
    parameters: Mapping[str, Any], catalog: Mapping[str, Any] | None, spiffe: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the config file: what typed fields say, over ``rawConfig``."""
    log_format = (parameters.get("logging") or {}).get("format")
    typed = present(
        {
            "logging": {"format": log_format} if log_format else None,
            "modelCatalog": [{"file": file} for file in catalog["files"]] if catalog else None,
            "spiffe": {"endpoint": spiffe["endpoint"]} if spiffe else None,
        }
    )
    raw: dict[str, Any] = parameters.get("rawConfig") or {}
    config: dict[str, Any] = Deep().merge(raw, {"config": typed}) if typed else raw
    return config or {"config": {}}
