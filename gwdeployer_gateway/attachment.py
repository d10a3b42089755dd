"""Who may attach to a Gateway: which namespaces a rule lets in, and the ListenerSets that name it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from gwdeployer.objects import Object, matches, metadata_of, name_of, namespace_of
from gwdeployer.store import Index, Lookup, ObjectStore
from gwdeployer_gateway.api import GROUP, LISTENER_SET, NAMESPACE, AllowedListeners, AllowedNamespaces


def allows(
    rule: AllowedNamespaces | None, home: str, guest: str, store: ObjectStore, *, default: str
) -> bool:
    """Return whether objects of namespace ``guest`` may attach to one in ``home``.

    ``from`` is None, Same, All, or Selector (over the namespace's labels); ``default`` where it is not said.
    Source: ``RouteNamespaces`` and ``ListenerNamespaces`` of the Gateway API.
    """
    origin = (rule.from_ if rule else None) or default
    if origin == "Selector":
        selector = rule.selector.as_mapping() if rule and rule.selector else None
        return matches(selector, _labels_of(guest, store))
    return origin == "All" or (origin == "Same" and guest == home)


def listener_sets_of(
    gateway: Object, allowed: AllowedListeners | None, store: ObjectStore
) -> Iterator[tuple[Object, bool]]:
    """Yield the ListenerSets that name the Gateway, and whether its ``allowedListeners`` lets each in.

    In the order in which their listeners count: the oldest first, then by namespace and name (GEP-1713).
    """
    rule = allowed.namespaces if allowed else None
    home = home_of(gateway)
    found = store.list(LISTENER_SET, lookup=Lookup(BY_PARENT, (home, name_of(gateway))))
    for listener_set in sorted(found, key=_created):
        yield listener_set, allows(rule, home, home_of(listener_set), store, default="None")


def parent_of(listener_set: Object) -> tuple[str, str] | None:
    """Return namespace and name of the Gateway that a ListenerSet names, if it names one."""
    spec = listener_set.get("spec")
    parent = spec.get("parentRef") if isinstance(spec, dict) else None
    if not isinstance(parent, dict):
        return None
    group, kind = parent.get("group"), parent.get("kind")
    if (GROUP if group is None else group, "Gateway" if kind is None else kind) != (GROUP, "Gateway"):
        return None
    namespace, name = parent.get("namespace") or home_of(listener_set), parent.get("name")
    return (namespace, name) if isinstance(namespace, str) and isinstance(name, str) else None


def _parents(listener_set: Object) -> Iterable[Hashable]:
    parent = parent_of(listener_set)
    return () if parent is None else (parent,)


#: Finds ListenerSets by namespace and name of their Gateway.
BY_PARENT = Index("parent", _parents)


def home_of(obj: Object) -> str:
    """Return the namespace that a namespaced object is in; a file may leave out ``default``."""
    return namespace_of(obj) or "default"


def _created(obj: Object) -> str:
    """Return when an object was made, in a form that sorts; ties are kept in the store's order, by name."""
    return str(metadata_of(obj).get("creationTimestamp") or "")


def _labels_of(name: str, store: ObjectStore) -> Mapping[str, Any]:
    namespace = store.get(NAMESPACE, "", name)
    labels = metadata_of(namespace).get("labels") if namespace else None
    # The API server puts this label on every namespace; a namespace in a file has it only in effect.
    return {**(labels if isinstance(labels, Mapping) else {}), "kubernetes.io/metadata.name": name}
