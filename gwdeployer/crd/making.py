"""The CustomResourceDefinition around the schema of a model."""

from __future__ import annotations

from typing import Any

from gwdeployer.crd.definition import CrdDefinition, PrinterColumn
from gwdeployer.crd.structural import structural_schema
from gwdeployer.objects import Object


def crd_of(definition: CrdDefinition, *, descriptions: bool = True) -> Object:
    """Return the CustomResourceDefinition, with the status subresource. The caller owns it.

    ``descriptions``: with the first paragraph of each model's docstring, for ``kubectl explain``. Takes about
    a tenth of a second for a model as large as a proxy's parameters.
    """
    metadata: dict[str, Any] = {"name": definition.name}
    for part, entries in (("labels", definition.labels), ("annotations", definition.annotations)):
        if entries:
            metadata[part] = dict(entries)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {
            "group": definition.kind.group,
            "names": definition.names(),
            "scope": definition.scope,
            "versions": [_version(definition, descriptions)],
        },
    }


def _version(definition: CrdDefinition, descriptions: bool) -> dict[str, Any]:
    version: dict[str, Any] = {
        "name": definition.kind.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": _schema(definition, descriptions)},
    }
    if definition.printer_columns:
        version["additionalPrinterColumns"] = [_column(column) for column in definition.printer_columns]
    return version


def _schema(definition: CrdDefinition, descriptions: bool) -> dict[str, Any]:
    """``metadata`` stays empty: the API server has its own schema of it, and allows no other."""
    status: dict[str, Any] = {"type": "object"}
    if definition.status is not None:
        status = structural_schema(definition.status, descriptions=descriptions)
    schema: dict[str, Any] = {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(definition.spec, descriptions=descriptions),
            "status": status,
        },
    }
    return schema | (
        {"description": definition.description} if descriptions and definition.description else {}
    )


def _column(column: PrinterColumn) -> dict[str, Any]:
    optional = {"description": column.description, "priority": column.priority}
    return {"name": column.name, "type": column.type, "jsonPath": column.path} | {
        key: value for key, value in optional.items() if value
    }
