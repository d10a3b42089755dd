"""Who owns the replicas, seen through the scale subresource."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.testing.apiserver.fields import (
    ApplyConflict,
    apply,
    object_entries,
    scale_entries,
    schema_of_type,
    update,
)
from tests.testing.fields.kinds import NOON

PATHS = {"apps/v1": ("spec", "replicas")}
REPLICAS = {"f:spec": {"f:replicas": {}}}


def entry(manager: str, operation: str, version: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    made = {"manager": manager, "operation": operation, "apiVersion": version, **more}
    return made | {"fieldsType": "FieldsV1", "fieldsV1": fields}


def test_a_scale_shows_who_owns_the_replicas() -> None:
    entries = [
        entry("a", "Apply", "apps/v1", {"f:spec": {"f:paused": {}}}),
        entry("b", "Apply", "apps/v1", {"f:spec": {"f:paused": {}, "f:replicas": {}}}),
        entry("c", "Update", "apps/v10", REPLICAS),
    ]
    assert scale_entries(entries, PATHS) == [entry("b", "Apply", "autoscaling/v1", REPLICAS)]


def test_a_write_of_the_scale_takes_the_replicas_from_their_owner() -> None:
    before = [entry("a", "Apply", "apps/v1", {"f:spec": {"f:paused": {}, "f:replicas": {}}})]
    scale = [entry("s", "Update", "autoscaling/v1", REPLICAS, subresource="scale")]
    assert object_entries(before, scale, "apps/v1", PATHS) == [
        entry("a", "Apply", "apps/v1", {"f:spec": {"f:paused": {}}}),
        entry("s", "Update", "apps/v1", REPLICAS, subresource="scale"),
    ]


def test_an_owner_who_stays_in_the_scale_keeps_its_entry() -> None:
    before = [
        entry("a", "Apply", "apps/v1", {"f:spec": {"f:paused": {}, "f:replicas": {}}}),
        entry("b", "Update", "apps/v1", {"f:spec": {"f:paused": {}}}),
        entry("c", "Update", "apps/v10", {"f:spec": {"f:paused": {}}}),
    ]
    scale = [entry("a", "Apply", "autoscaling/v1", REPLICAS)]
    assert object_entries(before, scale, "apps/v1", PATHS) == before[:2]


def scale(entries: list[dict[str, Any]], replicas: int) -> dict[str, Any]:
    """Return the Scale of an object with these managedFields."""
    metadata = {"name": "w", "uid": "1", "managedFields": scale_entries(entries, PATHS)}
    head = {"apiVersion": "autoscaling/v1", "kind": "Scale"}
    return head | {"metadata": metadata, "spec": {"replicas": replicas}}


def test_writes_of_a_scale_go_through_its_own_owners() -> None:
    schema = schema_of_type("autoscaling.v1.Scale")
    entries = [entry("creator", "Update", "apps/v1", {"f:spec": {"f:paused": {}, "f:replicas": {}}})]
    live = scale(entries, 1)
    written = update(
        live, live | {"spec": {"replicas": 2}}, schema, manager="s", subresource="scale", now=NOON
    )
    entries = object_entries(entries, written["metadata"]["managedFields"], "apps/v1", PATHS)
    assert entries == [
        entry("creator", "Update", "apps/v1", {"f:spec": {"f:paused": {}}}),
        entry("s", "Update", "apps/v1", REPLICAS, subresource="scale"),
    ]
    applied = {"apiVersion": "autoscaling/v1", "kind": "Scale", "spec": {"replicas": 5}}
    with pytest.raises(ApplyConflict, match='"s" with subresource "scale" using autoscaling/v1'):
        apply(scale(entries, 2), applied, schema, manager="a", subresource="scale", now=NOON)
