"""Overlays: strategic merge patches that a layer's parameters lay over the rendered objects.

All layers patch the objects first, in their order. Then the autoscalers and the disruption budget that any
layer asks for are made, one of each, over the finished workload; each layer patches them in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context, Patch
from gwdeployer.objects import KindRef, Object, describe, strategic_merge
from gwdeployer.objects.types import faults_of, type_info, type_of_kind
from gwdeployer.parameters import Layer
from gwdeployer.provenance import Origin

PODDISRUPTIONBUDGET = KindRef("policy", "v1", "PodDisruptionBudget")
HORIZONTALPODAUTOSCALER = KindRef("autoscaling", "v2", "HorizontalPodAutoscaler")
VERTICALPODAUTOSCALER = KindRef("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler")

WORKLOADS = frozenset({"Deployment", "DaemonSet"})


@dataclass(frozen=True, slots=True)
class OverlayFields:
    """Where overlays stand in a kind of parameters: field by kind of object, below ``path``.

    ``patches`` change objects that are rendered, ``supports`` make objects of their own.
    """

    path: tuple[str, ...]
    patches: Mapping[str, str]
    supports: Mapping[str, KindRef]

    def kinds(self) -> tuple[KindRef, ...]:
        """The kinds that overlays add to those of the chart."""
        return tuple(self.supports.values())


@dataclass(frozen=True, slots=True)
class _Overlay:
    """One layer's patch, and where it stands."""

    layer: Layer
    path: str
    patch: Mapping[str, Any]

    def fault(self, message: str, path: str = "", hint: str = "") -> Fault:
        where = f"{self.path}.{path}" if path else self.path
        return Fault(message, where, self.layer.source, self.layer.name, hint)

    def over(self, obj: Object, faults: list[Fault], context: Context) -> Object:
        """Return the object patched; what is wrong with the patch goes to ``faults``."""
        if context.trace:
            identity = obj["apiVersion"], obj["kind"], obj["metadata"]["name"]
            origin = Origin(f"overlay of {self.layer.name}", f"{self.layer.source} {self.path}")
            context.patches.append(Patch(identity, self.patch, origin))
        try:
            return strategic_merge(obj, self.patch)
        except ParametersError as error:
            faults += [self.fault(fault.message, fault.path, fault.hint) for fault in error.faults]
            return obj


def has_overlays(layers: Sequence[Layer], fields: OverlayFields) -> bool:
    """Return whether any layer has an overlay."""
    return any(
        True for field in (*fields.patches, *fields.supports) for _ in _overlays(layers, fields.path, field)
    )


def apply_overlays(
    objects: Sequence[Object], layers: Sequence[Layer], fields: OverlayFields, context: Context
) -> list[Object]:
    """Return the objects with the overlays of all layers, and the objects that overlays add.

    Raises ParametersError with the faults of all overlays, each with its layer and path.
    """
    faults: list[Fault] = []
    patched = _patched(list(objects), layers, fields, faults, context)
    supports = _supports(patched, layers, fields, faults, context)
    if faults:
        raise ParametersError(faults)
    return _without_replicas(patched, supports, context) + supports


def _patched(
    objects: list[Object],
    layers: Sequence[Layer],
    fields: OverlayFields,
    faults: list[Fault],
    context: Context,
) -> list[Object]:
    touched: dict[str, list[_Overlay]] = {}
    for field, kind in fields.patches.items():
        for overlay in _overlays(layers, fields.path, field):
            found = [position for position, obj in enumerate(objects) if obj.get("kind") == kind]
            if not found:
                faults.append(overlay.fault(f"patches a {kind}, and none is rendered", hint="remove it"))
            if overlay.patch.get("spec") and not _has_spec(objects[found[0]] if found else {}):
                faults.append(overlay.fault(f"a {kind} has no spec", "spec", "patch its fields themselves"))
                continue
            for position in found:
                objects[position] = overlay.over(objects[position], faults, context)
                touched.setdefault(kind, []).append(overlay)
    for obj in objects:
        faults += _type_faults(obj, touched.get(obj["kind"], ()))
    return objects


def _supports(
    objects: Sequence[Object],
    layers: Sequence[Layer],
    fields: OverlayFields,
    faults: list[Fault],
    context: Context,
) -> list[Object]:
    workload = next((obj for obj in objects if obj.get("kind") in WORKLOADS), None)
    found: list[Object] = []
    for field, kind in fields.supports.items():
        overlays = list(_overlays(layers, fields.path, field))
        if not overlays or workload is None:
            continue
        if kind == HORIZONTALPODAUTOSCALER and workload["kind"] == "DaemonSet":
            hint = "remove it, or deploy a Deployment"
            faults += [overlay.fault("a DaemonSet cannot be scaled", hint=hint) for overlay in overlays]
            continue
        obj = _support(kind, workload)
        if context.trace:
            identity = obj["apiVersion"], obj["kind"], obj["metadata"]["name"]
            context.patches.append(Patch(identity, obj, Origin("workload", describe(workload))))
        for overlay in overlays:
            obj = overlay.over(obj, faults, context)
        faults += _type_faults(obj, overlays)
        found.append(obj)
    return found


def _support(kind: KindRef, workload: Object) -> Object:
    """Return the object as it is before any layer patches it: about the finished workload."""
    name = workload["metadata"]["name"]
    target = {"apiVersion": workload["apiVersion"], "kind": workload["kind"], "name": name}
    spec: dict[str, Any] = {
        PODDISRUPTIONBUDGET: {"selector": {"matchLabels": dict(workload["spec"]["selector"]["matchLabels"])}},
        HORIZONTALPODAUTOSCALER: {"scaleTargetRef": target},
        VERTICALPODAUTOSCALER: {"targetRef": target},
    }[kind]
    metadata = {"name": name, "labels": dict(workload["metadata"].get("labels") or {})}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


def _without_replicas(objects: list[Object], supports: Sequence[Object], context: Context) -> list[Object]:
    """Leave the number of replicas to the autoscaler, whoever set it: the two would fight otherwise."""
    if not any(obj["kind"] == HORIZONTALPODAUTOSCALER.kind for obj in supports):
        return objects
    for obj in objects:
        if obj["kind"] in WORKLOADS and "replicas" in obj["spec"]:
            obj["spec"] = {key: value for key, value in obj["spec"].items() if key != "replicas"}
            message = "is left to the HorizontalPodAutoscaler"
            context.warn(message, "spec.replicas", subject=describe(obj), hint="set minReplicas instead")
    return objects


def _overlays(layers: Sequence[Layer], path: Sequence[str], field: str) -> Iterator[_Overlay]:
    """Yield the patches that layers have in a field, least important layer first."""
    for layer in layers:
        place: Any = layer.values
        for name in (*path, field):
            place = place.get(name) if isinstance(place, Mapping) else None
        if isinstance(place, Mapping):
            patch = {key: value for key, value in place.items() if value is not None}
            yield _Overlay(layer, ".".join(("spec", *path, field)), patch)


def _type_faults(obj: Object, overlays: Sequence[_Overlay]) -> Iterator[Fault]:
    """Yield what the API server would refuse in a patched object, blamed on the last layer at that place."""
    type_name = type_of_kind(obj["apiVersion"], obj["kind"]) if overlays else None
    if type_name is None:
        return
    for fault in faults_of(type_name, obj):
        guilty = next((o for o in reversed(overlays) if _touches(o.patch, fault.path)), overlays[-1])
        yield guilty.fault(fault.message, fault.path, fault.hint)


def _has_spec(obj: Object) -> bool:
    type_name = type_of_kind(str(obj.get("apiVersion")), str(obj.get("kind")))
    fields = type_info(type_name).fields if type_name else None
    return fields is None or "spec" in fields


def _touches(patch: Mapping[str, Any], path: str) -> bool:
    """Return whether a patch says anything on the way to a path (list items count as a whole)."""
    place: Any = patch
    for name in path.split("[", 1)[0].split("."):
        if not isinstance(place, Mapping) or name not in place:
            return False
        place = place[name]
    return True
