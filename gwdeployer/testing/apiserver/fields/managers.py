"""Who owns what: the managers of an object, read from ``metadata.managedFields`` and written back to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gwdeployer.objects import Object, metadata_of
from gwdeployer.testing.apiserver.fields.errors import FieldsError
from gwdeployer.testing.apiserver.fields.field_set import FieldSet, decoded, encoded
from gwdeployer.testing.apiserver.fields.path_elements import PathElementError
from gwdeployer.testing.apiserver.fields.values import json_text, quoted

APPLY, UPDATE = "Apply", "Update"


class Manager(NamedTuple):
    """What identifies an entry. An applier is one manager in all versions: its ``api_version`` is empty."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""

    @classmethod
    def of(cls, name: str, operation: str, api_version: str, subresource: str) -> Manager:
        """Return the manager that an entry or a request names."""
        return cls(name, operation, "" if operation == APPLY else api_version, subresource)

    @property
    def identifier(self) -> str:
        """The text that orders managers and their conflicts."""
        parts = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "subresource": self.subresource,
        }
        return "{" + ",".join(f'"{key}":{json_text(value)}' for key, value in parts.items() if value) + "}"

    def __str__(self) -> str:
        """Return the manager as conflicts name it: ``"kubectl-edit" using apps/v1``."""
        text = quoted(self.name)
        if self.subresource:
            text += f" with subresource {quoted(self.subresource)}"
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text


@dataclass(frozen=True, slots=True)
class Owned:
    """The fields of one manager, in terms of one version of the kind."""

    fields: FieldSet
    api_version: str
    applied: bool

    def with_fields(self, fields: FieldSet) -> Owned:
        """Return the same entry with other fields."""
        return replace(self, fields=fields)


#: Managers and what they own. Never mutated once handed on.
Owners = Mapping[Manager, Owned]


@dataclass(frozen=True)
class Managed:
    """The owners of an object, and when each of them last changed what it owns."""

    owners: Owners = field(default_factory=dict)
    times: Mapping[Manager, str] = field(default_factory=dict)

    def timed(self, manager: Manager, time: str) -> Managed:
        """Return the same with a manager's time set."""
        return replace(self, times={**self.times, manager: time})


# Reading.


def managed_of(entries: Iterable[Mapping[str, Any]]) -> Managed:
    """Return what ``managedFields`` says; raises ``FieldsError`` if it cannot be understood."""
    owners: dict[Manager, Owned] = {}
    times: dict[Manager, str] = {}
    for index, entry in enumerate(entries):
        manager, owned = _read(index, entry)
        owners[manager] = owned
        times.pop(manager, None)
        if entry.get("time"):
            times[manager] = _seconds(str(entry["time"]))
    return Managed(owners, times)


def _read(index: int, entry: Mapping[str, Any]) -> tuple[Manager, Owned]:
    operation = entry.get("operation") or ""
    version = entry.get("apiVersion") or ""
    for fault in _faults(index, entry, operation, version):
        raise FieldsError(fault)
    manager = Manager.of(entry.get("manager") or "", operation, version, entry.get("subresource") or "")
    try:
        return manager, Owned(decoded(entry.get("fieldsV1")), version, operation == APPLY)
    except PathElementError as error:
        raise FieldsError(f"error decoding versioned set from {entry}: error decoding set: {error}") from None


def _faults(index: int, entry: Mapping[str, Any], operation: str, version: str) -> Iterator[str]:
    if operation not in (APPLY, UPDATE):
        yield "operation must be `Apply` or `Update`"
    if not version:
        yield "apiVersion must not be empty"
    fields_type = entry.get("fieldsType") or ""
    if not fields_type:
        yield f"missing fieldsType in managed fields entry {index}"
    elif fields_type != "FieldsV1":
        yield f"invalid fieldsType {quoted(fields_type)} in managed fields entry {index}"


_UTC_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _seconds(time: str) -> str:
    """Return a time as it is written back: in UTC, to the second; such texts sort as times do."""
    if _UTC_SECONDS.fullmatch(time):
        return time
    try:
        return f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError:
        raise FieldsError(f"not a time: {time}") from None


# Writing.


def entries_of(managed: Managed) -> list[Object]:
    """Return ``managedFields``: appliers first, then by time, name, version and subresource."""
    entries = [
        _entry(manager, owned, managed.times.get(manager)) for manager, owned in managed.owners.items()
    ]
    return sorted(entries, key=_entry_order)


def _entry(manager: Manager, owned: Owned, time: str | None) -> Object:
    entry = {
        "manager": manager.name,
        "operation": APPLY if owned.applied else manager.operation,
        "apiVersion": owned.api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": encoded(owned.fields),
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value or key == "fieldsV1"}


def _entry_order(entry: Object) -> tuple[str, ...]:
    return tuple(entry.get(key, "") for key in ("operation", "time", "manager", "apiVersion", "subresource"))


def with_managed(obj: Object, managed: Managed) -> Object:
    """Return the object with ``managedFields`` of these owners; without any if there are none."""
    bare = without_managed(obj)
    if not managed.owners:
        return bare
    return {**bare, "metadata": {**metadata_of(bare), "managedFields": entries_of(managed)}}


def without_managed(obj: Object) -> Object:
    """Return the object without ``managedFields``."""
    if "managedFields" not in metadata_of(obj):
        return obj
    kept = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": kept}
