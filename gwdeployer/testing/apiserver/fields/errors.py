"""Why server-side apply refuses, in the API server's own words."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

from gwdeployer.objects import Object


class Conflict(NamedTuple):
    """One field that somebody else owns: ``"kubectl" using apps/v1``, ``.spec.replicas``."""

    manager: str
    path: str


class ApplyConflict(Exception):  # noqa: N818 - the reason's name
    """What is applied would change fields of other managers, and force was not asked for.

    ``conflicts`` are in order of managers and paths.
    """

    def __init__(self, conflicts: Iterable[Conflict]) -> None:
        """Keep the conflicts, of which there is at least one."""
        self.conflicts = list(conflicts)
        super().__init__(_message(self.conflicts))

    def status(self) -> Object:
        """Return the Status that the API server answers, with one cause per field."""
        causes = [
            {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
            for manager, path in self.conflicts
        ]
        return _status(HTTPStatus.CONFLICT, str(self), reason="Conflict", details={"causes": causes})


def _message(conflicts: list[Conflict]) -> str:
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    of: dict[str, list[str]] = {}
    for manager, path in conflicts:
        of.setdefault(manager, []).append(path)
    lines = [
        line
        for manager, paths in of.items()
        for line in (f"conflicts with {manager}:", *(f"- {path}" for path in paths))
    ]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


class FieldsError(Exception):
    """What is applied, or the object it is applied to, does not fit the kind's schema.

    ``code`` is 400 if the request itself says so, else 500, as the API server has it. ``causes`` are the
    single faults, each ``.spec.path: what is wrong``.
    """

    def __init__(self, message: str, causes: Iterable[str] = (), *, code: int = 500) -> None:
        """Keep the message as the API server words it."""
        self.message = message
        self.causes = list(causes)
        self.code = code
        super().__init__(message)

    def status(self) -> Object:
        """Return the Status that the API server answers."""
        return _status(
            self.code, self.message, reason="BadRequest" if self.code == HTTPStatus.BAD_REQUEST else ""
        )


def _status(code: int, message: str, *, reason: str, details: dict[str, Any] | None = None) -> Object:
    said: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    said |= {"message": message} | ({"reason": reason} if reason else {})
    return said | ({"details": details} if details else {}) | {"code": int(code)}
