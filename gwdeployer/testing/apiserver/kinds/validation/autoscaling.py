"""HorizontalPodAutoscalers: bounds, target, metrics, behaviour (``pkg/apis/autoscaling/validation``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.objects.quantities import amount
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, forbidden, invalid, not_supported, required
from gwdeployer.testing.apiserver.kinds.validation.common import check_one_of, check_selector, check_syntax

Value = dict[str, Any]

_MAX_PERIOD = 1800
_MAX_WINDOW = 3600
#: The field that each type of metric is told in.
_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}


def validate_autoscaler(autoscaler: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a HorizontalPodAutoscaler."""
    spec = autoscaler["spec"]
    low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
    if low < 1:
        yield invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if high < 1:
        yield required("spec.maxReplicas", "must be set and greater than 0")
    if high < low:
        yield invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    yield from _check_target(spec["scaleTargetRef"], "spec.scaleTargetRef")
    yield from _check_metrics(spec.get("metrics", []), low)
    behavior = spec.get("behavior", {})
    for name in ("scaleUp", "scaleDown"):
        if name in behavior:
            yield from _check_rules(behavior[name], at("spec.behavior", name))


def _check_target(target: Value, path: str) -> Iterator[Cause]:
    for name in ("kind", "name"):
        if not target[name]:
            yield required(at(path, name))
        else:
            yield from check_syntax(syntax.path_segment, target[name], at(path, name))
    version = target.get("apiVersion", "")
    if not version:
        yield invalid(at(path, "apiVersion"), version, "apiVersion must specify API group")


def _check_metrics(metrics: list[Value], low: int) -> Iterator[Cause]:
    for index, metric in enumerate(metrics):
        yield from _check_metric(metric, at("spec.metrics", index))
    if low == 0 and not any(metric["type"] in ("Object", "External") for metric in metrics):
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden("spec.metrics", detail)


def _check_metric(metric: Value, path: str) -> Iterator[Cause]:
    kind = metric["type"]
    if not kind:
        yield required(at(path, "type"), "must specify a metric source type")
        yield not_supported(at(path, "type"), kind, _SOURCES)
    elif kind not in _SOURCES:
        # Said once by the check of the type, once by that of the sources.
        yield from [not_supported(at(path, "type"), kind, _SOURCES)] * 2
    elif _SOURCES[kind] not in metric:
        yield required(at(path, _SOURCES[kind]), "must populate information for the given metric source")
    for name, field in _SOURCES.items():
        if field in metric:
            yield from _check_source(metric[field], at(path, field))
            if name != kind and kind in _SOURCES:
                detail = "must populate the given metric source only"
                yield forbidden(at(path, field), detail)


def _check_source(source: Value, path: str) -> Iterator[Cause]:
    if "metric" in source:
        name = source["metric"]["name"]
        if not name:
            yield required(at(path, "metric", "name"), "must specify a metric name")
        else:
            yield from check_syntax(syntax.path_segment, name, at(path, "metric", "name"))
        yield from check_selector(source["metric"].get("selector"), at(path, "metric", "selector"))
    elif not source.get("name"):
        yield required(at(path, "name"), "must specify a resource name")
    if "describedObject" in source:
        yield from _check_target(source["describedObject"], at(path, "describedObject"))
    yield from _check_amount(source["target"], at(path, "target"), counted="metric" not in source)


def _check_amount(target: Value, path: str, *, counted: bool) -> Iterator[Cause]:
    if not target["type"]:
        yield required(at(path, "type"), "must specify a metric target type")
    yield from check_one_of(
        ("Utilization", "Value", "AverageValue"), target["type"] or None, at(path, "type")
    )
    for name in ("value", "averageValue"):
        if name in target and amount(target[name]) <= 0:
            yield invalid(at(path, name), target[name], "must be positive")
    share = target.get("averageUtilization")
    if share is not None and share < 1:
        yield invalid(at(path, "averageUtilization"), share, "must be greater than 0")
    if counted and share is None and "averageValue" not in target:
        detail = "must set either a target raw value or a target utilization"
        yield required(at(path, "averageUtilization"), detail)
    elif counted and share is not None and "averageValue" in target:
        detail = "may not set both a target raw value and a target utilization"
        yield forbidden(at(path, "averageValue"), detail)
    elif not counted and "value" not in target and "averageValue" not in target:
        yield required(at(path, "averageValue"), "must specify a positive target averageValue")


def _check_rules(rules: Value, path: str) -> Iterator[Cause]:
    window = rules.get("stabilizationWindowSeconds", 0)
    if window < 0:
        yield invalid(at(path, "stabilizationWindowSeconds"), window, "must be greater than or equal to zero")
    if window > _MAX_WINDOW:
        detail = f"must be less than or equal to {_MAX_WINDOW}"
        yield invalid(at(path, "stabilizationWindowSeconds"), window, detail)
    yield from check_one_of(("Disabled", "Max", "Min"), rules.get("selectPolicy"), at(path, "selectPolicy"))
    if not rules.get("policies"):
        yield required(at(path, "policies"), "must specify at least one Policy")
    for index, policy in enumerate(rules.get("policies") or ()):
        yield from _check_policy(policy, at(path, "policies", index))


def _check_policy(policy: Value, path: str) -> Iterator[Cause]:
    yield from check_one_of(("Percent", "Pods"), policy["type"], at(path, "type"))
    for name in ("value", "periodSeconds"):
        if policy[name] <= 0:
            yield invalid(at(path, name), policy[name], "must be greater than zero")
    if policy["periodSeconds"] > _MAX_PERIOD:
        detail = f"must be less than or equal to {_MAX_PERIOD}"
        yield invalid(at(path, "periodSeconds"), policy["periodSeconds"], detail)
