"""The four kinds of patches, each as a way from the live object to the one to be stored.

Source: ``k8s.io/apiserver``, ``pkg/endpoints/handlers/patch.go``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gwdeployer.errors import ParametersError
from gwdeployer.objects import KindRef, Object, name_of, namespace_of, strategic_merge
from gwdeployer.testing.apiserver import fields, metadata, statuses
from gwdeployer.testing.apiserver.content import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    media_type_of,
    patch_in,
)
from gwdeployer.testing.apiserver.go_json import cannot_unmarshal, go_text
from gwdeployer.testing.apiserver.json_patches import json_patched, merge_patched
from gwdeployer.testing.apiserver.kinds import BadRequest
from gwdeployer.testing.apiserver.kinds.causes import invalid
from gwdeployer.testing.apiserver.options import WriteOptions, patch_options
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.writes import check_registered, defaulted, managed, write

_BUILTIN = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
_TYPE = ("apiVersion", "kind")
_CUSTOM = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)


#: Returns what a patch makes of the live object, or of none.
Patched = Callable[[Object | None], Object]


def patch(state: State, call: Call) -> Answer:
    """Patch an object or its status; an apply creates the object if need be. Raises StatusError."""
    options, patched = patching(state, call)

    def change(live: Object) -> Object:
        return _checked(call, patched(live))

    def make() -> Object:
        return _checked(call, _without_uid(call, patched(None)))

    creates = _is_apply(call) and (call.kind.creates_on_put or not call.target.subresource)
    return write(state, call, change, make=make if creates else None, dry_run=options.dry_run)


def patching(state: State, call: Call) -> tuple[WriteOptions, Patched]:
    """Return the options of a patch, and what it does to an object of the call's kind. Raises StatusError.

    The body is decoded when there is an object to patch: a 404 goes before a 400.
    """
    media_type = _checked_type(call)
    agent = call.headers.get("user-agent", "")
    options = patch_options(call.query, agent, applies=_is_apply(call))
    if _is_apply(call):
        return options, _applied(state, call, options)
    return options, _patched(state, call, options, media_type)


def _checked_type(call: Call) -> str:
    """Return the media type of a patch. Raises StatusError (415)."""
    media_type = media_type_of(call.headers.get("content-type", ""))
    if not call.kind.is_builtin and media_type not in _CUSTOM:
        raise statuses.unsupported_media_type(_CUSTOM)
    if media_type not in _BUILTIN:
        raise statuses.unsupported_patch()
    return media_type


def _is_apply(call: Call) -> bool:
    return media_type_of(call.headers.get("content-type", "")) == APPLY_PATCH


def _checked(call: Call, new: Object) -> Object:
    """Return a patched object if it is still the one that the path names. Raises StatusError."""
    new = metadata.in_namespace(new, call.namespace)
    metadata.check_name(new, call.target.name)
    return metadata.with_distinct_owners(new, call.warnings, patched=True)


def _without_uid(call: Call, new: Object) -> Object:
    """Return an object that an apply creates. Raises StatusError where it was meant for another one."""
    uid = new["metadata"].get("uid")
    if not uid:
        return new
    why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
    raise statuses.conflict(call.resource, call.target.name, why)


def _applied(state: State, call: Call, options: WriteOptions) -> Patched:
    def applied(live: Object | None) -> Object:
        body = patch_in(call.body, APPLY_PATCH)
        _check_kind(call, body)
        try:
            new = fields.apply(
                live,
                body,
                call.kind.schema,
                manager=options.manager,
                force=bool(options.force),
                subresource=call.target.subresource,
                reset=call.kind.reset_fields(call.target.subresource),
                now=state.now(),
                empty=call.kind.empty,
            )
        except (fields.ApplyConflict, fields.FieldsError) as error:
            raise statuses.from_status(error.status()) from None
        return defaulted(call, _converted(call, new, body))

    return applied


def _converted(call: Call, new: Object, body: Object) -> Object:
    """Return what was applied in its kind's form. Raises StatusError (500)."""
    try:
        return call.kind.applied(new)
    except BadRequest as error:
        said = call.kind.resource.kind
        kind = f"{said.api_version}, Kind={said.kind}"
        place = f"{namespace_of(body)}/{name_of(body)}; {said.group}/{said.version}, Kind={said.kind}"
        raise statuses.unknown_error(
            f"failed to convert new object ({place}) to proper version: "
            f"unable to convert unstructured object to {kind if said.group else '/' + kind}: {error}"
        ) from None


def _check_kind(call: Call, body: Object) -> None:
    """Raise StatusError (400) where an apply is of another kind or version than its path."""
    said = KindRef.of(*(value if isinstance(value := body.get(key), str) else "" for key in _TYPE))
    if said != call.kind.resource.kind:
        group_version = f"{said.group}/{said.version}"
        raise statuses.bad_request(f"invalid object type: {group_version}, Kind={said.kind}")


def _patched(state: State, call: Call, options: WriteOptions, media_type: str) -> Patched:
    def patched(live: Object | None) -> Object:
        body = patch_in(call.body, media_type)
        result = _with_patch(live or {}, media_type, body)
        shown = go_text(body) if media_type == STRATEGIC_PATCH else _json(result)
        try:
            new, unknown = call.kind.parsed(_of_kind(call, result, media_type, options.validation))
        except BadRequest as error:
            raise _undecodable(shown, str(error)) from None
        if unknown and options.validation == "Strict":
            raise _undecodable(shown, "strict decoding error: " + ", ".join(unknown))
        if options.validation == "Warn":
            call.warnings.extend(unknown)
        return managed(state, call, options, live, defaulted(call, new))

    return patched


def _check_empty(call: Call, result: Object, validation: str) -> None:
    """Raise for a document without a version: it is decoded as nothing, and has no name."""
    if validation == "Strict" and (unknown := [key for key in result if key not in _TYPE]):
        said = ", ".join(f'unknown field "{key}"' for key in unknown)
        raise BadRequest(f"strict decoding error: {said}")
    metadata.check_name({"metadata": {}}, call.target.name)


def _check_told(result: Object) -> None:
    """Raise BadRequest or StatusError unless a patched custom resource says what it is."""
    for key in _TYPE:
        value = result.get(key)
        if not isinstance(value, str | None):
            raise BadRequest(cannot_unmarshal(value, f"Go struct field .{key} of type string"))
    if not result.get("kind"):
        raise BadRequest(f"Object 'Kind' is missing in '{_json(result)}'")
    if not result.get("apiVersion"):
        raise statuses.internal_error("Object 'apiVersion' is missing in 'object has no apiVersion field'")


def _of_kind(call: Call, result: Object, media_type: str, validation: str) -> Object:
    """Return a patched object of a built-in type as of its kind, whatever the patch said of that.

    Raises StatusError and BadRequest where a patched document would be decoded as something else.
    """
    if not call.kind.is_builtin:
        _check_told(result)
        return result
    if media_type == STRATEGIC_PATCH:
        for value in (result.get(key) for key in _TYPE):
            if not isinstance(value, str | None):
                raise BadRequest("cannot convert int64 to string")
    else:
        if not result.get("apiVersion"):
            _check_empty(call, result, validation)
        check_registered(call.kind, result)
    return result | call.kind.type_meta


def _with_patch(live: Object, media_type: str, body: Any) -> Object:
    if media_type == STRATEGIC_PATCH:
        return _strategically_merged(live, body)
    result = json_patched(live, body) if media_type == JSON_PATCH else merge_patched(live, body)
    if not isinstance(result, dict):
        raise _undecodable(_json(result), "json: cannot unmarshal into an object")
    return result


def _strategically_merged(live: Object, body: Any) -> Object:
    try:
        return strategic_merge(live, body)
    except ParametersError as error:
        raise statuses.bad_request(str(error)) from None


def _undecodable(shown: str, why: str) -> statuses.StatusError:
    return statuses.invalid(("", ""), "", [invalid("patch", shown, why)])


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
