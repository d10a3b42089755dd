"""Pods and the pod specs of workloads, and what of a pod may change (``pkg/apis/core/validation``)."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, forbidden, invalid, not_supported, required
from gwdeployer.testing.apiserver.kinds.metadata import validate_annotations, validate_labels
from gwdeployer.testing.apiserver.kinds.validation.common import (
    check_one_of,
    check_syntax,
)
from gwdeployer.testing.apiserver.kinds.validation.containers import check_containers, check_ids
from gwdeployer.testing.apiserver.kinds.validation.volumes import check_volumes

Value = dict[str, Any]

_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_RESTARTS = ("Always", "OnFailure", "Never")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
    "(allow it to be set to 1 if it was previously negative)"
)


def validate_pod(pod: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Pod."""
    yield from _check_images(pod["spec"])
    yield from check_pod_spec(pod["spec"], "spec")
    if old is not None:
        yield from _check_change(pod["spec"], old["spec"])


def _check_images(spec: Value) -> Iterator[Cause]:
    """A template may still have spaces around an image, a pod no longer."""
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            image = container.get("image", "")
            if image != image.strip():
                path = at("spec", field, index, "image")
                yield invalid(path, image, "must not have leading or trailing whitespace")


def _check_change(spec: Value, before: Value) -> Iterator[Cause]:
    """Images, deadline, tolerations and grace period aside, a pod stays as it is."""
    if len(spec.get("containers") or ()) != len(before["containers"]):
        yield forbidden("spec.containers", "pod updates may not add or remove containers")
        return
    missing = [one for one in before.get("tolerations", ()) if one not in spec.get("tolerations", ())]
    if missing:
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", detail)
    if _fixed_part(spec) != _fixed_part(before) or not _may_end_in(spec, before):
        yield forbidden("spec", f"pod updates may not change fields other than {_UPDATABLE}\n")


def _may_end_in(spec: Value, before: Value) -> bool:
    new, old = (one.get("terminationGracePeriodSeconds", 0) for one in (spec, before))
    return bool(new == old or (new == 1 and old < 0))


def _fixed_part(spec: Value) -> Value:
    result = copy.deepcopy(spec)
    for name in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"):
        result.pop(name, None)
    for container in (*(result.get("containers") or ()), *result.get("initContainers", ())):
        container.pop("image", None)
    return result


def check_template(template: Value, path: str) -> Iterator[Cause]:
    """Yield what is wrong with the pod template of a workload."""
    metadata = template.get("metadata", {})
    yield from validate_labels(metadata.get("labels"), at(path, "metadata", "labels"))
    yield from validate_annotations(metadata.get("annotations"), at(path, "metadata", "annotations"))
    yield from check_pod_spec(template["spec"], at(path, "spec"))


def check_pod_spec(spec: Value, path: str) -> Iterator[Cause]:
    """Yield what is wrong with a pod's spec."""
    yield from check_volumes(spec.get("volumes", []), at(path, "volumes"))
    yield from check_containers(spec, path)
    yield from check_one_of(_RESTARTS, spec["restartPolicy"], at(path, "restartPolicy"))
    yield from check_one_of(_DNS_POLICIES, spec["dnsPolicy"], at(path, "dnsPolicy"))
    yield from validate_labels(spec.get("nodeSelector"), at(path, "nodeSelector"))
    yield from check_ids(
        spec["securityContext"], at(path, "securityContext"), "fsGroup", "runAsUser", "runAsGroup"
    )
    yield from _check_names(spec, path)
    yield from _check_spread(spec.get("topologySpreadConstraints", []), at(path, "topologySpreadConstraints"))
    yield from _check_tolerations(spec.get("tolerations", []), at(path, "tolerations"))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None:
        faults = syntax.in_range(deadline, 1, 2**31 - 1)
        yield from (invalid(at(path, "activeDeadlineSeconds"), deadline, fault) for fault in faults)


def _check_names(spec: Value, path: str) -> Iterator[Cause]:
    for name, rule in (
        ("serviceAccountName", syntax.dns_subdomain),
        ("nodeName", syntax.dns_subdomain),
        ("hostname", syntax.dns_label),
        ("subdomain", syntax.dns_label),
        ("priorityClassName", syntax.dns_subdomain),
    ):
        if spec.get(name):
            yield from check_syntax(rule, spec[name], at(path, name))


def _check_spread(constraints: list[Value], path: str) -> Iterator[Cause]:
    for index, constraint in enumerate(constraints):
        place = at(path, index)
        if constraint["maxSkew"] <= 0:
            yield invalid(at(place, "maxSkew"), constraint["maxSkew"], "must be greater than zero")
        if not constraint["topologyKey"]:
            yield required(at(place, "topologyKey"), "can not be empty")
        known = ("DoNotSchedule", "ScheduleAnyway")
        yield from check_one_of(known, constraint["whenUnsatisfiable"], at(place, "whenUnsatisfiable"))


def _check_tolerations(tolerations: list[Value], path: str) -> Iterator[Cause]:
    for index, toleration in enumerate(tolerations):
        place = at(path, index)
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        if key:
            yield from check_syntax(syntax.qualified_name, key, at(place, "key"))
        elif operator != "Exists":
            detail = (
                'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            )
            yield invalid(at(place, "operator"), operator, detail)
        yield from _check_operator(toleration, at(place, "operator"))
        yield from check_one_of(_EFFECTS, toleration.get("effect"), at(place, "effect"))


def _check_operator(toleration: Value, path: str) -> Iterator[Cause]:
    operator, value = toleration.get("operator", ""), toleration.get("value", "")
    if operator in ("", "Equal"):
        yield from check_syntax(syntax.label_value, value, path)
    elif operator != "Exists":
        yield not_supported(path, operator, ("Equal", "Exists"))
    elif value:
        yield invalid(path, value, "value must be empty when `operator` is 'Exists'")
