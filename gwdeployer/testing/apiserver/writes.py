"""Creating and replacing objects: the steps that every write takes, in the order of a real server.

Bodies are decoded and defaulted by their kind, field management notes who set what, the kind prepares and
validates the result, and the storage gets it unless the request is a dry run. Sources:
``k8s.io/apiserver``, ``pkg/endpoints/handlers`` (``create.go``, ``update.go``) and
``pkg/registry/generic/registry/store.go``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver import fields, metadata, statuses
from gwdeployer.testing.apiserver.content import kindless, object_in
from gwdeployer.testing.apiserver.kinds import BadRequest, Invalid, Kind
from gwdeployer.testing.apiserver.kinds.causes import Cause, invalid
from gwdeployer.testing.apiserver.options import WriteOptions, create_options, update_options
from gwdeployer.testing.apiserver.state import NAMESPACES, Answer, Call, State
from gwdeployer.testing.apiserver.statuses import StatusError
from gwdeployer.testing.apiserver.storage import Key

_MOST_NAMES = 8
#: Where a real server keeps objects, if not under the name of their resource.
_KEPT_IN = {"services": "services/specs", "nodes": "minions", "endpoints": "services/endpoints"}
_TYPE = ("apiVersion", "kind")
_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"

#: Makes the object to store of the live one.
Change = Callable[[Object], Object]
#: Makes an object where there is none.
Make = Callable[[], Object]


def create(state: State, call: Call) -> Answer:
    """Create the object in the body. Raises StatusError."""
    options = create_options(call.query, call.headers.get("user-agent", ""))
    obj = metadata.without_system_fields(decoded_body(call, options))
    obj = metadata.in_namespace(obj, call.namespace)
    obj = metadata.with_distinct_owners(obj, call.warnings, patched=False)
    obj = managed(state, call, options, None, obj)
    needs_name = obj["metadata"].get("generateName") and not obj["metadata"].get("name")
    for _ in range(_MOST_NAMES - 1 if needs_name else 0):
        try:
            return Answer(201, store_new(state, call, obj, dry_run=options.dry_run))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
    return Answer(201, store_new(state, call, obj, dry_run=options.dry_run))


def update(state: State, call: Call) -> Answer:
    """Replace an object, or what one of its subresources shows, by the body. Raises StatusError."""
    options = update_options(call.query, call.headers.get("user-agent", ""))
    new = metadata.in_namespace(decoded_body(call, options), call.namespace)
    metadata.check_name(new, call.target.name)
    new = metadata.with_distinct_owners(new, call.warnings, patched=False)

    def change(live: Object | None = None) -> Object:
        _check_uid(call, new, live, dry_run=options.dry_run)
        return managed(state, call, options, live, new)

    return write(
        state, call, change, make=change if call.kind.creates_on_put else None, dry_run=options.dry_run
    )


def write(state: State, call: Call, change: Change, *, make: Make | None = None, dry_run: bool) -> Answer:
    """Store what ``change`` makes of the live object, or what ``make`` makes where there is none.

    Raises StatusError, a 404 among others.
    """
    live = live_object(state, call)
    if live is not None:
        return Answer(200, store_changed(state, call, change(live), live, dry_run=dry_run))
    if make is None:
        raise statuses.not_found(call.resource, call.target.name)
    made = make()
    _check_is_version(made["metadata"].get("resourceVersion") or "0")
    return Answer(201, store_new(state, call, made, dry_run=dry_run))


def live_object(state: State, call: Call, name: str = "") -> Object | None:
    """Return an object of the request's kind as it is stored, in the version of the request."""
    obj = state.storage.get(call.key(name))
    return None if obj is None else call.in_version(obj)


def decoded_body(call: Call, options: WriteOptions) -> Object:
    """Return the object in the body, with defaults. Raises StatusError (400)."""
    kind = call.kind.resource.kind
    body = object_in(call.body, call.headers.get("content-type", ""), kind.kind)
    if not (call.kind.is_builtin or body.get("kind")):
        raise kindless(call.body, kind.kind)
    body = _with_type(call, body)
    version = KindRef.of(body["apiVersion"], "").version
    try:
        check_registered(call.kind, body)
        obj, warnings = call.kind.decode(body, validation=options.validation)  # type: ignore[arg-type]
    except UnregisteredError as error:
        said = f'{body["kind"]} in version "{version}" cannot be handled as a {kind.kind}'
        raise statuses.bad_request(f"{said}: {error}") from None
    except BadRequest as error:
        raise statuses.bad_request(str(error)) from None
    call.warnings.extend(warnings)
    return defaulted(call, obj)


def _with_type(call: Call, body: Object) -> Object:
    """Return a body with its kind, which of built-in types need not be told. Raises StatusError (400)."""
    if call.kind.is_builtin:
        return call.kind.type_meta | {key: value for key, value in body.items() if value or key not in _TYPE}
    if "apiVersion" in body and body["apiVersion"] is None:
        why = ".apiVersion accessor error: <nil> is of the type <nil>, expected string"
        kind = call.kind.resource.kind.kind
        raise statuses.bad_request(f'{body["kind"]} in version "" cannot be handled as a {kind}: {why}')
    return {"apiVersion": "", **body}


class UnregisteredError(BadRequest):
    """A body says that it is something else than its path, of which the server has no type."""


def check_registered(kind: Kind, obj: Object) -> None:
    """Raise UnregisteredError where an object of a built-in type says that it is something else.

    Of custom resources, the kind is a matter of validation.
    """
    wanted = kind.resource.kind
    version, name = obj.get("apiVersion") or "", obj.get("kind") or wanted.kind
    if not kind.is_builtin:
        if version != wanted.api_version:
            raise statuses.bad_request(
                f"the API version in the data ({version}) does not match the expected API version "
                f"({wanted.api_version})"
            )
    elif (version or wanted.api_version, name) != (wanted.api_version, wanted.kind):
        scheme = 'in scheme "pkg/runtime/scheme.go:111"'
        raise UnregisteredError(f'no kind "{name}" is registered for version "{version}" {scheme}')


def defaulted(call: Call, obj: Object) -> Object:
    """Return a decoded object with its kind's defaults, and with metadata whatever it said."""
    return call.kind.default(obj if isinstance(obj.get("metadata"), dict) else obj | {"metadata": {}})


def managed(state: State, call: Call, options: WriteOptions, live: Object | None, new: Object) -> Object:
    """Return ``new`` with the managedFields that this update of ``live`` leads to."""
    return fields.update(
        live,
        new,
        call.kind.schema,
        manager=options.manager,
        subresource=call.target.subresource,
        reset=call.kind.reset_fields(call.target.subresource),
        now=state.now(),
        empty=call.kind.empty,
    )


def store_new(state: State, call: Call, obj: Object, *, dry_run: bool) -> Object:
    """Store an object that is not there. Raises StatusError."""
    check_namespace(state, call, obj["metadata"].get("name") or "")
    obj = metadata.with_system_fields(obj, state.now())
    prepared = _prepared(call, obj["metadata"].get("name") or "", lambda: call.kind.prepare_create(obj))
    try:
        _refuse(prepared, call.kind.validate(prepared))
        key = call.key(prepared["metadata"]["name"])
        _check_absent(state, call, key, prepared, dry_run=dry_run)
    except StatusError:
        call.kind.release(prepared)
        raise
    prepared = call.kind.stored(prepared)
    if dry_run:
        call.kind.release(prepared)
        return prepared
    prepared = metadata.with_metadata(prepared, prepared["metadata"] | {"selfLink": None})
    return state.storage.put(key, prepared)


def store_changed(state: State, call: Call, new: Object, old: Object, *, dry_run: bool) -> Object:
    """Store ``new`` in place of ``old``; an equal object is left as it is. Raises StatusError.

    An object that is being deleted goes with its last finalizer.
    """
    _check_resource_version(call, new, old)
    prepared = _prepared(
        call, call.target.name, lambda: call.kind.prepare_update(new, old, call.target.subresource)
    )
    prepared = metadata.carried_over(prepared, old)
    prepared["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    try:
        _refuse(prepared, call.kind.validate(prepared, old, call.target.subresource))
    except StatusError:
        call.kind.revert(prepared, old)
        raise
    if is_to_be_deleted(prepared, old):
        if not dry_run:
            remove(state, call, call.key(old["metadata"]["name"]))
        return prepared
    prepared = _with_former_times(call.kind.stored(prepared), old)
    if dry_run:
        call.kind.revert(prepared, old)
        return prepared
    prepared = metadata.with_metadata(prepared, prepared["metadata"] | {"selfLink": None})
    return old if prepared == old else state.storage.put(call.key(old["metadata"]["name"]), prepared)


def remove(state: State, call: Call, key: Key) -> Object | None:
    """Take an object out of the storage, with what it held beyond itself."""
    last = state.storage.remove(key)
    if last is not None:
        call.kind.release(last)
    return last


def is_to_be_deleted(new: Object, old: Object) -> bool:
    """Return whether an update takes away the last thing that kept a deleted object."""
    before, after = old["metadata"], new["metadata"]
    if after.get("finalizers") or not before.get("deletionTimestamp"):
        return False
    if (new.get("spec") or {}).get("finalizers") and new["kind"] == "Namespace":
        return False
    return not before.get("deletionGracePeriodSeconds")


def check_namespace(state: State, call: Call, name: str) -> None:
    """Raise StatusError unless the namespace is there and takes new objects."""
    if not call.namespace:
        return
    namespace = state.storage.get(Key(NAMESPACES, "", call.namespace))
    if namespace is None:
        raise statuses.not_found(NAMESPACES, call.namespace)
    if (namespace.get("status") or {}).get("phase") != "Terminating":
        return
    why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
    message = f"namespace {call.namespace} is being terminated"
    cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
    raise statuses.forbidden(call.resource, name, why, [cause])


def _check_absent(state: State, call: Call, key: Key, obj: Object, *, dry_run: bool) -> None:
    version = obj["metadata"].get("resourceVersion") or "0"
    if call.target.verb == "create" and not dry_run and version.isdigit() and int(version):
        raise statuses.unknown_error("resourceVersion should not be set on objects to be created")
    live = state.storage.get(key)
    if live is None:
        return
    error = statuses.already_exists(call.resource, key.name)
    if obj["metadata"].get("generateName"):
        error = statuses.generated_name_taken(call.resource, key.name)
    if live["metadata"].get("deletionTimestamp"):
        error = StatusError(
            error.code, error.reason, f"object is being deleted: {error.message}", error.details
        )
    raise error


def _check_uid(call: Call, new: Object, live: Object | None, *, dry_run: bool) -> None:
    """Raise StatusError where a replacement names the UID of another object."""
    wanted = new["metadata"].get("uid") or ""
    found = live["metadata"]["uid"] if live else ""
    if not wanted or wanted == found:
        return
    kept = _KEPT_IN.get(call.target.resource, call.target.resource)
    kept = kept if call.kind.is_builtin else f"{call.target.group}/{kept}"
    root = "" if dry_run else "/registry"
    place = "/".join([root, *filter(None, (kept, call.namespace, call.target.name))])
    raise statuses.conflict(
        call.resource,
        call.target.name,
        f"StorageError: invalid object, Code: 4, Key: {place}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}",
    )


def _check_resource_version(call: Call, new: Object, old: Object) -> None:
    said = new["metadata"].get("resourceVersion") or "0"
    _check_is_version(said)
    if said == "0" and not call.kind.unconditional_update:
        cause = invalid("metadata.resourceVersion", 0, "must be specified for an update")
        raise statuses.invalid(call.resource, call.target.name, [cause])
    if said not in {"0", old["metadata"]["resourceVersion"]}:
        raise statuses.conflict(call.resource, call.target.name, _MODIFIED)


def _check_is_version(said: str) -> None:
    if not (said.isascii() and said.isdigit()):
        raise statuses.unknown_error(f'strconv.ParseUint: parsing "{said}": invalid syntax')


def _prepared(call: Call, name: str, prepare: Callable[[], Object]) -> Object:
    try:
        return prepare()
    except Invalid as error:
        raise statuses.invalid(call.kind.resource.kind.group_kind, name, error.causes) from None


def _refuse(obj: Object, causes: list[Cause]) -> None:
    if causes:
        group_kind = KindRef.of(obj["apiVersion"], obj["kind"]).group_kind
        raise statuses.invalid(group_kind, obj["metadata"].get("name") or "", causes)


def _with_former_times(new: Object, old: Object) -> Object:
    """Return ``new`` with the times of ``old``'s managedFields where nothing else has changed."""
    entries, before = (obj["metadata"].get("managedFields") or [] for obj in (new, old))
    if len(entries) != len(before) or not _alike(entries, before):
        return new
    reverted = new | {"metadata": new["metadata"] | {"managedFields": before}}
    return reverted if reverted == old else new


def _alike(entries: list[dict[str, Any]], others: list[dict[str, Any]]) -> bool:
    return all(
        {**entry, "time": None} == {**other, "time": None}
        for entry, other in zip(entries, others, strict=True)
    )
