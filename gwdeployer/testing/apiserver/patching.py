"""The four kinds of patches, each as a way from the live object to the one to be stored.

Source: ``k8s.io/apiserver``, ``pkg/endpoints/handlers/patch.go``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gwdeployer.errors import ParametersError
from gwdeployer.objects import Object, strategic_merge
from gwdeployer.testing.apiserver import fields, metadata, statuses
from gwdeployer.testing.apiserver.content import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    media_type_of,
    patch_in,
)
from gwdeployer.testing.apiserver.json_patches import json_patched, merge_patched
from gwdeployer.testing.apiserver.kinds import BadRequest
from gwdeployer.testing.apiserver.kinds.causes import invalid
from gwdeployer.testing.apiserver.options import WriteOptions, patch_options
from gwdeployer.testing.apiserver.state import Answer, Call, State
from gwdeployer.testing.apiserver.writes import defaulted, managed, write

_BUILTIN = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
_CUSTOM = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)


#: Returns what a patch makes of the live object, or of none.
_Patched = Callable[[Object | None], Object]


def patch(state: State, call: Call) -> Answer:
    """Patch an object, or what one of its subresources shows; an apply creates it if need be.

    Raises StatusError.
    """
    media_type = media_type_of(call.headers.get("content-type", ""))
    body = patch_in(call.body, media_type, _BUILTIN if call.kind.is_builtin else _CUSTOM)
    applies = media_type == APPLY_PATCH
    options = patch_options(call.query, call.headers.get("user-agent", ""), applies=applies)
    patched = (
        _applied(state, call, options, body) if applies else _patched(state, call, options, media_type, body)
    )

    def change(live: Object) -> Object:
        return _checked(call, patched(live))

    def make() -> Object:
        return _checked(call, _without_uid(call, patched(None)))

    creates = applies and not call.target.subresource
    return write(state, call, change, make=make if creates else None, dry_run=options.dry_run)


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


def _applied(state: State, call: Call, options: WriteOptions, body: Object) -> _Patched:
    def applied(live: Object | None) -> Object:
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
            new, _ = call.kind.decode(new, validation="Ignore")
        except (fields.ApplyConflict, fields.FieldsError) as error:
            raise statuses.from_status(error.status()) from None
        except BadRequest as error:
            raise statuses.bad_request(str(error)) from None
        return defaulted(call, new)

    return applied


def _patched(state: State, call: Call, options: WriteOptions, media_type: str, body: Any) -> _Patched:
    def patched(live: Object | None) -> Object:
        result = _with_patch(live or {}, media_type, body)
        shown = body if media_type == STRATEGIC_PATCH else result
        try:
            new, unknown = call.kind.parsed(result)
        except BadRequest as error:
            raise _undecodable(shown, str(error)) from None
        if unknown and options.validation == "Strict":
            raise _undecodable(shown, "strict decoding error: " + ", ".join(unknown))
        if options.validation == "Warn":
            call.warnings.extend(unknown)
        return managed(state, call, options, live, defaulted(call, new))

    return patched


def _with_patch(live: Object, media_type: str, body: Any) -> Object:
    if media_type == STRATEGIC_PATCH:
        return _strategically_merged(live, body)
    result = json_patched(live, body) if media_type == JSON_PATCH else merge_patched(live, body)
    if not isinstance(result, dict):
        raise _undecodable(result, "json: cannot unmarshal into an object")
    return result


def _strategically_merged(live: Object, body: Any) -> Object:
    try:
        return strategic_merge(live, body)
    except ParametersError as error:
        raise statuses.bad_request(str(error)) from None


def _undecodable(value: Any, why: str) -> statuses.StatusError:
    shown = json.dumps(value, separators=(",", ":"))
    return statuses.invalid(("", ""), "", [invalid("patch", shown, why)])
