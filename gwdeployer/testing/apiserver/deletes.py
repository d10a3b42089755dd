"""Deleting: preconditions, finalizers, grace, and what the garbage collector is asked to do.

An object with finalizers is only marked; it goes with the last of them. Source: ``k8s.io/apiserver``,
``pkg/registry/generic/registry/store.go`` (``Delete``) and ``pkg/registry/rest/delete.go``; for Namespaces
``pkg/registry/core/namespace/storage`` of Kubernetes.
"""

from __future__ import annotations

from datetime import timedelta

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import statuses
from gwdeployer.testing.apiserver.content import options_in
from gwdeployer.testing.apiserver.metadata import FOREGROUND, ORPHAN, with_metadata
from gwdeployer.testing.apiserver.options import DeleteOptions, delete_options, list_options
from gwdeployer.testing.apiserver.reads import listed
from gwdeployer.testing.apiserver.state import NAMESPACES, Answer, Call, State, timestamp
from gwdeployer.testing.apiserver.statuses import ResourceName, StatusError
from gwdeployer.testing.apiserver.writes import live_object, remove

#: Namespaces that are always there.
IMMORTAL = ("default", "kube-system", "kube-public")

#: Resources whose deletion is answered with the object that was deleted; for others it is a Status.
_RETURNED = {
    *("persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourcequotas"),
    *("serviceaccounts", "services", "namespaces"),
    *("csidrivers.storage.k8s.io", "csinodes.storage.k8s.io", "storageclasses.storage.k8s.io"),
    *("volumeattachments.storage.k8s.io", "volumeattributesclasses.storage.k8s.io"),
    *("deviceclasses.resource.k8s.io", "resourceclaims.resource.k8s.io"),
    *("resourceclaimtemplates.resource.k8s.io", "resourceslices.resource.k8s.io"),
}
#: Resources of which the garbage collector keeps its hands.
_UNCOLLECTED = {"events", "events.events.k8s.io"}
_PODS = ResourceName("", "pods")


def delete(state: State, call: Call) -> Answer:
    """Delete one object, or mark it as to be deleted. Raises StatusError."""
    body = options_in(call.body, call.headers.get("content-type", ""))
    return Answer(200, deleted(state, call, call.target.name, delete_options(call.query, body)))


def delete_collection(state: State, call: Call) -> Answer:
    """Delete all objects that a list with the same selectors would show; return that list."""
    body = options_in(call.body, call.headers.get("content-type", ""))
    options = delete_options(call.query, body)
    found = listed(state, call, list_options(call.query, watch=False))
    for item in found["items"]:
        try:
            deleted(state, call, item["metadata"]["name"], options)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
    return Answer(200, found)


def deleted(state: State, call: Call, name: str, options: DeleteOptions) -> Object:
    """Delete an object by name; return what the answer shows. Raises StatusError."""
    if call.resource == NAMESPACES and name in IMMORTAL:
        raise statuses.forbidden(call.resource, name, "this namespace may not be deleted")
    live = live_object(state, call, name)
    if live is None:
        raise statuses.not_found(call.resource, name)
    _check_preconditions(call, live, options)
    if call.resource == NAMESPACES:
        return _terminated(state, call, live, options)
    return _deleted(state, call, live, options)


def _deleted(state: State, call: Call, live: Object, options: DeleteOptions) -> Object:
    grace = _grace(call, live, options)
    if grace is None:
        return _shown(call, live)
    finalizers = _finalizers(call, live, options)
    marked = _marked(state, live, grace)
    if not finalizers and not grace:
        if live["metadata"].get("deletionGracePeriodSeconds"):
            live = _stored(state, call, marked, live, options)
        return _shown(call, live if options.dry_run else _removed(state, call, live))
    marked = with_metadata(marked, marked["metadata"] | {"finalizers": finalizers or None})
    return _stored(state, call, marked, live, options)


def _terminated(state: State, call: Call, live: Object, options: DeleteOptions) -> Object:
    """Mark a Namespace; what is in it goes first, which is the namespace controller's work."""
    if live["metadata"].get("deletionTimestamp"):
        if (live.get("spec") or {}).get("finalizers"):
            return live
        return _deleted(state, call, live, options)
    status = {**(live.get("status") or {}), "phase": "Terminating"}
    finalizers = _finalizers(call, live, options)
    meta = live["metadata"] | {"deletionTimestamp": state.now(), "finalizers": finalizers or None}
    return _stored(state, call, with_metadata(live | {"status": status}, meta), live, options)


def _removed(state: State, call: Call, live: Object) -> Object:
    last = remove(state, call, call.key(live["metadata"]["name"]))
    return call.in_version(last) if last is not None else live


def _stored(state: State, call: Call, new: Object, live: Object, options: DeleteOptions) -> Object:
    if options.dry_run or new == live:
        return new
    return state.storage.put(call.key(live["metadata"]["name"]), new)


def _marked(state: State, live: Object, grace: int) -> Object:
    """Return an object with the time at which it is to go."""
    meta = dict(live["metadata"])
    due = timestamp(state.clock() + timedelta(seconds=grace))
    if not meta.get("deletionTimestamp") and meta.get("generation"):
        meta["generation"] += 1
    if not meta.get("deletionTimestamp") or meta["deletionTimestamp"] > due:
        meta["deletionTimestamp"] = due
    meta["deletionGracePeriodSeconds"] = grace
    return live | {"metadata": meta}


def _grace(call: Call, live: Object, options: DeleteOptions) -> int | None:
    """Return for how many seconds an object stays; None where an earlier deletion already said so.

    Only Pods have a grace period, and only those that were scheduled and still run.
    """
    if call.resource != _PODS:
        return 0
    wanted = options.grace if options.grace is None or options.grace >= 0 else 1
    pending = live["metadata"].get("deletionGracePeriodSeconds") or 0
    if live["metadata"].get("deletionTimestamp"):
        if not pending:
            return 0
        return wanted if wanted is not None and wanted < pending else None
    spec, status = live.get("spec") or {}, live.get("status") or {}
    if wanted is None:
        wanted = spec.get("terminationGracePeriodSeconds", 30)
    if not spec.get("nodeName") or status.get("phase") in {"Failed", "Succeeded"}:
        return 0
    return int(wanted)


def _finalizers(call: Call, live: Object, options: DeleteOptions) -> list[str]:
    """Return an object's finalizers with those that the propagation policy asks for."""
    present = list(live["metadata"].get("finalizers") or [])
    kept = [one for one in present if one not in {FOREGROUND, ORPHAN}]
    if str(call.resource) in _UNCOLLECTED:
        return kept
    if options.orphan is not None:
        return kept + ([ORPHAN] if options.orphan else [])
    match options.propagation:
        case "Orphan":
            return [*kept, ORPHAN]
        case "Foreground":
            return [*kept, FOREGROUND]
        case "Background":
            return kept
    asked = next((one for one in present if one in {FOREGROUND, ORPHAN}), None)
    return [*kept, asked] if asked else kept


def _check_preconditions(call: Call, live: Object, options: DeleteOptions) -> None:
    if call.resource == NAMESPACES:
        _check_namespace_preconditions(live, options)
    meta = live["metadata"]
    named = ResourceName(call.kind.resource.kind.group, call.kind.resource.kind.kind)
    if options.uid is not None and options.uid != meta["uid"]:
        raise statuses.conflict(
            named,
            meta["name"],
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if options.resource_version is not None and options.resource_version != meta["resourceVersion"]:
        raise statuses.conflict(
            named,
            meta["name"],
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the "
            f"ResourceVersion in record ({meta['resourceVersion']}). The object might have been modified",
        )


def _check_namespace_preconditions(live: Object, options: DeleteOptions) -> None:
    """Raise StatusError in the words that Namespaces have for it."""
    meta = live["metadata"]
    wanted = (
        ("UID", options.uid, meta["uid"]),
        ("ResourceVersion", options.resource_version, meta["resourceVersion"]),
    )
    for name, said, found in wanted:
        if said is not None and said != found:
            why = f"Precondition failed: {name} in precondition: {said}, {name} in object meta: {found}"
            raise statuses.conflict(NAMESPACES, meta["name"], why)


def _shown(call: Call, obj: Object) -> Object:
    if str(call.resource) in _RETURNED:
        return obj
    about = call.resource
    details = {"name": obj["metadata"]["name"], "group": about.group, "kind": about.resource}
    details["uid"] = obj["metadata"]["uid"]
    return statuses.success({key: value for key, value in details.items() if value})
