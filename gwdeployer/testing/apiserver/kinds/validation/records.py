"""Small kinds: Leases, Events, EndpointSlices, and claims of storage."""

from __future__ import annotations

from collections.abc import Iterator

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, invalid, not_supported, required
from gwdeployer.testing.apiserver.kinds.metadata import immutable
from gwdeployer.testing.apiserver.kinds.validation.common import (
    PROTOCOLS,
    check_not_negative,
    check_one_of,
    check_syntax,
)

_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


def validate_lease(lease: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Lease."""
    spec = lease.get("spec", {})
    duration = spec.get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        yield invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")
    yield from check_not_negative(spec.get("leaseTransitions"), "spec.leaseTransitions")


def validate_event(event: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with an Event of the core group: it is about something in its own namespace."""
    about = event["involvedObject"].get("namespace", "")
    namespace = event["metadata"].get("namespace", "")
    if about and about != namespace:
        yield invalid("involvedObject.namespace", about, "does not match event.namespace")
    elif not about and namespace != "default":
        detail = "does not match event.namespace"
        yield invalid("involvedObject.namespace", about, detail)


def validate_new_event(event: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with an Event of events.k8s.io; old ones had less."""
    if old is not None:
        return
    if event.get("eventTime") is None:
        yield required("eventTime")
    kind = event.get("type", "")
    if kind not in ("Normal", "Warning"):
        yield invalid("type", kind, f"has invalid value: {kind}")
    for name in ("reportingController", "reportingInstance", "action", "reason"):
        if event.get("eventTime") is not None and not event.get(name):
            yield required(name)


def validate_endpoint_slice(endpoints: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with an EndpointSlice."""
    kind = endpoints["addressType"]
    if not kind:
        yield required("addressType")
    elif kind not in _ADDRESS_TYPES:
        yield not_supported("addressType", kind, _ADDRESS_TYPES)
    if old is not None:
        yield from immutable("addressType", kind, old["addressType"])
    for index, endpoint in enumerate(endpoints["endpoints"] or ()):
        if not endpoint["addresses"]:
            yield required(at("endpoints", index, "addresses"), "must contain at least 1 address")
    for index, port in enumerate(endpoints["ports"] or ()):
        if port.get("name"):
            yield from check_syntax(syntax.dns_label, port["name"], at("ports", index, "name"))
        yield from check_one_of(PROTOCOLS, port.get("protocol"), at("ports", index, "protocol"))


def validate_claim(claim: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a PersistentVolumeClaim."""
    spec = claim["spec"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in spec["resources"].get("requests", {}):
        yield required("spec.resources[storage]")
