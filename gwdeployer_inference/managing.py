"""Whose picker is it? Decides, purely, whether a pool's endpoint picker is deployed by us, and if not, why.

Always opt-in: a pool that nobody has put in our hands is left alone. A pool that was in our hands and is not
any more loses what we deployed for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

from gwdeployer.errors import Fault, ParametersError, shown
from gwdeployer.objects import Object, describe, is_owned_by, metadata_of
from gwdeployer.store import Index
from gwdeployer_inference.inputs import Manage
from gwdeployer_inference.pools import Pool, pool_of
from gwdeployer_inference.reading import mapping

#: Annotation (or label) of a pool or its namespace: "true" puts the picker in our hands, "false" forbids it.
MANAGED = "gwdeployer.dev/managed"
#: Annotation of a pool or its namespace: the EndpointPickerParameters that hold for it, by name.
PARAMETERS = "gwdeployer.dev/parameters"


class Decision(NamedTuple):
    """Whether a pool's picker is ours to deploy. ``why`` is a machine's word, ``reason`` a person's."""

    managed: bool
    why: str
    reason: str


def decide(
    pool: Pool,
    *,
    marks: Iterable[bool | None],
    manage: Manage,
    service: Object | None,
    adopted: bool = False,
    referenced: bool = True,
) -> Decision:
    """Return whether a pool's picker is ours.

    ``marks`` are the pool's and the namespace's, most important first (a pool that names its parameters is
    marked by that); ``service`` is the Service that the pool names, if there is one, and ``adopted`` whether
    the pool hands it over to us. A Service that does not exist yet is no reason to hold back: the pool has
    been put in our hands. ``referenced`` says whether what has to refer to the pool does.
    """
    ref = pool.ref
    if left := _opted_out(marks, manage):
        return left
    if ref is not None and not ref.is_service:
        kind = f"{ref.group}/{ref.kind}" if ref.group else ref.kind
        return Decision(False, "NotAService", f"{ref.path} names a {kind}, not a Service")
    if service is not None and not (adopted or _is_ours(service, pool)):
        return Decision(False, "ServiceNotOwned", f"{describe(service)} is there and is somebody else's")
    if not referenced:
        return Decision(False, "NotReferenced", "no route of a Gateway refers to it (inference.deployWhen)")
    return Decision(True, "Managed", "")


def _opted_out(marks: Iterable[bool | None], manage: Manage) -> Decision | None:
    if manage == "none":
        return Decision(False, "SwitchedOff", "inputs say inference.manage: none")
    mark = next((mark for mark in marks if mark is not None), None)
    if mark is False:
        return Decision(False, "OptedOut", f'marked {MANAGED}: "false"')
    if mark or manage == "all":
        return None
    hint = f'mark it or its namespace {MANAGED}: "true", or name its parameters'
    return Decision(False, "NotOptedIn", f"nobody has asked for its endpoint picker ({hint})")


def _is_ours(service: Object, pool: Pool) -> bool:
    return bool(pool.uid) and is_owned_by(service, pool.uid)


def mark_of(obj: Object | None) -> bool | None:
    """Return what an object's mark says; None: nothing. Raises ParametersError for another word."""
    text = _text_of(obj, MANAGED)
    if obj is None or text is None:
        return None
    if text not in ("true", "false"):
        message, hint = f"{shown(text)} is not understood", 'write "true" or "false"'
        raise ParametersError(Fault(message, f"metadata.annotations[{MANAGED}]", describe(obj), hint=hint))
    return bool(text == "true")


def parameters_named_by(obj: Object | None) -> str:
    """Return the name of the parameters that a pool or a namespace names; "": none."""
    annotations = mapping(metadata_of(obj or {}).get("annotations"))
    return str(annotations.get(PARAMETERS) or "")


def rivals_of(pool: Pool, pools: Iterable[Object]) -> list[Object]:
    """Return the other pools whose picker would have this pool's names."""
    found: dict[tuple[str, str], Object] = {}
    for obj in pools:
        other = pool_of(obj)
        same = other.kind == pool.kind and other.name == pool.name
        if not same and not set(names_of(other)).isdisjoint(names_of(pool)):
            found.setdefault((other.kind.group, other.name), obj)
    return list(found.values())


def names_of(pool: Pool) -> tuple[Hashable, Hashable]:
    """Return what no two pools may have in common: their Service, and the rest of the picker."""
    return ("Service", pool.namespace, pool.service), ("picker", pool.namespace, pool.picker)


#: Finds pools by what no two of them may have in common.
BY_NAMES = Index("picker names", lambda obj: names_of(pool_of(obj)))


def _text_of(obj: Object | None, key: str) -> Any:
    metadata = metadata_of(obj or {})
    annotations, labels = mapping(metadata.get("annotations")), mapping(metadata.get("labels"))
    return annotations.get(key, labels.get(key))
