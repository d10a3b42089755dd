"""The options of requests (``CreateOptions``, ``PatchOptions``, ``DeleteOptions``, ``ListOptions``), checked.

What is refused, and how that is worded: ``k8s.io/apimachinery``, ``pkg/apis/meta/v1/validation`` and
``pkg/apis/meta/internalversion/validation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gwdeployer.testing.apiserver.kinds.causes import (
    Cause,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from gwdeployer.testing.apiserver.statuses import bad_request, unknown_error
from gwdeployer.testing.apiserver.statuses import invalid as invalid_status
from gwdeployer.testing.apiserver.targets import Query, is_true

_GROUP = "meta.k8s.io"
_MANAGER_LIMIT = 128
_POLICIES = ("Foreground", "Background", "Orphan", "nil")
_EXACT, _NOT_OLDER = "Exact", "NotOlderThan"


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a create, update or patch is to be done."""

    manager: str = ""
    dry_run: bool = False
    validation: str = "Warn"
    force: bool | None = None


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """How a deletion is to be done; None and "" where the request leaves it open."""

    dry_run: bool = False
    grace: int | None = None
    propagation: str = ""
    orphan: bool | None = None
    uid: str | None = None
    resource_version: str | None = None


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What is to be listed or watched."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    token: str = ""
    resource_version: str = ""
    match: str = ""
    initial_events: bool = False
    bookmarks: bool = False
    timeout: int = 0


def create_options(query: Query, user_agent: str) -> WriteOptions:
    """Return the options of a create. Raises StatusError."""
    return _write_options("CreateOptions", query, user_agent)


def update_options(query: Query, user_agent: str) -> WriteOptions:
    """Return the options of an update. Raises StatusError."""
    return _write_options("UpdateOptions", query, user_agent)


def _write_options(kind: str, query: Query, user_agent: str) -> WriteOptions:
    manager = _one(query, "fieldManager")
    causes = [*_wrong_manager(manager), *_wrong_dry_run(query), *_wrong_validation(query)]
    _refuse(kind, causes)
    return WriteOptions(
        manager or manager_of_agent(user_agent), _dry_run(query), _one(query, "fieldValidation") or "Warn"
    )


def patch_options(query: Query, user_agent: str, *, applies: bool) -> WriteOptions:
    """Return the options of a patch. Raises StatusError."""
    manager, force = _one(query, "fieldManager"), _optional(query, "force")
    causes = [*_wrong_manager(manager), *_wrong_dry_run(query), *_wrong_validation(query)]
    if applies and not manager:
        causes.insert(0, required("fieldManager", "is required for apply patch"))
    if not applies and force is not None:
        causes.insert(0, forbidden("force", "may not be specified for non-apply patch"))
    _refuse("PatchOptions", causes)
    manager = manager or manager_of_agent(user_agent)
    return WriteOptions(manager, _dry_run(query), _one(query, "fieldValidation") or "Warn", force)


def delete_options(query: Query, body: Mapping[str, Any] | None) -> DeleteOptions:
    """Return the options of a deletion, from the body where there is one. Raises StatusError."""
    said = body if body is not None else _delete_query(query)
    propagation, orphan = said.get("propagationPolicy"), said.get("orphanDependents")
    causes = []
    if propagation is not None and orphan is not None:
        told = "orphanDependents and deletionPropagation cannot be both set"
        causes.append(invalid("propagationPolicy", propagation, told))
    if propagation is not None and propagation not in _POLICIES[:-1]:
        causes.append(not_supported("propagationPolicy", propagation, _POLICIES))
    dry_run = said.get("dryRun") or []
    if any(one != "All" for one in dry_run):
        causes.append(not_supported("dryRun", dry_run, ["All"]))
    _refuse("DeleteOptions", causes)
    wanted = said.get("preconditions") or {}
    return DeleteOptions(
        bool(dry_run),
        said.get("gracePeriodSeconds"),
        propagation or "",
        orphan,
        wanted.get("uid"),
        wanted.get("resourceVersion"),
    )


def list_options(query: Query, *, watch: bool) -> ListOptions:
    """Return the options of a list or watch. Raises StatusError."""
    version, match = _one(query, "resourceVersion"), _one(query, "resourceVersionMatch")
    initial = _optional(query, "sendInitialEvents")
    if watch and initial is None and not match and version in {"", "0"}:
        initial, match = True, _NOT_OLDER
    token = _one(query, "continue")
    causes = _wrong_watch(match, token, initial) if watch else _wrong_list(version, match, token, initial)
    _refuse("ListOptions", causes)
    return ListOptions(
        _one(query, "labelSelector"),
        _one(query, "fieldSelector"),
        _integer(query, "limit"),
        token,
        version,
        match,
        bool(initial),
        is_true(query, "allowWatchBookmarks"),
        _integer(query, "timeoutSeconds"),
    )


def revision_of(resource_version: str) -> int:
    """Return the revision that a resourceVersion in a query means, 0 for none. Raises StatusError (500)."""
    said = resource_version or "0"
    if not (said.isascii() and said.isdigit()):
        why = f'strconv.ParseUint: parsing "{said}": invalid syntax'
        raise unknown_error(str(invalid("resourceVersion", said, why)))
    return int(said)


def manager_of_agent(user_agent: str) -> str:
    """Return the field manager of who names none: the User-Agent up to its first slash."""
    name = "".join(letter for letter in user_agent.partition("/")[0] if letter.isprintable())
    return name.encode()[:_MANAGER_LIMIT].decode(errors="ignore")


def _wrong_list(version: str, match: str, token: str, initial: bool | None) -> list[Cause]:
    causes, where = [], "resourceVersionMatch"
    if match:
        if not version:
            told = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            causes.append(forbidden(where, told))
        if token:
            causes.append(forbidden(where, "resourceVersionMatch is forbidden when continue is provided"))
        if match not in {_EXACT, _NOT_OLDER}:
            causes.append(not_supported(where, match, [_EXACT, _NOT_OLDER, ""]))
        if match == _EXACT and version == "0":
            told = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            causes.append(forbidden(where, told))
    if initial is not None:
        causes.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return causes


def _wrong_watch(match: str, token: str, initial: bool | None) -> list[Cause]:
    causes, where = [], "resourceVersionMatch"
    if initial is not None and match != _NOT_OLDER:
        told = f"sendInitialEvents requires setting resourceVersionMatch to {_NOT_OLDER}"
        causes.append(forbidden(where, told))
    if match:
        if initial is None:
            told = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            causes.append(forbidden(where, told))
        if match != _NOT_OLDER:
            causes.append(not_supported(where, match, [_NOT_OLDER]))
        if token:
            causes.append(forbidden(where, "resourceVersionMatch is forbidden when continue is provided"))
    return causes


def _wrong_manager(manager: str) -> list[Cause]:
    causes = []
    if len(manager.encode()) > _MANAGER_LIMIT:
        causes.append(too_long("fieldManager", _MANAGER_LIMIT))
    for place, letter in enumerate(manager):
        if not letter.isprintable():
            told = f"invalid character U+{ord(letter):04X} (at position {place})"
            causes.append(invalid("fieldManager", manager, told))
    return causes


def _wrong_dry_run(query: Query) -> list[Cause]:
    said = list(query.get("dryRun", ()))
    return [] if all(one == "All" for one in said) else [not_supported("dryRun", said, ["All"])]


def _wrong_validation(query: Query) -> list[Cause]:
    said, known = _one(query, "fieldValidation"), ["", "Ignore", "Strict", "Warn"]
    return [] if said in known else [not_supported("fieldValidation", said, known)]


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise invalid_status((_GROUP, kind), "", causes)


def _delete_query(query: Query) -> dict[str, Any]:
    said: dict[str, Any] = {"dryRun": list(query.get("dryRun", ()))}
    if "gracePeriodSeconds" in query:
        said["gracePeriodSeconds"] = _integer(query, "gracePeriodSeconds")
    if "propagationPolicy" in query:
        said["propagationPolicy"] = _one(query, "propagationPolicy")
    return said | {"orphanDependents": _optional(query, "orphanDependents")}


def _dry_run(query: Query) -> bool:
    return bool(query.get("dryRun"))


def _one(query: Query, key: str) -> str:
    values = query.get(key)
    return values[0] if values else ""


def _optional(query: Query, key: str) -> bool | None:
    return is_true(query, key) if key in query else None


def _integer(query: Query, key: str) -> int:
    said = _one(query, key) or "0"
    try:
        return int(said)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{said}": invalid syntax') from None
