"""Overlays: strategic merge patches that a layer's parameters lay over the rendered objects.

All layers patch the objects first, in their order. Then the autoscalers and the disruption budget that any
layer asks for are made, one of each, over the finished workload; each layer patches them in turn.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gwdeployer.documents import copy
from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context, Patch
from gwdeployer.objects import IdentityCache, KindRef, Object, describe
from gwdeployer.objects.types import faults_of, type_info, type_of_kind
from gwdeployer.parameters import Layer
from gwdeployer.provenance import Origin

PODDISRUPTIONBUDGET = KindRef("policy", "v1", "PodDisruptionBudget")
HORIZONTALPODAUTOSCALER = KindRef("autoscaling", "v2", "HorizontalPodAutoscaler")
VERTICALPODAUTOSCALER = KindRef("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler")

WORKLOADS = frozenset({"Deployment", "DaemonSet"})
_MAX_SOUND = 1024


class OverlayFields(NamedTuple):
    """Where overlays stand in a kind of parameters: field by kind of object, below ``path``.

    ``patches`` change objects that are rendered, ``supports`` make objects of their own.
    """

    path: tuple[str, ...]
    patches: Mapping[str, str]
    supports: Mapping[str, KindRef]


class _Overlay(NamedTuple):
    """One layer's patch, and where it stands."""

    layer: Layer
    path: str
    patch: Mapping[str, Any]

    def fault(self, message: str, path: str = "", hint: str = "") -> Fault:
        where = f"{self.path}.{path}" if path else self.path
        return Fault(message, where, self.layer.source, self.layer.name, hint)

    @property
    def origin(self) -> Origin:
        """Where what the patch says came from."""
        return Origin(f"overlay of {self.layer.name}", f"{self.layer.source} {self.path}")


class Overlays:
    """The overlays of one kind of parameters. Safe for threads."""

    def __init__(self, fields: OverlayFields) -> None:
        """Find overlays in ``fields``."""
        self._fields = fields
        self._found: IdentityCache[_Found] = IdentityCache()
        self._sound: IdentityCache[set[Hashable]] = IdentityCache()

    @property
    def kinds(self) -> tuple[KindRef, ...]:
        """The kinds that overlays add to those of the chart."""
        return tuple(self._fields.supports.values())

    def apply(
        self, objects: list[Object], layers: tuple[Layer, ...], alike: Hashable, context: Context
    ) -> list[Object]:
        """Return the objects with the overlays of all layers, and the objects that overlays add.

        Changes none of ``objects``: one that is patched is another one. Objects are checked against their
        types before and after, once for each ``alike``: what tells apart the Gateways of these layers whose
        objects differ in more than text (their ports); None: each time. Raises ParametersError with the
        faults of all overlays, each with its layer and path.
        """
        found = self._found.get(layers, lambda: _find(layers, self._fields))
        sound = self._sound.get(layers, set)
        run = _Run(found, context, checks=alike is None or alike not in sound)
        if run.checks and (faults := [fault for obj in objects for fault in _rendered_faults(obj)]):
            raise ParametersError(faults)
        patched = run.patched(objects)
        if run.faults:
            raise ParametersError(run.faults)
        supports = run.supports(patched)
        if run.faults:
            raise ParametersError(run.faults)
        if alike is not None and len(sound) < _MAX_SOUND:
            sound.add(alike)
        return _without_replicas(patched, supports, context) + supports


class _Found(NamedTuple):
    """The overlays of some layers, by what they patch or make."""

    patches: dict[str, list[_Overlay]]
    supports: dict[KindRef, list[_Overlay]]


def _find(layers: Sequence[Layer], fields: OverlayFields) -> _Found:
    patches = {kind: list(_overlays(layers, fields.path, field)) for field, kind in fields.patches.items()}
    supports = {kind: list(_overlays(layers, fields.path, field)) for field, kind in fields.supports.items()}
    return _Found(
        {kind: overlays for kind, overlays in patches.items() if overlays},
        {kind: overlays for kind, overlays in supports.items() if overlays},
    )


@dataclass(slots=True)
class _Run:
    """One application of overlays, and the faults found on the way."""

    found: _Found
    context: Context
    checks: bool
    faults: list[Fault] = field(default_factory=list)

    def patched(self, objects: list[Object]) -> list[Object]:
        """Return the objects with every layer's patch."""
        kinds = {obj.get("kind") for obj in objects}
        for kind, overlays in self.found.patches.items():
            if kind not in kinds:
                message = f"patches a {kind}, and none is rendered"
                self.faults += [overlay.fault(message, hint="remove it") for overlay in overlays]
        return [self._over(obj, self.found.patches.get(obj["kind"], [])) for obj in objects]

    def supports(self, objects: Sequence[Object]) -> list[Object]:
        """Return the objects that overlays ask for, made for the finished workload and patched."""
        workload = next((obj for obj in objects if obj.get("kind") in WORKLOADS), None)
        made: list[Object] = []
        if workload is None:
            return made
        for kind, overlays in self.found.supports.items():
            if kind == HORIZONTALPODAUTOSCALER and workload["kind"] == "DaemonSet":
                hint = "remove it, or deploy a Deployment"
                self.faults += [o.fault("a DaemonSet cannot be scaled", hint=hint) for o in overlays]
                continue
            base = _support(kind, workload)
            note(self.context, base, base, Origin("workload", describe(workload)))
            made.append(self._over(base, overlays))
        return made

    def _over(self, obj: Object, overlays: Sequence[_Overlay]) -> Object:
        for overlay in overlays:
            from gwdeployer.objects.patch_merge import strategic_merge  # noqa: PLC0415 - where there is a patch

            note(self.context, obj, overlay.patch, overlay.origin)
            if overlay.patch.get("spec") and not _has_spec(obj):
                message = f"a {obj['kind']} has no spec"
                self.faults.append(overlay.fault(message, "spec", "patch its fields themselves"))
                return obj
            try:
                obj = strategic_merge(obj, overlay.patch)
            except ParametersError as error:
                self.faults += [overlay.fault(one.message, one.path, one.hint) for one in error.faults]
        if self.checks:
            self.faults += _type_faults(obj, overlays)
        return obj


def note(context: Context, obj: Object, patch: Mapping[str, Any], origin: Origin) -> None:
    """Note what is laid over an object, for whoever asks where its fields came from."""
    if context.trace:
        identity = obj["apiVersion"], obj["kind"], obj["metadata"]["name"]
        context.patches.append(Patch(identity, patch, origin))


def _rendered_faults(obj: Object) -> Iterator[Fault]:
    """Find what typed fields brought in that cannot be, such as a second volume of a built-in one's name."""
    type_name = type_of_kind(obj["apiVersion"], obj["kind"])
    for fault in faults_of(type_name, obj) if type_name else ():
        yield Fault(fault.message, fault.path, describe(obj), hint=fault.hint)


def _support(kind: KindRef, workload: Object) -> Object:
    """Return the object as it is before any layer patches it: about the finished workload."""
    name = workload["metadata"]["name"]
    target = {"apiVersion": workload["apiVersion"], "kind": workload["kind"], "name": name}
    spec: dict[str, Any] = {
        PODDISRUPTIONBUDGET: {"selector": copy(workload["spec"]["selector"])},
        HORIZONTALPODAUTOSCALER: {"scaleTargetRef": target},
        VERTICALPODAUTOSCALER: {"targetRef": target},
    }[kind]
    metadata = {"name": name, "labels": dict(workload["metadata"].get("labels") or {})}
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}


def _without_replicas(objects: list[Object], supports: Sequence[Object], context: Context) -> list[Object]:
    """Leave the number of replicas to the autoscaler, whoever set it: the two would fight otherwise."""
    if not any(obj["kind"] == HORIZONTALPODAUTOSCALER.kind for obj in supports):
        return objects
    return [_left_to_autoscaler(obj, context) if _sets_replicas(obj) else obj for obj in objects]


def _sets_replicas(obj: Object) -> bool:
    return obj["kind"] in WORKLOADS and "replicas" in obj["spec"]


def _left_to_autoscaler(workload: Object, context: Context) -> Object:
    whose = "left to the HorizontalPodAutoscaler"
    context.warn(f"is {whose}", "spec.replicas", subject=describe(workload), hint="set minReplicas instead")
    note(context, workload, {"spec": {"replicas": None}}, Origin(whose))
    spec = {key: value for key, value in workload["spec"].items() if key != "replicas"}
    return {**workload, "spec": spec}


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
