"""What the cluster's CustomResourceDefinitions say of themselves.

They are nobody's to read by right: a controller that may not list them does without what they would say. So
they are asked for when they are needed, not kept from the start, and not to know them is no error.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from gwdeployer.errors import Forbidden, NotSynced
from gwdeployer.objects import KindRef, Object
from gwdeployer.store import Index, Lookup, ObjectStore

DEFINITION = KindRef("apiextensions.k8s.io", "v1", "CustomResourceDefinition")

#: The rule of a ClusterRole that lets a controller know them.
MAY_READ: Mapping[str, Any] = {
    "apiGroups": [DEFINITION.group],
    "resources": ["customresourcedefinitions"],
    "verbs": ["get", "list", "watch"],
}


def definitions_of(group: str, store: ObjectStore) -> Sequence[Object]:
    """Return the definitions of a group's kinds; none where they are not known (yet, or for want of rights).

    The question is on record all the same: whoever asked is asked again once they are known.
    """
    try:
        return store.list(DEFINITION, lookup=Lookup(BY_GROUP, group))
    except (NotSynced, Forbidden):
        return ()


def status_fields(kind: KindRef, store: ObjectStore) -> Mapping[str, Any]:
    """Return the schemas of the fields that a kind's status has room for; the API server drops all others."""
    for definition in definitions_of(kind.group, store):
        spec = definition["spec"]
        if spec["names"]["kind"] == kind.kind:
            versions = (version for version in spec["versions"] if version["name"] == kind.version)
            return next(map(_status_fields, versions), {})
    return {}


def _status_fields(version: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    status = (schema.get("properties") or {}).get("status") or {}
    return status.get("properties") or {}


def _groups(definition: Object) -> Iterable[Hashable]:
    return ((definition.get("spec") or {}).get("group"),)


#: Finds definitions by the group of their kinds.
BY_GROUP = Index("group", _groups)
