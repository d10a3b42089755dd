"""Writing the status of an object: only what differs, and only if the object is still as it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gwdeployer.cluster.port import Cluster, Operation
from gwdeployer.objects import Object, ObjectRef


def write_status(
    cluster: Cluster, obj: Object, status: Mapping[str, Any], manager: str, *, timeout: float | None = None
) -> Object | None:
    """Give ``obj`` this status; return it as stored, or None where it has the status already (no request).

    Raises Conflict where the object is not as it was read, NotFound, and other ApiErrors.
    """
    patch = [*_differences(obj.get("status"), status)]
    if not patch:
        return None
    version = {
        "op": "replace",
        "path": "/metadata/resourceVersion",
        "value": obj["metadata"]["resourceVersion"],
    }
    ref = ObjectRef.of(obj)
    return cluster.json_patch(ref, [version, *patch], manager=manager, subresource="status", timeout=timeout)


def _differences(before: Mapping[str, Any] | None, status: Mapping[str, Any]) -> Iterator[Operation]:
    if before is None:
        if status:
            yield {"op": "add", "path": "/status", "value": dict(status)}
        return
    for name, value in status.items():
        if name not in before or before[name] != value:
            yield {"op": "add", "path": f"/status/{name}", "value": value}
    for name in before:
        if name not in status:
            yield {"op": "remove", "path": f"/status/{name}"}
