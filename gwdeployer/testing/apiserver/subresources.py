"""Subresources that are no form of their object, by name: scale, binding, eviction.

``status`` is not among them: it is the object, written by other rules of its kind.
"""

from __future__ import annotations

from collections.abc import Callable

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import object_in
from gwdeployer.testing.apiserver.deletes import deleted
from gwdeployer.testing.apiserver.kinds.causes import required
from gwdeployer.testing.apiserver.options import create_options, delete_options
from gwdeployer.testing.apiserver.scaling import get_scale, patch_scale, update_scale
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.writes import live_object

#: Answers a request for a subresource.
Handler = Callable[[State, Call], Answer]


def bind(state: State, call: Call) -> Answer:
    """Bind a Pod to the Node that the body names, as a scheduler does. Raises StatusError."""
    options = create_options(call.query, call.headers.get("user-agent", ""))
    body = object_in(call.body, call.headers.get("content-type", ""), "Binding")
    target = (body.get("target") or {}).get("name") or ""
    if not target:
        raise statuses.unknown_error(str(required("target.name")))
    live = live_object(state, call)
    if live is None:
        raise statuses.not_found(call.resource, call.target.name)
    if node := live["spec"].get("nodeName"):
        why = f'pod {call.target.name} is already assigned to node "{node}"'
        raise statuses.conflict(statuses.ResourceName("", "pods/binding"), call.target.name, why)
    if not options.dry_run:
        state.storage.put(call.key(), bound(live, target, state.now()))
    return Answer(201, statuses.success() | {"code": 201})


def bound(pod: Object, node: str, now: str) -> Object:
    """Return a Pod on its Node. Its generation and managedFields stay as they are."""
    condition = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    status = pod.get("status") or {}
    others = [one for one in status.get("conditions") or () if one["type"] != condition["type"]]
    status = status | {"conditions": [*others, condition]}
    return pod | {"spec": pod["spec"] | {"nodeName": node}, "status": status}


def evict(state: State, call: Call) -> Answer:
    """Delete a Pod, as an eviction that no budget stands against. Raises StatusError."""
    body = object_in(call.body, call.headers.get("content-type", ""), "Eviction")
    deleted(state, call, call.target.name, delete_options(call.query, body.get("deleteOptions")))
    return Answer(201, statuses.success() | {"code": 201})


#: By subresource and verb.
HANDLERS: dict[tuple[str, str], Handler] = {
    ("scale", "get"): get_scale,
    ("scale", "update"): update_scale,
    ("scale", "patch"): patch_scale,
    ("binding", "create"): bind,
    ("eviction", "create"): evict,
}
