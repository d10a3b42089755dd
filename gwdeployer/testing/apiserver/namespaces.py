"""The controllers of Namespaces: emptying those that are deleted, and filling new ones with what all have."""

from __future__ import annotations

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.acting import erase, make
from gwdeployer.testing.apiserver.options import DeleteOptions
from gwdeployer.testing.apiserver.state import NAMESPACES, State
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Change, Key

_FINALIZER = "kubernetes"


class NamespaceController:
    """Deletes what is in a Namespace that is being deleted, then lets the Namespace go."""

    def __init__(self, state: State) -> None:
        """Work in this state."""
        self._state = state

    def act(self, key: Key, change: Change) -> None:
        """Look after the namespace that a change is about, or that it happened in."""
        if key.resource == NAMESPACES:
            self._attend(key)
        elif key.namespace and change.after is None:
            self._attend(Key(NAMESPACES, "", key.namespace))

    def _attend(self, key: Key) -> None:
        namespace = self._state.storage.get(key)
        if namespace is None or not namespace["metadata"].get("deletionTimestamp"):
            return
        for content in list(self._state.storage.keys(key.name)):
            erase(self._state, content, DeleteOptions(propagation="Background"))
        if next(self._state.storage.keys(key.name), None) is None:
            self._finalize(key)

    def _finalize(self, key: Key) -> None:
        namespace = self._state.storage.get(key)
        if namespace is None:
            return
        spec = namespace.get("spec") or {}
        kept = [one for one in spec.get("finalizers") or () if one != _FINALIZER]
        spec = {name: value for name, value in spec.items() if name != "finalizers"}
        if kept:
            spec["finalizers"] = kept
        elif not namespace["metadata"].get("finalizers"):
            self._state.storage.remove(key)
            return
        if spec != namespace.get("spec"):
            self._state.storage.put(key, namespace | {"spec": spec})


class DefaultContents:
    """Makes what a cluster has in every namespace: a ServiceAccount, and the cluster's root certificate."""

    def __init__(self, state: State, *, account: bool, root_ca: bool) -> None:
        """Make what is wanted."""
        self._state = state
        self._made: list[tuple[ResourceName, str, Object]] = []
        if account:
            self._made.append((ResourceName("", "serviceaccounts"), "default", {}))
        if root_ca:
            content: Object = {"data": {"ca.crt": ""}}
            self._made.append((ResourceName("", "configmaps"), "kube-root-ca.crt", content))

    def act(self, key: Key, change: Change) -> None:
        """Make what a new namespace lacks, and again what somebody deleted."""
        namespace = key.name if key.resource == NAMESPACES else key.namespace
        live = self._state.storage.get(Key(NAMESPACES, "", namespace))
        if live is None or live["metadata"].get("deletionTimestamp"):
            return
        for resource, name, content in self._made:
            if change.after is None or key.resource == NAMESPACES:
                make(self._state, Key(resource, namespace, name), content)
