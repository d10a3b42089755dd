"""Which resources there are, as clients discover them: in one document (``apidiscovery.k8s.io``) or many."""

from __future__ import annotations

from collections.abc import Iterable

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.kinds import Resource
from gwdeployer.testing.apiserver.statuses import no_such_path

#: The version whose behaviour this server has.
VERSION = "v1.36.3"

_AGGREGATED = "apidiscovery.k8s.io"
_OBJECT = ("get", "patch", "update")
_SCALE = KindRef("autoscaling", "v1", "Scale")

#: Subresources that are served: the kind they show (None: the object's own) and their verbs.
SUBRESOURCES: dict[str, tuple[KindRef | None, tuple[str, ...]]] = {
    "status": (None, _OBJECT),
    "scale": (_SCALE, _OBJECT),
    "binding": (KindRef("", "v1", "Binding"), ("create",)),
    "eviction": (KindRef("policy", "v1", "Eviction"), ("create",)),
}


def discovered(resources: Iterable[Resource], parts: list[str], accept: str) -> Object:
    """Return what is at ``/api``, ``/apis`` or below them. Raises StatusError (404)."""
    is_core = parts[0] == "api"
    found = [resource for resource in resources if (not resource.kind.group) is is_core]
    match parts[1:]:
        case []:
            if f"g={_AGGREGATED}" in accept and "as=APIGroupDiscoveryList" in accept:
                return _aggregated(found, "v2" if "v=v2;" in accept + ";" else "v2beta1")
            return _core_versions() if is_core else _groups(found)
        case [version] if is_core:
            return _resources(found, version)
        case [group] if group in {resource.kind.group for resource in found}:
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(group, found)
        case [group, version]:
            return _resources(found, f"{group}/{version}")
    raise no_such_path()


def version_info() -> Object:
    """Return what is at ``/version``."""
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "",
    }


def served_subresources(resource: Resource) -> Iterable[str]:
    """Return the subresources of a kind that this server serves, in order."""
    return sorted(resource.subresources & SUBRESOURCES.keys())


def _core_versions() -> Object:
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def _groups(resources: list[Resource]) -> Object:
    names = dict.fromkeys(resource.kind.group for resource in resources)
    groups = [_group(name, resources) for name in names]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _group(name: str, resources: list[Resource]) -> Object:
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version} for version in _versions(name, resources)
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _versions(group: str, resources: list[Resource]) -> list[str]:
    found = dict.fromkeys(resource.kind.version for resource in resources if resource.kind.group == group)
    return sorted(found, key=_version_order)


def _version_order(version: str) -> tuple[object, ...]:
    """Order versions as Kubernetes prefers them: v2, v1, v2beta1, v1beta2, v1alpha1, anything else."""
    for rank, mark in enumerate(("", "beta", "alpha")):
        major, _, minor = version.removeprefix("v").partition(mark) if mark else (version[1:], "", "")
        if version.startswith("v") and major.isdigit() and (not mark or minor.isdigit()):
            return rank, -int(major), -int(minor or 0), ""
    return 3, 0, 0, version


def _resources(resources: list[Resource], api_version: str) -> Object:
    found = [resource for resource in resources if resource.kind.api_version == api_version]
    if not found:
        raise no_such_path()
    entries = [entry for resource in found for entry in _legacy(resource)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": entries,
    }


def _legacy(resource: Resource) -> Iterable[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind.kind,
        "verbs": sorted(resource.verbs),
    }
    entry |= {"shortNames": list(resource.short_names)} if resource.short_names else {}
    entry |= {"categories": list(resource.categories)} if resource.categories else {}
    yield entry
    for name in served_subresources(resource):
        shown, verbs = SUBRESOURCES[name]
        foreign = {"group": shown.group, "version": shown.version} if shown and shown.group else {}
        yield {
            "name": f"{resource.plural}/{name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **foreign,
            "kind": (shown or resource.kind).kind,
            "verbs": list(verbs),
        }


def _aggregated(resources: list[Resource], version: str) -> Object:
    groups: dict[str, list[Resource]] = {}
    for resource in resources:
        groups.setdefault(resource.kind.group, []).append(resource)
    items = [_aggregated_group(name, found) for name, found in groups.items()]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{_AGGREGATED}/{version}",
        "metadata": {},
        "items": items,
    }


def _aggregated_group(name: str, resources: list[Resource]) -> Object:
    versions = [
        {
            "version": version,
            "resources": [
                _aggregated_resource(resource) for resource in resources if resource.kind.version == version
            ],
            "freshness": "Current",
        }
        for version in _versions(name, resources)
    ]
    return {"metadata": {"name": name} if name else {}, "versions": versions}


def _aggregated_resource(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.plural,
        "responseKind": _kind(resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    entry |= {"shortNames": list(resource.short_names)} if resource.short_names else {}
    entry |= {"categories": list(resource.categories)} if resource.categories else {}
    subresources = []
    for name in served_subresources(resource):
        shown, verbs = SUBRESOURCES[name]
        kind = _kind(shown or resource.kind)
        subresources.append({"subresource": name, "responseKind": kind, "verbs": list(verbs)})
    return entry | ({"subresources": subresources} if subresources else {})


def _kind(kind: KindRef) -> Object:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}
