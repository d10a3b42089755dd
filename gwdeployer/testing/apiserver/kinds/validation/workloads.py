"""Deployments, DaemonSets, ReplicaSets, StatefulSets, Jobs (``pkg/apis/apps`` and ``pkg/apis/batch``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.objects.selectors import matches
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, forbidden, invalid, not_supported, required
from gwdeployer.testing.apiserver.kinds.metadata import immutable
from gwdeployer.testing.apiserver.kinds.validation.common import (
    check_count_or_percent,
    check_counts,
    check_one_of,
    check_selector,
)
from gwdeployer.testing.apiserver.kinds.validation.pods import check_template

Value = dict[str, Any]

_TEMPLATE = "spec.template"
_STATEFUL_FREE = (
    *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"),
    *("persistentVolumeClaimRetentionPolicy", "minReadySeconds"),
)
_STATEFUL_FORBIDDEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def validate_deployment(deployment: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Deployment."""
    spec = deployment["spec"]
    yield from check_counts(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from _check_selected(spec, "deployment")
    yield from _check_deployment_strategy(spec["strategy"], "spec.strategy")
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        yield from check_counts(spec, "spec", "progressDeadlineSeconds")
        if deadline <= spec.get("minReadySeconds", 0):
            yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    yield from _check_same_selector(deployment, old)


def validate_replica_set(replica_set: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a ReplicaSet."""
    spec = replica_set["spec"]
    yield from check_counts(spec, "spec", "replicas", "minReadySeconds")
    yield from _check_selected(spec, "deployment")
    yield from _check_same_selector(replica_set, old)


def validate_deployment_status(deployment: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Deployment's status."""
    yield from _check_status(deployment["status"], ("updatedReplicas", "readyReplicas", "availableReplicas"))


def validate_replica_set_status(replica_set: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a ReplicaSet's status."""
    counts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    yield from _check_status(replica_set["status"], counts)


_FURTHER_COUNTS = ("unavailableReplicas", "terminatingReplicas", "collisionCount")


def _check_status(status: Value, counts: tuple[str, ...]) -> Iterator[Cause]:
    yield from check_counts(status, "status", "replicas", *counts, "observedGeneration", *_FURTHER_COUNTS)
    for name in counts:
        if status.get(name, 0) > status.get("replicas", 0):
            yield invalid(at("status", name), status.get(name, 0), "cannot be greater than status.replicas")
    available = status.get("availableReplicas", 0)
    if available > status.get("readyReplicas", 0):
        yield invalid("status.availableReplicas", available, "cannot be greater than readyReplicas")


def validate_daemon_set(daemon_set: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a DaemonSet."""
    spec = daemon_set["spec"]
    yield from check_counts(spec, "spec", "minReadySeconds", "revisionHistoryLimit")
    yield from _check_selected(spec, "daemonset")
    strategy = spec["updateStrategy"]
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        yield not_supported("spec.updateStrategy", _in_go(strategy), ("RollingUpdate", "OnDelete"))
    elif strategy["type"] == "RollingUpdate":
        yield from _check_daemon_update(strategy["rollingUpdate"], "spec.updateStrategy.rollingUpdate")
    yield from _check_same_selector(daemon_set, old)


def validate_stateful_set(stateful_set: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a StatefulSet."""
    spec = stateful_set["spec"]
    management = spec["podManagementPolicy"]
    if management not in ("OrderedReady", "Parallel"):
        yield invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'")
    strategy = spec["updateStrategy"]
    if strategy["type"] not in ("RollingUpdate", "OnDelete"):
        yield invalid("spec.updateStrategy", _in_go(strategy), "must be 'RollingUpdate' or 'OnDelete'")
    yield from check_counts(spec, "spec", "replicas", "minReadySeconds")
    yield from _check_selected(spec, "statefulset")
    if old is not None and _fixed(spec) != _fixed(old["spec"]):
        yield forbidden("spec", _STATEFUL_FORBIDDEN)


def validate_job(job: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Job."""
    spec = job["spec"]
    yield from _check_job_spec(spec, "spec")
    if old is not None:
        for name in ("completions", "selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex"):
            yield from immutable(at("spec", name), spec.get(name), old["spec"].get(name))
        yield from immutable(_TEMPLATE, spec["template"], old["spec"]["template"])


def validate_cron_job(cron_job: Object, _old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a CronJob."""
    spec = cron_job["spec"]
    yield from _check_schedule(spec["schedule"], "spec.schedule")
    known = ("Allow", "Forbid", "Replace")
    yield from check_one_of(known, spec.get("concurrencyPolicy"), "spec.concurrencyPolicy")
    yield from check_counts(spec, "spec", "startingDeadlineSeconds")
    yield from check_counts(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    yield from _check_job_spec(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec")


def _check_schedule(schedule: str, path: str) -> Iterator[Cause]:
    if not schedule:
        yield required(path)
    elif not schedule.startswith("@") and len(fields := schedule.split()) != 5:  # noqa: PLR2004 - of cron
        detail = f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
        yield invalid(path, schedule, detail)


def _check_job_spec(spec: Value, path: str) -> Iterator[Cause]:
    names = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    yield from check_counts(spec, path, *names)
    yield from check_template(spec["template"], at(path, "template"))
    restart = spec["template"]["spec"]["restartPolicy"]
    place = at(path, "template", "spec", "restartPolicy")
    if restart == "Always":
        yield required(place, 'valid values: "OnFailure", "Never"')
    else:
        yield from check_one_of(("OnFailure", "Never"), restart, place)


def _check_selected(spec: Value, kind: str) -> Iterator[Cause]:
    """Check that a workload selects the pods of its own template, which always restart."""
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
    elif faults := list(check_selector(selector, "spec.selector")):
        yield from faults
        yield invalid("spec.selector", selector, "invalid label selector")
        return
    elif not any(selector.values()):
        yield invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
    labels = spec["template"].get("metadata", {}).get("labels")
    if selector != {} and not matches(selector, labels):
        detail = "`selector` does not match template `labels`"
        yield invalid(f"{_TEMPLATE}.metadata.labels", labels, detail)
    yield from check_template(spec["template"], _TEMPLATE)
    restart = spec["template"]["spec"]["restartPolicy"]
    if restart != "Always":
        yield not_supported(f"{_TEMPLATE}.spec.restartPolicy", restart, ["Always"])


def _check_same_selector(obj: Object, old: Object | None) -> Iterator[Cause]:
    if old is not None:
        yield from immutable("spec.selector", obj["spec"].get("selector"), old["spec"].get("selector"))


def _check_deployment_strategy(strategy: Value, path: str) -> Iterator[Cause]:
    kind, rolling = strategy["type"], strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            detail = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(at(path, "rollingUpdate"), detail)
    elif kind != "RollingUpdate":
        yield not_supported(path, _in_go(strategy), ("Recreate", "RollingUpdate"))
    else:
        yield from _check_rolling(rolling or {}, at(path, "rollingUpdate"))


def _check_rolling(rolling: Value, path: str) -> Iterator[Cause]:
    for name in ("maxUnavailable", "maxSurge"):
        yield from _check_share(rolling.get(name), at(path, name), limited=name == "maxUnavailable")
    if _is_none(rolling.get("maxUnavailable")) and _is_none(rolling.get("maxSurge")):
        detail = "may not be 0 when `maxSurge` is 0"
        yield invalid(at(path, "maxUnavailable"), rolling.get("maxUnavailable"), detail)


def _check_daemon_update(rolling: Value, path: str) -> Iterator[Cause]:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    for name in ("maxUnavailable", "maxSurge"):
        yield from _check_share(rolling.get(name), at(path, name), limited=True)
    if not _is_none(unavailable) and not _is_none(surge):
        yield invalid(at(path, "maxSurge"), surge, "may not be set when maxUnavailable is non-zero")
    elif _is_none(unavailable) and _is_none(surge):
        yield required(at(path, "maxUnavailable"), "cannot be 0 when maxSurge is 0")


def _check_share(value: int | str | None, path: str, *, limited: bool) -> Iterator[Cause]:
    causes = check_count_or_percent(value, path)
    yield from (cause for cause in causes if limited or "100%" not in cause.message)


def _is_none(value: int | str | None) -> bool:
    return value in (None, 0) or (
        isinstance(value, str) and value.rstrip("%").strip("0") == "" and value[:1] == "0"
    )


def _in_go(strategy: Value) -> Value:
    """Return an update strategy as the server's own type prints it."""
    rolling = strategy.get("rollingUpdate")
    if rolling is not None:
        rolling = {name[0].upper() + name[1:]: rolling[name] for name in sorted(rolling, reverse=True)}
    return {"Type": strategy["type"], "RollingUpdate": rolling}


def _fixed(spec: Value) -> Value:
    return {name: value for name, value in spec.items() if name not in _STATEFUL_FREE}
