"""Who owns the replicas, seen through the scale subresource."""

from __future__ import annotations

from typing import Any

from gwdeployer.testing.apiserver.fields import object_entries, scale_entries

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
