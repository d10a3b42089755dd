"""Ownership of replicas, seen through the scale subresource and back.

A Scale shows of its object's ``managedFields`` the owners of the replicas; what becomes of them there is
carried over. The rules of ``k8s.io/apimachinery/pkg/util/managedfields/scalehandler.go``.
"""

from __future__ import annotations

from typing import Any, Final

from gwdeployer.objects import Object, metadata_of
from gwdeployer.testing.apiserver.fields.field_set import FieldSet
from gwdeployer.testing.apiserver.fields.managers import Managed, Manager, Owned, entries_of, managed_of
from gwdeployer.testing.apiserver.fields.path_elements import Path

SCALE: Final = "autoscaling/v1"
_IN_SCALE: Path = ("f:spec", "f:replicas")


def entries_for_scale(obj: Object, replicas: tuple[str, ...]) -> list[Object]:
    """Return ``managedFields`` of an object's Scale; ``replicas`` leads to where the object keeps them."""
    path = _path(replicas)
    managed = _managed(obj)
    owners = {
        manager: Owned(FieldSet.of([_IN_SCALE]), SCALE, owned.applied)
        for manager, owned in managed.owners.items()
        if path in owned.fields
    }
    return entries_of(Managed(owners, managed.times))


def entries_for_object(obj: Object, scale: Object, replicas: tuple[str, ...]) -> list[Object]:
    """Return ``managedFields`` of the object once its Scale was written: new owners, and those left."""
    path, managed = _path(replicas), _managed(obj)
    in_scale = dict(_managed(scale).owners)
    owners: dict[Manager, Owned] = {}
    for manager, owned in managed.owners.items():
        if path in owned.fields and in_scale.pop(manager, None) is None:
            owned = owned.with_fields(owned.fields - FieldSet.of([path]))  # noqa: PLW2901
        if owned.fields:
            owners[manager] = owned
    version = str(obj["apiVersion"])
    for manager, owned in in_scale.items():
        if _IN_SCALE in owned.fields:
            owners[manager] = Owned(FieldSet.of([path]), version, owned.applied)
    # Who is new has no time: a real server looks for it among those that were there.
    return entries_of(Managed(owners, managed.times))


def _path(names: tuple[str, ...]) -> Path:
    return tuple(f"f:{name}" for name in names)


def _managed(obj: Object) -> Managed:
    entries: list[Any] = metadata_of(obj).get("managedFields") or []
    return managed_of(entries)
