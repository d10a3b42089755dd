"""An InferencePool as the plugin sees it, whichever of the two APIs it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gwdeployer.errors import Fault, ParametersError, shown
from gwdeployer.objects import (
    KindRef,
    Object,
    ObjectRef,
    describe,
    dns_label,
    metadata_of,
    name_of,
    namespace_of,
)
from gwdeployer_inference.kinds import INFERENCE_POOL, INFERENCE_POOL_ALPHA
from gwdeployer_inference.reading import mapping

DEFAULT_PICKER_PORT = 9002
_MAX_PORT = 65535


class PickerRef(NamedTuple):
    """Where gateways find the pool's picker: ``endpointPickerRef``, or ``extensionRef`` of the alpha API.

    ``port`` is None where it is not said (or not a port: :func:`reference_faults` tells).
    """

    group: str
    kind: str
    name: str
    port: int | None
    path: str

    @property
    def is_service(self) -> bool:
        """Whether a Service is meant: the only kind we can stand behind."""
        return (self.group, self.kind) == ("", "Service")


class Pool(NamedTuple):
    """What decides about a pool's picker. ``ref`` is None where the pool names no picker."""

    kind: KindRef
    namespace: str
    name: str
    uid: str
    ref: PickerRef | None

    @property
    def reference(self) -> ObjectRef:
        """The pool itself."""
        return ObjectRef(self.kind, self.namespace, self.name)

    @property
    def picker(self) -> str:
        """The name of everything deployed for the pool, but for the Service."""
        return dns_label(f"{self.name}-epp")

    @property
    def service(self) -> str:
        """The name of the picker's Service: what the pool says, else one made of the pool's own."""
        return self.ref.name if self.ref else self.picker

    @property
    def port(self) -> int:
        """The port of the picker's Service."""
        return (self.ref.port if self.ref else None) or DEFAULT_PICKER_PORT


def pool_of(obj: Object) -> Pool:
    """Return what a pool says, as far as it can be understood. Cheap: nothing is validated."""
    alpha = KindRef.of_object(obj).group == INFERENCE_POOL_ALPHA.group
    spec = mapping(obj.get("spec"))
    return Pool(
        INFERENCE_POOL_ALPHA if alpha else INFERENCE_POOL,
        namespace_of(obj) or "default",
        name_of(obj),
        str(metadata_of(obj).get("uid") or ""),
        _alpha_ref(spec) if alpha else _ref(spec),
    )


def check_reference(pool: Pool, obj: Object) -> None:
    """Raise ParametersError for a reference to a picker that no Service can fulfil."""
    ref = pool.ref
    if ref is None or not ref.is_service:
        return
    faults = []
    if dns_label(ref.name) != ref.name:
        hint = "use lower-case letters, digits and '-', at most 63, beginning with a letter"
        faults.append(Fault(f"{shown(ref.name)} is not the name of a Service", f"{ref.path}.name", hint=hint))
    if ref.port is not None and not (ref.port.__class__ is int and 1 <= ref.port <= _MAX_PORT):
        message = f"{shown(ref.port)} is not a port"
        faults.append(Fault(message, _port_path(pool), hint=f"use 1 to {_MAX_PORT}"))
    if ref.port is None and pool.kind == INFERENCE_POOL:
        faults.append(Fault("a Service needs a port", _port_path(pool), hint="set it, such as 9002"))
    if faults:
        raise ParametersError([Fault(f.message, f.path, describe(obj), hint=f.hint) for f in faults])


def _port_path(pool: Pool) -> str:
    path = pool.ref.path if pool.ref else ""
    return f"{path}.port.number" if pool.kind == INFERENCE_POOL else f"{path}.portNumber"


def _ref(spec: Mapping[str, Any]) -> PickerRef | None:
    ref = spec.get("endpointPickerRef")
    if not isinstance(ref, Mapping):
        return None
    return _reference(ref, mapping(ref.get("port")).get("number"), "spec.endpointPickerRef")


def _alpha_ref(spec: Mapping[str, Any]) -> PickerRef | None:
    ref = spec.get("extensionRef")
    if not isinstance(ref, Mapping):
        return None
    return _reference(ref, ref.get("portNumber"), "spec.extensionRef")


def _reference(ref: Mapping[str, Any], port: Any, path: str) -> PickerRef:
    kind = str(ref.get("kind") or "Service")
    return PickerRef(str(ref.get("group") or ""), kind, str(ref.get("name") or ""), port, path)
