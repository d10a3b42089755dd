"""The annotation of ``kubectl apply``, while its users move to server-side apply (KEP-555, migration).

Who applies as ``kubectl`` what client-side apply put there before, meets no conflict about it; and the
annotation stays up to date for those who go back.
"""

from __future__ import annotations

import json
from typing import Any, Final

from gwdeployer.objects import Object, metadata_of
from gwdeployer.testing.apiserver.fields.comparison import compared
from gwdeployer.testing.apiserver.fields.field_set import EMPTY, FieldSet
from gwdeployer.testing.apiserver.fields.ownership import fields_of
from gwdeployer.testing.apiserver.fields.schema import Atom
from gwdeployer.testing.apiserver.fields.validation import faults
from gwdeployer.testing.apiserver.fields.values import json_text

#: The manager as which kubectl applies on the server unless told otherwise.
KUBECTL: Final = "kubectl"
ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
#: Names and values of all annotations of an object together.
MAX_ANNOTATION_BYTES: Final = 256 * 1024


def unchanged_since(live: Object, atom: Atom) -> FieldSet:
    """Return the fields that the annotation sets and that the live object still has as it says."""
    last = _applied_before(live)
    valid = isinstance(last, dict) and not faults(atom, last, duplicates=False)
    if not valid or last.get("apiVersion") != live.get("apiVersion") or faults(atom, live, duplicates=False):
        return EMPTY
    difference = compared(atom, last, live)
    return fields_of(atom, last) - (difference.added | difference.modified | difference.removed)


def _annotations(obj: Object) -> dict[str, str]:
    """Return an object's annotations; Go reads a null as an empty text."""
    return {name: text or "" for name, text in (metadata_of(obj).get("annotations") or {}).items()}


def _applied_before(live: Object) -> Any:
    try:
        return json.loads(_annotations(live).get(ANNOTATION) or "null")
    except ValueError:
        return None


def with_last_applied(obj: Object, applied: Object) -> Object:
    """Return the object with the annotation saying what was applied, if it has the annotation.

    Without it, if annotations would be too large with it.
    """
    annotations = _annotations(obj)
    if not annotations.get(ANNOTATION):
        return obj
    annotations = {**annotations, ANNOTATION: _written(applied)}
    if sum(len(text.encode()) for pair in annotations.items() for text in pair) > MAX_ANNOTATION_BYTES:
        del annotations[ANNOTATION]
    return {**obj, "metadata": {**metadata_of(obj), "annotations": annotations}}


def _written(applied: Object) -> str:
    metadata = dict(metadata_of(applied))
    if "annotations" in metadata:
        kept = {name: text for name, text in _annotations(applied).items() if name != ANNOTATION}
        annotated = metadata.pop("annotations") is not None
        applied = {**applied, "metadata": metadata | ({"annotations": kept} if annotated else {})}
    return json_text(applied) + "\n"
