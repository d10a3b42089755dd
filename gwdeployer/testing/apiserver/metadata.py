"""Who sets what in ``metadata``: the client, the server, or nobody after the object was created.

What is refused is the kinds' business. Sources: ``k8s.io/apiserver``, ``pkg/registry/rest`` (``meta.go``,
``update.go``) and ``pkg/endpoints/handlers/rest.go``.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.statuses import bad_request

#: The finalizers that ask the garbage collector to act before an object goes.
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"

_SYSTEM = ("creationTimestamp", "uid", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
#: Letters of generated names: they make no words.
SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX = 5
_LONGEST_BASE = 63 - _SUFFIX


def with_metadata(obj: Object, metadata: Mapping[str, Any]) -> Object:
    """Return the object with this metadata, without entries that are None."""
    return obj | {"metadata": {key: value for key, value in metadata.items() if value is not None}}


def without_system_fields(obj: Object) -> Object:
    """Return a new object without what only the server may set."""
    kept = {key: value for key, value in obj["metadata"].items() if key not in _SYSTEM}
    return obj | {"metadata": kept}


def with_system_fields(obj: Object, now: str) -> Object:
    """Return an object about to be created with its UID, its creation time, and its name if it is made up."""
    metadata = obj["metadata"] | {"creationTimestamp": now, "uid": str(uuid.uuid4())}
    if metadata.get("generateName") and not metadata.get("name"):
        metadata["name"] = generated_name(metadata["generateName"])
    return obj | {"metadata": metadata}


def generated_name(base: str) -> str:
    """Return ``base`` with five random letters, of the alphabet that makes no words."""
    return base[:_LONGEST_BASE] + "".join(random.choices(SAFE_LETTERS, k=_SUFFIX))  # noqa: S311 - no secret


def in_namespace(obj: Object, namespace: str) -> Object:
    """Return the object with the namespace of its request. Raises StatusError where it names another."""
    said = obj["metadata"].get("namespace") or ""
    if said == namespace:
        return obj
    if said and namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return with_metadata(obj, obj["metadata"] | {"namespace": namespace or None})


def check_name(obj: Object, name: str) -> None:
    """Raise StatusError where an object's name is not that of the path."""
    said = obj["metadata"].get("name") or ""
    if not said:
        raise bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if said != name:
        raise bad_request(f"the name of the object ({said}) does not match the name on the URL ({name})")


def with_distinct_owners(obj: Object, warnings: list[str], *, patched: bool) -> Object:
    """Return the object with each owner reference once; say in ``warnings`` what was twice."""
    references = obj["metadata"].get("ownerReferences") or []
    kept: list[Any] = []
    twice = []
    for reference in references:
        if reference in kept:
            twice.append(str(reference.get("uid", "")))
        else:
            kept.append(reference)
    if not twice:
        return obj
    when = " after mutating admission happens" if patched else ""
    warnings.append(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, "
        "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) "
        f"observed{when}: {', '.join(twice)}"
    )
    return obj | {"metadata": obj["metadata"] | {"ownerReferences": kept}}


def carried_over(new: Object, old: Object) -> Object:
    """Return an updated object with what an update cannot change taken from the one it replaces."""
    before, metadata = old["metadata"], dict(new["metadata"])
    metadata["uid"] = metadata.get("uid") or before["uid"]
    metadata["creationTimestamp"] = before["creationTimestamp"]
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        if before.get(key) is not None and (key == "deletionTimestamp" or metadata.get(key) is None):
            metadata[key] = before[key]
    return new | {"metadata": metadata}
