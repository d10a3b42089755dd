"""Server-side apply: who owns which field of an object, and what an apply makes of it (KEP-555).

``schema_of_type`` and ``schema_of_crd`` say how values of a kind are structured; ``apply`` and ``update`` say
what becomes of an object and its ``metadata.managedFields`` when it is written; ``scale_entries`` and
``object_entries`` carry ownership over to a Scale and back. Everything is pure.
"""

from gwdeployer.testing.apiserver.fields.crd_schemas import schema_of_crd
from gwdeployer.testing.apiserver.fields.errors import ApplyConflict, Conflict, FieldsError
from gwdeployer.testing.apiserver.fields.published_schemas import schema_of_type
from gwdeployer.testing.apiserver.fields.scaling import ReplicasPaths, object_entries, scale_entries
from gwdeployer.testing.apiserver.fields.schema import Schema
from gwdeployer.testing.apiserver.fields.writes import FieldPaths, apply, update

__all__ = [
    "ApplyConflict",
    "Conflict",
    "FieldPaths",
    "FieldsError",
    "ReplicasPaths",
    "Schema",
    "apply",
    "object_entries",
    "scale_entries",
    "schema_of_crd",
    "schema_of_type",
    "update",
]
