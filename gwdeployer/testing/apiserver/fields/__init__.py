"""Server-side apply: who owns which field of an object, and what an apply makes of it (KEP-555).

``schema_of_type`` and ``schema_of_crd`` say how values of a kind are structured; ``apply`` and ``update`` say
what becomes of an object and its ``metadata.managedFields`` when it is written. Everything is pure.
"""

from gwdeployer.testing.apiserver.fields.crd_schemas import schema_of_crd
from gwdeployer.testing.apiserver.fields.errors import ApplyConflict, Conflict, FieldsError
from gwdeployer.testing.apiserver.fields.published_schemas import schema_of_type
from gwdeployer.testing.apiserver.fields.schema import Schema
from gwdeployer.testing.apiserver.fields.writes import FieldPaths, apply, update

__all__ = [
    "ApplyConflict",
    "Conflict",
    "FieldPaths",
    "FieldsError",
    "Schema",
    "apply",
    "schema_of_crd",
    "schema_of_type",
    "update",
]
