"""What the tests write: a Deployment, a Service and a custom kind, and who writes it when."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import Any

from gwdeployer.testing.apiserver.fields import apply, schema_of_crd, schema_of_type, update

Object = dict[str, Any]

NOON, LATER = "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"

DEPLOYMENT = schema_of_type("apps.v1.Deployment")
SERVICE = schema_of_type("core.v1.Service")
WIDGET = schema_of_crd(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "steps": {"type": "array", "items": {"type": "string"}},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "color": {
                        "type": "object",
                        "x-kubernetes-map-type": "atomic",
                        "properties": {"red": {"type": "integer"}, "green": {"type": "integer"}},
                    },
                },
            }
        },
    }
)

apply_deployment = partial(apply, schema=DEPLOYMENT, now=NOON)
update_deployment = partial(update, schema=DEPLOYMENT, now=NOON)
apply_service = partial(apply, schema=SERVICE, now=NOON)
apply_widget = partial(apply, schema=WIDGET, now=NOON)
update_widget = partial(update, schema=WIDGET, now=NOON)


def deployment(**spec: Any) -> Object:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def containers(*items: Object) -> Object:
    return {"spec": {"containers": list(items)}}


def service(*ports: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": list(ports)},
    }


def widget(**spec: Any) -> Object:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def stored(obj: Object) -> Object:
    """Return an object as it is once the server has it."""
    obj = deepcopy(obj)
    obj["metadata"]["uid"] = "1"
    return obj


def changed(obj: Object, **spec: Any) -> Object:
    """Return an object with other fields in its spec."""
    return {**deepcopy(obj), "spec": {**deepcopy(obj["spec"]), **spec}}


def owned(obj: Object) -> dict[str, Any]:
    """Return the fields of each manager."""
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", [])}
