"""Steps before an apply that would otherwise lose something, or be refused for ever. Pure.

All are properties of server-side apply, tried on a kube-apiserver: a field that its only manager gives up is
reset to its default; a default that the server has set is kept though it contradicts what is applied; an item
whose key somebody has changed is another item, and stays beside ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, TypeAlias

from gwdeployer.cluster.field_sets import applied_by, fields_of, owns
from gwdeployer.cluster.places import at, with_content
from gwdeployer.cluster.port import Operation
from gwdeployer.errors import Cause
from gwdeployer.objects import Object

#: Steps from the object to a list's item.
_Place: TypeAlias = tuple[str | int, ...]

_REPLICAS = ("spec", "replicas")
#: What the API server allows a field manager's name to be.
_MAX_MANAGER = 128
_SUFFIX = "-handover"
_DUPLICATE = "FieldValueDuplicate"
#: A step of a path as causes write it: ``spec.containers[0].ports[1].name``.
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def heir(manager: str) -> str:
    """Return the name of the manager that keeps what we give up until its new manager writes."""
    return manager[: _MAX_MANAGER - len(_SUFFIX)] + _SUFFIX


def replicas_given_up(live: Object, planned: Object, manager: str) -> Object | None:
    """Return what to apply as :func:`heir` so that the number of replicas stays as it is; None: nothing.

    Needed where we own ``spec.replicas`` and the plan no longer has it, as when an autoscaler takes over: the
    server would reset it to 1, and an autoscaler whose target is already in range would never write it.
    """
    fields = fields_of(applied_by(live, manager))
    if "replicas" in (planned.get("spec") or {}) or not owns(fields, _REPLICAS):
        return None
    return {**_identity(live), "spec": {"replicas": live["spec"]["replicas"]}}


def _identity(live: Object) -> Object:
    """Return what names exactly this object, in exactly this state."""
    metadata = live["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion")
    return {
        "apiVersion": live["apiVersion"],
        "kind": live["kind"],
        "metadata": {name: metadata[name] for name in kept if name in metadata},
    }


def with_default_owned(live: Object, planned: Object, causes: Sequence[Cause]) -> Object | None:
    """Return what to apply first where a server's default makes the plan invalid; None: that is not why.

    The refused field is in the live object and not in the plan (a Deployment's ``strategy.rollingUpdate``
    beside the planned ``type: Recreate``). Once we have applied the live parent of it as ours, the plan,
    which does not have it, removes it.
    """
    for cause in causes:
        path = cause.field.split(".")
        if len(path) > 1 and at(live, path) is not None and at(planned, path) is None:
            return with_content(planned, path[:-1], at(live, path[:-1]))
    return None


def without_duplicates(live: Object, planned: Object, causes: Sequence[Cause]) -> list[Operation]:
    """Return the JSON patch that removes items in the way of planned ones; empty: that is not why.

    Somebody has changed the key of one of our items (the number of a Service's port): it is a stranger's now,
    and still has what must be unique (the port's name). Where nothing would be left, which the API may not
    allow, the planned items take their place: those are then ours in two ways (``adoption.owned_twice``).
    The patch holds for this very object only.
    """
    duplicates = [cause for cause in causes if cause.reason == _DUPLICATE]
    found = {place for cause in duplicates for place in _in_the_way(live, planned, cause)}
    if not found:
        return []
    version = live["metadata"]["resourceVersion"]
    guard = {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
    last_first = sorted(found, key=lambda place: place[-1], reverse=True)
    by_list = groupby(sorted(last_first, key=_list_of), key=_list_of)
    return [guard, *(step for path, places in by_list for step in _removing(live, planned, path, [*places]))]


def _list_of(place: _Place) -> tuple[str, ...]:
    return tuple(map(str, place[:-1]))


def _removing(
    live: Object, planned: Object, path: Sequence[str], places: Sequence[_Place]
) -> Iterator[Operation]:
    """Yield what removes these items of one list, the last one first; or what replaces all of them."""
    theirs, ours = _both_at(live, planned, places[0][:-1])
    if len(places) == len(theirs):
        yield {"op": "replace", "path": _pointer(path), "value": ours}
    else:
        yield from ({"op": "remove", "path": _pointer(place)} for place in places)


def _pointer(path: Sequence[str | int]) -> str:
    return "/" + "/".join(map(str, path))


def _in_the_way(live: Object, planned: Object, cause: Cause) -> Iterator[_Place]:
    """Yield the place of each live item that has a planned item's unique value and is another item."""
    *to_list, _, field = [name or int(index) for name, index in _STEP.findall(cause.field)]
    theirs, ours = _both_at(live, planned, to_list)
    wanted = {item.get(field): item for item in ours or ()}
    for index, item in enumerate(theirs or ()):
        planned_item = wanted.get(item.get(field))
        if planned_item and any(item.get(name) != value for name, value in planned_item.items()):
            yield (*to_list, index)


def _both_at(live: Any, planned: Any, path: Sequence[str | int]) -> tuple[Any, Any]:
    """Return what stands at a path of the live object, and what is planned there; items pair by name."""
    for step in path:
        if isinstance(step, int):
            live = live[step] if step < len(live or ()) else {}
            planned = next((item for item in planned or () if item.get("name") == live.get("name")), {})
        else:
            live, planned = at(live, [step]), at(planned, [step])
    return live, planned
