"""The volumes of a pod and where containers mount them (``pkg/apis/core/validation``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    at,
    duplicate,
    forbidden,
    invalid,
    not_found,
    required,
)
from gwdeployer.testing.apiserver.kinds.validation.common import check_name

Value = dict[str, Any]

#: The one field that a source of each kind must have.
_NEEDED = {
    "configMap": "name",
    "hostPath": "path",
    "persistentVolumeClaim": "claimName",
    "secret": "secretName",
}
_MODE_RANGE = "must be a number between 0 and 0777 (octal), both inclusive"
_HIGHEST_MODE = 0o777


def check_volumes(volumes: list[Value], path: str) -> Iterator[Cause]:
    """Yield what is wrong with the volumes of a pod."""
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        faults = list(_check_volume(volume, names, at(path, index)))
        yield from faults
        names |= set() if faults else {volume["name"]}


def _check_volume(volume: Value, names: set[str], path: str) -> Iterator[Cause]:
    yield from _check_sources(volume, path)
    name = volume.get("name", "")
    yield from check_name(syntax.dns_label, name, at(path, "name"))
    if name in names:
        yield duplicate(at(path, "name"), name)


def _check_sources(volume: Value, path: str) -> Iterator[Cause]:
    kinds = [name for name in volume if name != "name"]
    first = next((kind for kind in ("hostPath", "emptyDir") if kind in kinds), kinds[0])
    for kind in kinds:
        if kind != first:
            yield forbidden(at(path, kind), "may not specify more than 1 volume type")
        else:
            yield from _check_source(kind, volume[kind], at(path, kind))


def _check_source(kind: str, source: Value, path: str) -> Iterator[Cause]:
    needed = _NEEDED.get(kind)
    if needed and not source.get(needed):
        yield required(at(path, needed))
    mode = source.get("defaultMode")
    if mode is not None and not 0 <= mode <= _HIGHEST_MODE:
        yield invalid(at(path, "defaultMode"), mode, _MODE_RANGE)
    for index, item in enumerate(source.get("items", ())):
        yield from _check_item(kind, item, at(path, "items", index))


def _check_item(kind: str, item: Value, path: str) -> Iterator[Cause]:
    if kind in ("configMap", "secret") and not item.get("key"):
        yield required(at(path, "key"))
    if not item.get("path"):
        yield required(at(path, "path"))
    else:
        yield from check_local_path(item["path"], at(path, "path"))


def check_mounts(mounts: list[Value], volumes: list[Value], path: str) -> Iterator[Cause]:
    """Yield what is wrong with the mounts of a container in a pod of these volumes."""
    known = {volume.get("name") for volume in volumes}
    places: set[str] = set()
    for index, mount in enumerate(mounts):
        place = at(path, index)
        if not mount.get("name"):
            yield required(at(place, "name"))
        elif mount["name"] not in known:
            yield not_found(at(place, "name"), mount["name"])
        where = mount.get("mountPath", "")
        if not where:
            yield required(at(place, "mountPath"))
        elif where in places:
            yield invalid(at(place, "mountPath"), where, "must be unique")
        places.add(where)
        if mount.get("subPath"):
            # Told without the mount's index.
            yield from check_local_path(mount["subPath"], at(path, "subPath"))


def check_local_path(text: str, path: str) -> Iterator[Cause]:
    """Yield a cause unless a path is relative and does not lead out."""
    if text.startswith("/"):
        yield invalid(path, text, "must be a relative path")
    if ".." in text.split("/"):
        yield invalid(path, text, "must not contain '..'")
