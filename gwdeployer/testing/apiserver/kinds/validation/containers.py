"""A pod's containers: names, images, ports, environment, resources, probes (``pkg/apis/core/validation``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects.quantities import amount
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    at,
    duplicate,
    forbidden,
    invalid,
    keyed,
    required,
)
from gwdeployer.testing.apiserver.kinds.validation.common import (
    NOT_NEGATIVE,
    PROTOCOLS,
    check_counts,
    check_name,
    check_one_of,
    check_port_number_or_name,
    check_syntax,
)
from gwdeployer.testing.apiserver.kinds.validation.volumes import check_mounts

Value = dict[str, Any]

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
_PROBE_COUNTS = (
    *("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"),
)
_STANDARD = ("cpu", "memory", "ephemeral-storage")
_HIGHEST_ID = 2**31 - 1


def check_containers(spec: Value, path: str) -> Iterator[Cause]:
    """Yield what is wrong with the containers of a pod; their names are unique among all of them."""
    containers, first = spec.get("containers") or [], spec.get("initContainers", [])
    if not containers:
        yield required(at(path, "containers"))
    names: set[str] = set()
    for field, group in (("containers", containers), ("initContainers", first)):
        for index, container in enumerate(group):
            place = at(path, field, index)
            yield from _check_container(container, spec, place)
            name = container.get("name", "")
            if name in names:
                yield duplicate(at(place, "name"), name)
            names |= {name} - {""}
            if field == "containers" or container.get("restartPolicy") == "Always":
                yield from _check_probes(container, place)


def _check_container(container: Value, spec: Value, path: str) -> Iterator[Cause]:
    yield from check_name(syntax.dns_label, container.get("name", ""), at(path, "name"))
    if not container.get("image"):
        yield required(at(path, "image"))
    pulls = ("Always", "IfNotPresent", "Never")
    yield from check_one_of(pulls, container["imagePullPolicy"], at(path, "imagePullPolicy"))
    messages = ("File", "FallbackToLogsOnError")
    yield from check_one_of(
        messages, container["terminationMessagePolicy"], at(path, "terminationMessagePolicy")
    )
    yield from _check_ports(container.get("ports", []), spec, at(path, "ports"))
    yield from _check_environment(container.get("env", []), at(path, "env"))
    yield from check_mounts(
        container.get("volumeMounts", []), spec.get("volumes", []), at(path, "volumeMounts")
    )
    yield from check_resources(container.get("resources", {}), at(path, "resources"))
    yield from _check_security(container.get("securityContext"), at(path, "securityContext"))


def _check_ports(ports: list[Value], spec: Value, path: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        place = at(path, index)
        name = port.get("name", "")
        if name:
            yield from check_syntax(syntax.port_name, name, at(place, "name"))
            if name in names:
                yield duplicate(at(place, "name"), name)
            names.add(name)
        if not port["containerPort"]:
            yield required(at(place, "containerPort"))
        else:
            yield from check_syntax(syntax.port_number, port["containerPort"], at(place, "containerPort"))
        if "hostPort" in port:
            yield from _check_host_port(port, spec, at(place, "hostPort"))
        yield from check_one_of(PROTOCOLS, port["protocol"], at(place, "protocol"))


def _check_host_port(port: Value, spec: Value, path: str) -> Iterator[Cause]:
    yield from check_syntax(syntax.port_number, port["hostPort"], path)
    if spec.get("hostNetwork") and port["hostPort"] != port["containerPort"]:
        yield invalid(path, port["hostPort"], "must match `containerPort` when `hostNetwork` is true")


def _check_environment(variables: list[Value], path: str) -> Iterator[Cause]:
    for index, variable in enumerate(variables):
        place = at(path, index)
        name = variable.get("name", "")
        yield from check_name(syntax.env_name, name, at(place, "name"))
        if "valueFrom" in variable:
            yield from _check_source(variable, at(place, "valueFrom"))


def _check_source(variable: Value, path: str) -> Iterator[Cause]:
    sources = [name for name in _SOURCES if name in variable["valueFrom"]]
    if not sources:
        listed = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        yield invalid(path, "", f"must specify one of: {listed}")
    elif variable.get("value"):
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif len(sources) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")
    for name in sources:
        yield from _check_reference(name, variable["valueFrom"][name], at(path, name))


def _check_reference(kind: str, reference: Value, path: str) -> Iterator[Cause]:
    if kind == "fieldRef":
        field = reference["fieldPath"]
        if not field:
            yield required(at(path, "fieldPath"))
        elif field not in _FIELDS and not field.startswith(("metadata.labels[", "metadata.annotations[")):
            detail = f"error converting fieldPath: field label not supported: {field}"
            yield invalid(at(path, "fieldPath"), field, detail)
    elif kind in ("configMapKeyRef", "secretKeyRef"):
        for name in ("name", "key"):
            if not reference.get(name):
                yield required(at(path, name))


def check_resources(resources: Value, path: str) -> Iterator[Cause]:
    """Yield what is wrong with requests and limits."""
    limits = resources.get("limits", {})
    for kind in ("limits", "requests"):
        for name, quantity in resources.get(kind, {}).items():
            yield from _check_resource(name, quantity, keyed(at(path, kind), name))
    for name, quantity in resources.get("requests", {}).items():
        if name in limits and amount(quantity) > amount(limits[name]):
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            yield invalid(at(path, "requests"), quantity, detail)


def _check_resource(name: str, quantity: str, path: str) -> Iterator[Cause]:
    yield from check_syntax(syntax.qualified_name, name, path)
    if "/" not in name and name not in _STANDARD and not name.startswith("hugepages-"):
        yield invalid(path, name, "must be a standard resource for containers")
    if amount(quantity) < 0:
        yield invalid(path, quantity, NOT_NEGATIVE)


def _check_security(context: Value | None, path: str) -> Iterator[Cause]:
    if context is None:
        return
    yield from check_ids(context, path, "runAsUser", "runAsGroup")
    if context.get("allowPrivilegeEscalation") is False and context.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield invalid(path, _security_in_go(context), detail)


def check_ids(context: Value, path: str, *names: str) -> Iterator[Cause]:
    """Yield a cause for each of the named fields that is no user's or group's number."""
    for name in names:
        if name in context:
            faults = syntax.in_range(context[name], 0, _HIGHEST_ID)
            yield from (invalid(at(path, name), context[name], fault) for fault in faults)


def _security_in_go(context: Value) -> Value:
    """Return a security context as the server's own type prints it."""
    names = (
        *("capabilities", "privileged", "seLinuxOptions", "windowsOptions", "runAsUser", "runAsGroup"),
        *("runAsNonRoot", "readOnlyRootFilesystem", "allowPrivilegeEscalation", "procMount"),
        *("seccompProfile", "appArmorProfile"),
    )
    return {_go_name(name): context.get(name) for name in names}


def _go_name(name: str) -> str:
    return "SELinuxOptions" if name == "seLinuxOptions" else name[0].upper() + name[1:]


def _check_probes(container: Value, path: str) -> Iterator[Cause]:
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is not None:
            yield from _check_probe(probe, at(path, name))
            threshold = probe.get("successThreshold", 1)
            if name != "readinessProbe" and threshold != 1:
                yield invalid(at(path, name, "successThreshold"), threshold, "must be 1")


def _check_probe(probe: Value, path: str) -> Iterator[Cause]:
    handlers = [name for name in _HANDLERS if name in probe]
    if not handlers:
        yield required(path, "must specify a handler type")
    for name in handlers[1:]:
        yield forbidden(at(path, name), "may not specify more than 1 handler type")
    for name in handlers[:1]:
        yield from _check_handler(name, probe[name], at(path, name))
    yield from check_counts(probe, path, *_PROBE_COUNTS)


def _check_handler(kind: str, handler: Value, path: str) -> Iterator[Cause]:
    if kind == "exec" and not handler.get("command"):
        yield required(at(path, "command"))
    if kind in ("httpGet", "tcpSocket"):
        yield from check_port_number_or_name(handler["port"], at(path, "port"))
    if kind == "httpGet":
        yield from check_one_of(("HTTP", "HTTPS"), handler.get("scheme"), at(path, "scheme"))
    if kind == "grpc":
        yield from check_syntax(syntax.port_number, handler["port"], at(path, "port"))
