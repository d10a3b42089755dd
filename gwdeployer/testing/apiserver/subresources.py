"""Subresources that show something else than their object: scale, binding, eviction.

``status`` is not among them: it is the object, written by other rules of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import metadata, statuses
from gwdeployer.testing.apiserver.content import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    media_type_of,
    object_in,
    patch_in,
)
from gwdeployer.testing.apiserver.deletes import deleted
from gwdeployer.testing.apiserver.json_patches import json_patched, merge_patched
from gwdeployer.testing.apiserver.kinds import Kind
from gwdeployer.testing.apiserver.kinds.causes import Cause, invalid, required
from gwdeployer.testing.apiserver.kinds.custom import CustomKind
from gwdeployer.testing.apiserver.options import (
    WriteOptions,
    create_options,
    delete_options,
    patch_options,
    update_options,
)
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.writes import live_object, managed, write

_SCALE = "autoscaling/v1"
_PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)

#: Answers a request for a subresource.
Handler = Callable[[State, Call], Answer]


class ScalePaths(NamedTuple):
    """Where an object keeps what its Scale shows; an empty path shows nothing."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ""

    @classmethod
    def of(cls, kind: Kind) -> ScalePaths:
        """Return the paths of a kind: those of its definition, or those of the built-in workloads."""
        if not isinstance(kind, CustomKind):
            return cls()
        said = kind.version["subresources"]["scale"]
        return cls(said["specReplicasPath"], said["statusReplicasPath"], said.get("labelSelectorPath", ""))


def get_scale(state: State, call: Call) -> Answer:
    """Return the Scale of an object. Raises StatusError."""
    return Answer(200, scale_of(call.kind, _live(state, call)))


def update_scale(state: State, call: Call) -> Answer:
    """Set the replicas that the Scale in the body says. Raises StatusError."""
    options = update_options(call.query, call.headers.get("user-agent", ""))
    scale = object_in(call.body, call.headers.get("content-type", ""), "Scale")
    return _scaled(state, call, options, lambda _: scale)


def patch_scale(state: State, call: Call) -> Answer:
    """Set the replicas that the patched Scale says. Raises StatusError."""
    media_type = media_type_of(call.headers.get("content-type", ""))
    body = patch_in(call.body, media_type, _PATCHES)
    applies = media_type == APPLY_PATCH
    options = patch_options(call.query, call.headers.get("user-agent", ""), applies=applies)
    patched = json_patched if media_type == JSON_PATCH else merge_patched
    return _scaled(state, call, options, lambda scale: patched(scale, body))


def scale_of(kind: Kind, obj: Object) -> Object:
    """Return an object's Scale."""
    paths = ScalePaths.of(kind)
    meta = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": _at(obj, paths.status_replicas) or 0}
    selector = _at(obj, paths.selector) if paths.selector else _selector_text(obj)
    status |= {"selector": selector} if selector else {}
    replicas = _at(obj, paths.spec_replicas)
    return {
        "kind": "Scale",
        "apiVersion": _SCALE,
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {} if not replicas else {"replicas": replicas},
        "status": status,
    }


def bind(state: State, call: Call) -> Answer:
    """Bind a Pod to the Node that the body names, as a scheduler does. Raises StatusError."""
    options = create_options(call.query, call.headers.get("user-agent", ""))
    body = object_in(call.body, call.headers.get("content-type", ""), "Binding")
    target = (body.get("target") or {}).get("name") or ""
    if not target:
        causes = [required("target.name")]
        raise statuses.invalid(("", "Binding"), call.target.name, causes)

    def change(live: Object) -> Object:
        if live["spec"].get("nodeName"):
            why = f'pod {call.target.name} is already assigned to node "{live["spec"]["nodeName"]}"'
            raise statuses.conflict(statuses.ResourceName("", "pods/binding"), call.target.name, why)
        spec = live["spec"] | {"nodeName": target}
        condition = {"type": "PodScheduled", "status": "True", "lastTransitionTime": state.now()}
        status = live.get("status") or {}
        conditions = [one for one in status.get("conditions") or () if one["type"] != condition["type"]]
        status = status | {"conditions": [*conditions, condition]}
        return managed(state, call, options, live, live | {"spec": spec, "status": status})

    write(state, call, change, dry_run=options.dry_run)
    return Answer(201, statuses.success() | {"code": 201})


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


def _live(state: State, call: Call) -> Object:
    live = live_object(state, call)
    if live is None:
        raise statuses.not_found(call.resource, call.target.name)
    return live


def _scaled(state: State, call: Call, options: WriteOptions, make: Callable[[Object], Any]) -> Answer:
    paths = ScalePaths.of(call.kind)

    def change(live: Object) -> Object:
        scale = make(scale_of(call.kind, live))
        replicas = (scale.get("spec") or {}).get("replicas") or 0
        _check_scale(call, scale, replicas)
        new = _with(live, paths.spec_replicas, replicas)
        version = (scale.get("metadata") or {}).get("resourceVersion")
        new = metadata.with_metadata(new, new["metadata"] | {"resourceVersion": version or None})
        return managed(state, call, options, live, new)

    code, obj = write(state, call, change, dry_run=options.dry_run)
    return Answer(code, scale_of(call.kind, obj))


def _check_scale(call: Call, scale: Object, replicas: Any) -> None:
    name = (scale.get("metadata") or {}).get("name") or ""
    if name != call.target.name:
        raise statuses.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({call.target.name})"
        )
    causes: list[Cause] = []
    if not isinstance(replicas, int) or replicas < 0:
        causes.append(invalid("spec.replicas", replicas, "must be greater than or equal to 0"))
    if causes:
        raise statuses.invalid(("autoscaling", "Scale"), name, causes)


def _at(obj: Any, path: str) -> Any:
    for part in path.split(".")[1:]:
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


def _with(obj: Object, path: str, value: Any) -> Object:
    first, _, rest = path.removeprefix(".").partition(".")
    return obj | {first: _with(obj.get(first) or {}, rest, value) if rest else value}


def _selector_text(obj: Object) -> str:
    selector = (obj.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels") or {}
    parts = [f"{key}={labels[key]}" for key in sorted(labels)]
    for one in sorted(selector.get("matchExpressions") or (), key=lambda one: str(one["key"])):
        values = f"({','.join(sorted(one.get('values') or ()))})"
        form = {"In": "{} in {}", "NotIn": "{} notin {}", "Exists": "{}", "DoesNotExist": "!{}"}
        parts.append(form[one["operator"]].format(one["key"], values))
    return ",".join(parts)
