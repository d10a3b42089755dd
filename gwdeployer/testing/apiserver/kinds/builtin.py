"""The kinds every API server has, from what a real one says it serves."""

from __future__ import annotations

import copy
import json
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gwdeployer.objects import KindRef, Object
from gwdeployer.objects.types import type_of_kind
from gwdeployer.testing.apiserver.kinds.causes import BadRequest, Cause
from gwdeployer.testing.apiserver.kinds.decoding import decoded
from gwdeployer.testing.apiserver.kinds.defaulting import defaulted
from gwdeployer.testing.apiserver.kinds.event_forms import event_in
from gwdeployer.testing.apiserver.kinds.fieldpaths import found, put
from gwdeployer.testing.apiserver.kinds.go_types import go_type
from gwdeployer.testing.apiserver.kinds.metadata import validate_metadata
from gwdeployer.testing.apiserver.kinds.model import FieldPath, Kind, Resource
from gwdeployer.testing.apiserver.kinds.registry import strategies
from gwdeployer.testing.apiserver.kinds.strategies import Strategy

if TYPE_CHECKING:
    from gwdeployer.testing.apiserver.fields import Schema

_DATA = Path(__file__).with_name("resources.json")
_GENERATION: FieldPath = ("metadata", "generation")
#: An old form of what is stored as autoscaling/v2, with fields in annotations.
_UNSERVED = {KindRef("autoscaling", "v1", "HorizontalPodAutoscaler")}


def builtin_kinds() -> list[Kind]:
    """Return a kind for each built-in resource; Services take addresses from a pool of this call's own."""
    by_kind = strategies()
    return [
        BuiltinKind(resource, by_kind.get(resource.kind.group_kind, Strategy()))
        for resource in _resources()
        if resource.kind not in _UNSERVED
    ]


@cache
def _resources() -> tuple[Resource, ...]:
    return tuple(_resource(entry) for entry in json.loads(_DATA.read_bytes()))


def _resource(entry: dict[str, Any]) -> Resource:
    return Resource(
        kind=KindRef.of(entry["apiVersion"], entry["kind"]),
        plural=entry["plural"],
        singular=entry["singular"],
        namespaced=entry["namespaced"],
        short_names=tuple(entry["shortNames"]),
        categories=tuple(entry["categories"]),
        verbs=tuple(entry["verbs"]),
        subresources=frozenset(entry["subresources"]),
    )


class BuiltinKind(Kind):
    """A kind whose objects are of one of the server's own types."""

    is_builtin = True

    def __init__(self, resource: Resource, strategy: Strategy) -> None:
        """Find the type of the kind."""
        super().__init__(resource)
        kind = resource.kind
        self.type_name = type_of_kind(kind.api_version, kind.kind) or ""
        self.strategy = strategy
        self.creates_on_put = strategy.creates_on_put
        self.unconditional_update = strategy.unconditional_update
        self.has_status = "status" in resource.subresources

    @cached_property
    def schema(self) -> Schema:
        """Return the schema of the type."""
        from gwdeployer.testing.apiserver.fields import schema_of_type  # noqa: PLC0415 - only where it is applied

        return schema_of_type(self.type_name)

    @property
    def empty(self) -> Object:
        """Return the fields that are printed even of an empty struct."""
        return {**super().empty, **go_type(self.type_name).zero}

    def reset_fields(self, subresource: str = "") -> frozenset[FieldPath]:
        """Return the status for the object, and for the status what a write through it keeps."""
        if not self.has_status:
            return frozenset()
        return frozenset(self.strategy.status_resets if subresource == "status" else self.strategy.resets)

    def parsed(self, obj: Object) -> tuple[Object, list[str]]:
        """Decode by type."""
        result = decoded(self.type_name, obj)
        if result.mismatch:
            raise BadRequest(result.mismatch)
        return result.value, result.unknown

    def stored(self, obj: Object) -> Object:
        """Return the object without empty lists: what is stored is protobuf, which has none."""
        return decoded(self.type_name, obj, keep_empty=False).value if _has_empty_list(obj) else obj

    def default(self, obj: Object) -> Object:
        """Return a copy with defaults, deprecated fields folded into those that replaced them."""
        result: Object = defaulted(self.type_name, obj)
        self.strategy.on_default(result)
        return result

    @property
    def storage(self) -> tuple[str, str]:
        """Return where objects are kept; both forms of Events are in one place."""
        group, plural = super().storage
        return ("" if plural == "events" else group), plural

    def convert(self, obj: Object) -> Object:
        """Return an object of the same storage in this form."""
        if self.storage == ("", "events"):
            return event_in(self.resource.kind.api_version, obj)
        return super().convert(obj)

    def open_api(self) -> dict[str, Any]:
        """Return a reference to the type."""
        return {"$ref": f"#/components/schemas/{self.type_name}"}

    def prepare_create(self, obj: Object) -> Object:
        """Return the object without a status, of generation 1, with what its kind adds."""
        result = copy.deepcopy(obj)
        if self.has_status:
            result["status"] = copy.deepcopy(go_type(self.type_name).zero["status"])
        if self.strategy.counted:
            put(result, _GENERATION, 1)
        self.strategy.on_create(result)
        return self.default(result)

    def prepare_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """Return ``new`` with what this way of writing may not change as it is in ``old``."""
        result = copy.deepcopy(new)
        put(result, _GENERATION, found(old, _GENERATION))
        if subresource == "status":
            for path in self.strategy.status_keeps:
                put(result, path, copy.deepcopy(found(old, path)))
            return self.default(result)
        if self.has_status:
            put(result, ("status",), copy.deepcopy(old.get("status")))
        self.strategy.on_update(result, old)
        if any(found(result, path) != found(old, path) for path in self.strategy.counted):
            put(result, _GENERATION, (found(old, _GENERATION) or 0) + 1)
        return self.default(result)

    def validate(self, obj: Object, old: Object | None = None, subresource: str = "") -> list[Cause]:
        """Return what is wrong with the metadata and with the part that is written."""
        causes = list(validate_metadata(obj, self.resource, old))
        if not subresource:
            causes += self.strategy.validate(obj, old)
        elif subresource == "status":
            causes += self.strategy.validate_status(obj, old)
        return causes

    def release(self, obj: Object) -> None:
        """Give back what the object held."""
        self.strategy.release(obj)

    def revert(self, new: Object, old: Object) -> None:
        """Let the old object hold what it held."""
        self.strategy.revert(new, old)


def _has_empty_list(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_empty_list, value.values()))
    return isinstance(value, list) and (not value or any(map(_has_empty_list, value)))
