"""ConfigMaps and Secrets: keys, size, what a type of Secret has to hold, and what may not change.

The rules of ``ValidateConfigMap`` and ``ValidateSecret`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, forbidden, invalid, keyed, required, too_long
from gwdeployer.testing.apiserver.kinds.metadata import immutable

_LIMIT = 1024 * 1024
_IMMUTABLE = "field is immutable when `immutable` is set"
_REDACTED = "<secret contents redacted>"
_ACCOUNT = "kubernetes.io/service-account.name"
_DOCKER = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
#: The keys that each type of Secret must have.
_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def validate_config_map(config_map: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a ConfigMap."""
    data, binary = config_map.get("data", {}), config_map.get("binaryData", {})
    for key in data:
        yield from _check_key(key)
        if key in binary:
            yield invalid(keyed("data", key), key, "duplicate of key present in binaryData")
    for key in binary:
        yield from _check_key(key, "binaryData")
    size = sum(len(text.encode()) for text in data.values()) + sum(map(_size, binary.values()))
    if size > _LIMIT:
        yield too_long("", _LIMIT)
    if old is not None:
        yield from _check_frozen(config_map, old, ("data", "binaryData"))


def validate_secret(secret: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a Secret; what it holds is never told."""
    data = secret.get("data", {})
    for key in data:
        yield from _check_key(key)
    if sum(map(_size, data.values())) > _LIMIT:
        yield too_long("data", _LIMIT)
    yield from _check_type(secret, data)
    if old is not None:
        yield from immutable("type", secret.get("type"), old.get("type"))
        yield from _check_frozen(secret, old, ("data",))


def _check_key(key: str, field: str = "data") -> Iterator[Cause]:
    yield from (invalid(keyed(field, key), key, fault) for fault in syntax.config_key(key))


def _check_frozen(new: Object, old: Object, fields: tuple[str, ...]) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", _IMMUTABLE)
    for field in fields:
        if new.get(field) != old.get(field):
            yield forbidden(field, _IMMUTABLE)


def _check_type(secret: Object, data: Mapping[str, Any]) -> Iterator[Cause]:
    kind = secret.get("type", "")
    for key in _KEYS.get(kind, ()):
        if key not in data:
            yield required(keyed("data", key))
    if kind == "kubernetes.io/service-account-token":
        if not secret["metadata"].get("annotations", {}).get(_ACCOUNT):
            yield required(keyed("metadata.annotations", _ACCOUNT))
    elif kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield from (required(keyed("data", key)) for key in ("username", "password"))
    elif kind in _DOCKER:
        yield from _check_docker(_DOCKER[kind], data)


def _check_docker(key: str, data: Mapping[str, Any]) -> Iterator[Cause]:
    if key not in data:
        yield required(keyed("data", key))
        return
    try:
        json.loads(base64.b64decode(data[key]) or b"{")
    except ValueError as error:
        yield invalid(keyed("data", key), _REDACTED, _json_fault(base64.b64decode(data[key]), error))


def _json_fault(content: bytes, error: ValueError) -> str:
    """Return Go's words for what is not JSON."""
    position = getattr(error, "pos", len(content))
    text = content.decode(errors="replace")
    if not text[position:]:
        return "unexpected end of JSON input"
    return f"invalid character '{text[position]}' looking for beginning of value"


def _size(encoded: str) -> int:
    return len(encoded) * 3 // 4 - encoded[-2:].count("=")
