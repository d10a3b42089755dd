"""CustomResourceDefinitions themselves: what a server adds to one.

The rules of ``apiextensions-apiserver/pkg/registry/customresourcedefinition``. The controllers that check
names run beside a real server; here the names of a definition are accepted when it is stored.
"""

from __future__ import annotations

from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.strategies import SPEC, Strategy
from gwdeployer.testing.apiserver.kinds.validation.definitions import validate_definition

_METADATA = (("metadata",), *SPEC)


def definition_strategy() -> Strategy:
    """Return the strategy of CustomResourceDefinitions."""
    return Strategy(
        counted=SPEC,
        status_resets=_METADATA,
        on_create=_establish,
        on_update=_accept,
        validate=validate_definition,
        unconditional_update=False,
    )


def _establish(crd: Object) -> None:
    now = crd["metadata"].get("creationTimestamp")
    crd["status"] = {
        "acceptedNames": dict(crd["spec"]["names"]),
        "conditions": [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ],
        "storedVersions": _storage_versions(crd),
    }


def _accept(new: Object, _old: Object) -> None:
    status = new["status"]
    status["acceptedNames"] = dict(new["spec"]["names"])
    stored = status.get("storedVersions") or []
    status["storedVersions"] = [*stored, *(name for name in _storage_versions(new) if name not in stored)]


def _storage_versions(crd: Object) -> list[str]:
    return [version["name"] for version in crd["spec"].get("versions") or () if version.get("storage")]


def _condition(kind: str, reason: str, message: str, now: str | None) -> dict[str, Any]:
    return {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
