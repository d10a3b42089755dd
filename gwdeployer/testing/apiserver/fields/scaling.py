"""Who owns the number of replicas, seen through the scale subresource.

A Scale has managedFields of its own: those entries of its object that own the replicas, told in terms of
``autoscaling/v1``. After a Scale was written, they go back into the object (``ScaleHandler`` of
``k8s.io/apimachinery/pkg/util/managedfields``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.fields.field_set import FieldSet
from gwdeployer.testing.apiserver.fields.managers import Managed, Manager, Owned, entries_of, managed_of

#: Where each version of a kind has its replicas, by names; ``None``: that version has no scale subresource.
ReplicasPaths = Mapping[str, tuple[str, ...] | None]

SCALE_VERSION: Final = "autoscaling/v1"
_REPLICAS = ("f:spec", "f:replicas")


def scale_entries(entries: Iterable[Object], paths: ReplicasPaths) -> list[Object]:
    """Return the managedFields of an object's Scale, from those of the object.

    Raises ``FieldsError`` if they cannot be understood.
    """
    managed = managed_of(entries)
    owners = {
        manager: Owned(FieldSet.of([_REPLICAS]), SCALE_VERSION, owned.applied)
        for manager, owned in managed.owners.items()
        if _owns_replicas(owned, paths)
    }
    return entries_of(Managed(owners, managed.times))


def object_entries(
    entries: Iterable[Object], scale: Iterable[Object], api_version: str, paths: ReplicasPaths
) -> list[Object]:
    """Return the managedFields of an object after its Scale was written through ``api_version``.

    ``entries`` are those of the object before, ``scale`` those of the Scale now. Who does not own the
    replicas of the Scale any more, does not own them in the object. Entries of unknown versions go; entries
    that the Scale adds have no time. Raises ``FieldsError`` if either cannot be understood.
    """
    managed, of_scale = managed_of(entries), dict(managed_of(scale).owners)
    known = {manager: owned for manager, owned in managed.owners.items() if owned.api_version in paths}
    owners: dict[Manager, Owned] = {}
    for manager, owned in known.items():
        stolen = _owns_replicas(owned, paths) and not of_scale.pop(manager, None)
        left = owned.fields - FieldSet.of([_path(paths[owned.api_version])]) if stolen else owned.fields
        if left:
            owners[manager] = owned.with_fields(left)
    for manager, owned in of_scale.items():
        if _REPLICAS in owned.fields:
            replicas = FieldSet.of([_path(paths[api_version])])
            owners[manager] = Owned(replicas, api_version, owned.applied)
    return entries_of(Managed(owners, managed.times))


def _owns_replicas(owned: Owned, paths: ReplicasPaths) -> bool:
    return _path(paths.get(owned.api_version)) in owned.fields


def _path(names: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(f"f:{name}" for name in names or ())
