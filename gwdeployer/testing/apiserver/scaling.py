"""The scale subresource: an object's replicas as a Scale of ``autoscaling/v1``, read and written.

A Scale is decoded, patched and applied as any object; then its replicas, its resourceVersion and the owners
of its replicas go into the object it belongs to. Sources: ``pkg/registry/apps/*/storage`` and, for custom
resources, ``apiextensions-apiserver/pkg/registry/customresource/etcd.go``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver import metadata, statuses
from gwdeployer.testing.apiserver.fields.scaling import ReplicasPaths, object_entries, scale_entries
from gwdeployer.testing.apiserver.kinds import Kind, Resource
from gwdeployer.testing.apiserver.kinds.builtin import BuiltinKind
from gwdeployer.testing.apiserver.kinds.causes import invalid
from gwdeployer.testing.apiserver.kinds.custom import CustomKind
from gwdeployer.testing.apiserver.kinds.strategies import Strategy
from gwdeployer.testing.apiserver.options import WriteOptions, update_options
from gwdeployer.testing.apiserver.patching import Patched, patching
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.writes import decoded_body, live_object, managed, write

_SCALE = KindRef("autoscaling", "v1", "Scale")
_SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
#: Stands in a custom resource's Scale for replicas that were never set: no answer may have it.
_UNSET = -(2**31)


class ScalePaths(NamedTuple):
    """Where an object keeps what its Scale shows."""

    spec_replicas: tuple[str, ...] = ("spec", "replicas")
    status_replicas: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: Kind) -> ScalePaths:
        """Return the paths of a kind: those of its definition, or those of the built-in workloads."""
        if not isinstance(kind, CustomKind):
            return cls()
        said = kind.version["subresources"]["scale"]
        names = ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
        return cls(*(tuple(said.get(name, "").split(".")[1:]) for name in names))


def get_scale(state: State, call: Call) -> Answer:
    """Return the Scale of an object. Raises StatusError."""
    live = live_object(state, call)
    if live is None:
        raise statuses.not_found(call.resource, call.target.name)
    path = ScalePaths.of(call.kind).spec_replicas
    if not call.kind.is_builtin and _at(live, path) is None:
        raise statuses.internal_error(f'the spec replicas field "{_told(path)}" does not exist')
    return Answer(200, scale_of(call.kind, live))


def update_scale(state: State, call: Call) -> Answer:
    """Set the replicas that the Scale in the body says. Raises StatusError."""
    options = update_options(call.query, call.headers.get("user-agent", ""))
    through = _through_scale(call)
    new = metadata.in_namespace(decoded_body(through, options), call.namespace)
    metadata.check_name(new, call.target.name)

    def updated(live: Object | None) -> Object:
        return managed(state, through, options, live, new)

    return _scaled(state, call, options, updated)


def patch_scale(state: State, call: Call) -> Answer:
    """Set the replicas that the patched or applied Scale says. Raises StatusError."""
    options, patched = patching(state, _through_scale(call))

    def named(live: Object | None) -> Object:
        new = metadata.in_namespace(patched(live), call.namespace)
        metadata.check_name(new, call.target.name)
        return new

    return _scaled(state, call, options, named)


def scale_of(kind: Kind, obj: Object) -> Object:
    """Return an object's Scale."""
    paths = ScalePaths.of(kind)
    status: Object = {"replicas": _at(obj, paths.status_replicas) or 0}
    selector = _selector_text(obj) if kind.is_builtin else _at(obj, paths.selector)
    status |= {"selector": selector} if selector else {}
    replicas = _at(obj, paths.spec_replicas)
    return {
        "kind": _SCALE.kind,
        "apiVersion": _SCALE.api_version,
        "metadata": {key: obj["metadata"][key] for key in _SHOWN if key in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _through_scale(call: Call) -> Call:
    return replace(call, kind=_scale_kind())


@cache
def _scale_kind() -> Kind:
    return BuiltinKind(Resource(_SCALE, "scales", "scale", namespaced=True), Strategy())


def _scaled(state: State, call: Call, options: WriteOptions, make: Patched) -> Answer:
    path = ScalePaths.of(call.kind).spec_replicas
    paths = _replicas_paths(state, call.kind)

    def change(live: Object) -> Object:
        owners = live["metadata"].get("managedFields") or []
        scale = make(_to_change(call.kind, live, scale_entries(owners, paths)))
        replicas = scale["spec"].get("replicas", 0)
        _check(call, live, scale)
        new = _with(live, path, replicas)
        version = scale["metadata"].get("resourceVersion")
        if not version and not call.kind.is_builtin:
            version = live["metadata"]["resourceVersion"]
        of_scale = scale["metadata"].get("managedFields") or []
        owners = object_entries(owners, of_scale, live["apiVersion"], paths)
        said = {"resourceVersion": version, "managedFields": owners or None}
        return metadata.with_metadata(new, new["metadata"] | said)

    code, obj = write(state, call, change, dry_run=options.dry_run)
    return Answer(code, scale_of(call.kind, obj))


def _replicas_paths(state: State, kind: Kind) -> ReplicasPaths:
    """Return where each version of a kind keeps its replicas."""
    return {
        version.resource.kind.api_version: ScalePaths.of(version).spec_replicas
        for version in state.catalogue
        if version.storage == kind.storage and "scale" in version.resource.subresources
    }


def _to_change(kind: Kind, live: Object, owners: list[Object]) -> Object:
    """Return the Scale of a live object as it is patched: with owners, and with what is not set marked."""
    scale = scale_of(kind, live)
    scale = metadata.with_metadata(scale, scale["metadata"] | {"managedFields": owners or None})
    unset = not kind.is_builtin and _at(live, ScalePaths.of(kind).spec_replicas) is None
    return scale | {"spec": {"replicas": _UNSET}} if unset else scale


def _check(call: Call, live: Object, scale: Object) -> None:
    """Raise StatusError for a Scale that cannot be. Custom resources are validated once they are scaled."""
    replicas, name = scale["spec"].get("replicas", 0), call.target.name
    if not call.kind.is_builtin:
        if replicas == _UNSET:
            told = _told(ScalePaths.of(call.kind).spec_replicas)
            raise statuses.bad_request(f'the spec replicas field "{told}" cannot be empty')
        return
    if replicas < 0:
        causes = [invalid("spec.replicas", replicas, "must be greater than or equal to 0")]
        raise statuses.invalid(_SCALE.group_kind, name, causes)
    wanted, found = scale["metadata"].get("uid"), live["metadata"]["uid"]
    if wanted and wanted != found:
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
        resource = statuses.ResourceName(call.resource.group, f"{call.resource.resource}/scale")
        raise statuses.conflict(resource, name, why)


def _told(path: tuple[str, ...]) -> str:
    return "".join(f".{name}" for name in path)


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj if path else None


def _with(obj: Object, path: tuple[str, ...], value: Any) -> Object:
    first, *rest = path
    return obj | {first: _with(obj.get(first) or {}, tuple(rest), value) if rest else value}


def _selector_text(obj: Object) -> str:
    selector = (obj.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels") or {}
    parts = [f"{key}={labels[key]}" for key in sorted(labels)]
    for one in sorted(selector.get("matchExpressions") or (), key=lambda one: str(one["key"])):
        values = f"({','.join(sorted(one.get('values') or ()))})"
        form = {"In": "{} in {}", "NotIn": "{} notin {}", "Exists": "{}", "DoesNotExist": "!{}"}
        parts.append(form[one["operator"]].format(one["key"], values))
    return ",".join(parts)
