"""Requests that the server's own controllers make, without HTTP."""

from __future__ import annotations

from collections.abc import Callable

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.deletes import deleted
from gwdeployer.testing.apiserver.kinds import Kind
from gwdeployer.testing.apiserver.options import DeleteOptions, WriteOptions
from gwdeployer.testing.apiserver.state import Call, State
from gwdeployer.testing.apiserver.statuses import StatusError
from gwdeployer.testing.apiserver.storage import Key
from gwdeployer.testing.apiserver.targets import Target
from gwdeployer.testing.apiserver.writes import defaulted, managed, store_new, write

CONTROLLER_MANAGER = "kube-controller-manager"


def call_for(state: State, key: Key, verb: str, subresource: str = "") -> Call | None:
    """Return the request for one object; None where its kind is not served."""
    kind = state.catalogue.stored_as(key.resource)
    return Call(_target(kind, key, verb, subresource), kind) if kind else None


def edit(
    state: State,
    key: Key,
    change: Callable[[Object], Object],
    *,
    subresource: str = "",
    manager: str = CONTROLLER_MANAGER,
) -> None:
    """Store what ``change`` makes of an object; it need not be there. What is equal is not stored again."""
    call = call_for(state, key, "update", subresource)
    if call is None or state.storage.get(key) is None:
        return
    options = WriteOptions(manager=manager)

    def changed(live: Object) -> Object:
        new = change(live)
        return live if new == live else managed(state, call, options, live, new)

    write(state, call, changed, dry_run=False)


def edit_status(
    state: State, key: Key, change: Callable[[Object], Object], *, manager: str = CONTROLLER_MANAGER
) -> None:
    """Store what ``change`` makes of an object's status; the object need not be there."""

    def with_status(live: Object) -> Object:
        return live | {"status": change(live.get("status") or {})}

    edit(state, key, with_status, subresource="status", manager=manager)


def erase(state: State, key: Key, options: DeleteOptions) -> None:
    """Delete an object; it need not be there."""
    call = call_for(state, key, "delete")
    if call is not None and state.storage.get(key) is not None:
        deleted(state, call, key.name, options)


def make(state: State, key: Key, obj: Object, manager: str = CONTROLLER_MANAGER) -> None:
    """Create an object, unless one is there. Raises StatusError where it is invalid."""
    call = call_for(state, key, "create")
    if call is None or state.storage.get(key) is not None:
        return
    kind = call.kind.resource.kind
    meta = {"name": key.name} | ({"namespace": key.namespace} if key.namespace else {})
    obj = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta} | obj
    new, _ = call.kind.decode(obj, validation="Ignore")
    options = WriteOptions(manager=manager)
    try:
        store_new(state, call, managed(state, call, options, None, defaulted(call, new)), dry_run=False)
    except StatusError as error:
        if error.reason != "Forbidden":  # the namespace is going
            raise


def _target(kind: Kind, key: Key, verb: str, subresource: str) -> Target:
    named, plural = kind.resource.kind, kind.resource.plural
    return Target(verb, named.group, named.version, plural, key.namespace, key.name, subresource)
