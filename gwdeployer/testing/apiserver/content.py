"""Bodies: reading what clients send, and the form in which they want the answer.

Answers are JSON, or YAML for who accepts nothing else; tables and mere metadata where ``Accept`` asks for
them (``application/json;as=Table;g=meta.k8s.io;v=v1``). Protobuf is read, not written.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

from gwdeployer.documents import dump, load_all
from gwdeployer.errors import DocumentError
from gwdeployer.objects import Object
from gwdeployer.testing.apiserver import go_json
from gwdeployer.testing.apiserver.protobuf import PROTOBUF, UnreadableError, object_of
from gwdeployer.testing.apiserver.statuses import (
    StatusError,
    bad_request,
    not_acceptable,
    too_large,
    unsupported_media_type,
)

JSON, YAML = "application/json", "application/yaml"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"

_BODY_LIMIT = 3 * 1024 * 1024
_SHOWN = 30
_TYPE_META = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
)
_META_GROUP = "meta.k8s.io"
_READABLE = (JSON, YAML, PROTOBUF)
_LIST_SUFFIX = "List"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


class Form(NamedTuple):
    """How an answer is wanted: media type, and "Table" or "PartialObjectMetadata" in place of the object."""

    media_type: str = JSON
    transform: str = ""


def encoded(value: Any) -> bytes:
    """Return a value as JSON."""
    return _ENCODER.encode(value).encode(errors="surrogatepass")


def encoded_as(media_type: str, value: Any) -> bytes:
    """Return a value in one of the media types of a :class:`Form`."""
    return dump(_ordered(value)).encode() if media_type == YAML else encoded(value)


def _ordered(value: Any) -> Any:
    """Return a value with all keys in order, as servers write YAML."""
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value)}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


@lru_cache(256)
def form_of(accept: str) -> Form:
    """Return the first acceptable form that can be given. Raises StatusError (406)."""
    for clause in accept.split(",") if accept.strip() else [JSON]:
        media_type, *parameters = (part.strip() for part in clause.split(";"))
        said = dict(part.split("=", 1) for part in parameters if "=" in part)
        wanted = said.get("as", "").removesuffix(_LIST_SUFFIX)
        if wanted and (said.get("g"), said.get("v")) != (_META_GROUP, "v1"):
            continue
        if wanted not in {"", "Table", "PartialObjectMetadata"}:
            continue
        if media_type in {JSON, "application/*", "*/*"}:
            return Form(JSON, wanted)
        if media_type == YAML:
            return Form(YAML, wanted)
    raise not_acceptable((JSON, YAML))


def kindless(body: bytes, kind: str) -> StatusError:
    """Return the 400 for a custom resource that does not say its kind."""
    text = body.decode(errors="replace").strip()
    why = f"Object 'Kind' is missing in '{text}' ({_summary(body)})"
    return bad_request(f"the object provided is unrecognized (must be of type {kind}): {why}")


def media_type_of(content_type: str) -> str:
    """Return a content type without its parameters."""
    return content_type.partition(";")[0].strip()


def object_in(body: bytes, content_type: str, kind: str) -> Object:
    """Return the object in a body. Raises StatusError: 400, 413, 415."""
    media_type = media_type_of(content_type) or JSON
    if media_type == PROTOBUF:
        return _protobuf(body, kind)
    if media_type not in {*_READABLE, "text/yaml"}:
        raise unsupported_media_type(_READABLE)
    value = _limited(body) and (_json(body, kind) if media_type == JSON else _yaml(body, kind))
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): {_summary(body)}")
    return value


def patch_in(body: bytes, media_type: str) -> Any:
    """Return a patch: a map, or a list of operations. Raises StatusError: 400, 413."""
    _limited(body)
    if media_type == APPLY_PATCH:
        return _apply_in(body)
    prefix = "" if media_type == STRATEGIC_PATCH else "error decoding patch: "
    try:
        value = go_json.loads(body)
    except ValueError as error:
        raise bad_request(f"{prefix}{error}") from None
    if media_type == JSON_PATCH:
        return value
    if value is None and media_type == MERGE_PATCH:
        raise bad_request("Invalid JSON Patch")
    if not isinstance(value, dict | None):
        words = go_json.cannot_unmarshal(value, f"Go value of type {go_json.ANY_MAP}")
        raise bad_request(f"{prefix}{words}")
    return value or {}


def _apply_in(body: bytes) -> Object:
    """Return what is applied, which is YAML; nothing is an empty map. Raises StatusError (400)."""
    try:
        value = json.loads(body) if body.lstrip().startswith(b"{") else next(iter(load_all(body)), None)
    except (ValueError, DocumentError) as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    if not isinstance(value, dict | None):
        words = go_json.cannot_unmarshal(value, f"Go value of type {go_json.ANY_MAP}")
        raise bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {words}")
    return value or {}


def options_in(body: bytes, content_type: str) -> dict[str, Any] | None:
    """Return the DeleteOptions in a body; None where there is no body. Raises StatusError."""
    if not body:
        return None
    options = object_in(body, content_type, "DeleteOptions")
    kind, version = options.get("kind") or "DeleteOptions", options.get("apiVersion") or "meta.k8s.io/v1"
    if kind != "DeleteOptions":
        where = 'in scheme "pkg/runtime/scheme.go:111"'
        raise bad_request(f'no kind "{kind}" is registered for version "{version}" {where}')
    grace = options.get("gracePeriodSeconds")
    if isinstance(grace, str):
        place = "Go struct field DeleteOptions.gracePeriodSeconds of type int64"
        raise bad_request(f"json: cannot unmarshal string into {place}")
    return options


def metadata_only(obj: Object) -> Object:
    """Return an object, or a list of them, as PartialObjectMetadata."""
    if "items" in obj:
        items = [metadata_only(item) for item in obj["items"]]
        kind = "PartialObjectMetadataList"
        return {"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"], "items": items}
    kind = "PartialObjectMetadata"
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": obj.get("metadata", {})}


def _protobuf(body: bytes, kind: str) -> Object:
    try:
        return object_of(body)
    except UnreadableError as error:
        raise bad_request(f"the object provided is unrecognized (must be of type {kind}): {error}") from None


def _json(body: bytes, kind: str) -> Any:
    try:
        value = go_json.loads(body)
    except ValueError as error:
        raise _unreadable(body, kind, f"json parse error: {error}") from None
    if fault := _type_fault(value):
        raise _unreadable(body, kind, f"json parse error: {fault}")
    return value or {}


def _type_fault(value: Any) -> str:
    """Return why a body is no object, or its kind no kind, in the decoder's words; "" where it is one."""
    if not isinstance(value, dict | None):
        return go_json.cannot_unmarshal(value, f"Go value of type {_TYPE_META}")
    for name in ("apiVersion", "kind"):
        said = (value or {}).get(name)
        if not isinstance(said, str | None):
            return go_json.cannot_unmarshal(said, f"Go struct field .{name} of type string")
    return ""


def _yaml(body: bytes, kind: str) -> Any:
    try:
        return next(iter(load_all(body)), None)
    except DocumentError as error:
        raise _unreadable(body, kind, f"yaml: {error}") from None


def _unreadable(body: bytes, kind: str, why: str) -> Exception:
    return unrecognized(body, kind, f"couldn't get version/kind; {why}")


def unrecognized(body: bytes, kind: str, why: str) -> Exception:
    """Return the 400 for a body that is not known to be of the kind."""
    return bad_request(
        f"the object provided is unrecognized (must be of type {kind}): {why} ({_summary(body)})"
    )


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    shown = body[:_SHOWN].decode(errors="replace") if body.startswith(b"{") else body[:_SHOWN].hex()
    return shown + (" ..." if len(body) > _SHOWN else "")


def _limited(body: bytes) -> bool:
    if len(body) > _BODY_LIMIT:
        raise too_large(f"limit is {_BODY_LIMIT}")
    return True
