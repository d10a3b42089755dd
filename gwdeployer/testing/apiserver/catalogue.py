"""Which kinds are served: those of every API server, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.kinds import Kind, builtin_kinds, crd_kinds
from gwdeployer.testing.apiserver.statuses import ResourceName

#: Where CustomResourceDefinitions are kept.
CRDS = ResourceName("apiextensions.k8s.io", "customresourcedefinitions")


class Catalogue:
    """Kinds by what a path says (group, version, plural) and by what an object says (apiVersion, kind)."""

    def __init__(self, kinds: Iterable[Kind] | None = None) -> None:
        """Serve the built-in kinds, or only ``kinds``."""
        self._builtin = list(builtin_kinds() if kinds is None else kinds)
        self._custom: dict[str, list[Kind]] = {}
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[KindRef, Kind] = {}
        #: Grows with each change, for what is made of the kinds and kept.
        self.edition = 0
        self._index()

    def __iter__(self) -> Iterator[Kind]:
        """Yield all kinds, built-in ones first."""
        yield from self._builtin
        for kinds in list(self._custom.values()):
            yield from kinds

    def at_path(self, group: str, version: str, plural: str) -> Kind | None:
        """Return the kind that a path names."""
        return self._by_path.get((group, version, plural))

    def has_version(self, api_version: str) -> bool:
        """Return whether anything is served in a group and version."""
        return any(kind.resource.kind.api_version == api_version for kind in self)

    def of(self, kind: KindRef) -> Kind | None:
        """Return the kind that an object names."""
        return self._by_kind.get(kind)

    def stored_as(self, resource: ResourceName) -> Kind | None:
        """Return the first kind whose objects are kept under ``resource``."""
        return next((kind for kind in self if kind.storage == resource), None)

    def install(self, crd: Object) -> None:
        """Serve what a CustomResourceDefinition defines, in place of what it defined before."""
        self._custom[crd["metadata"]["name"]] = crd_kinds(crd)
        self._index()

    def uninstall(self, crd: Object) -> list[ResourceName]:
        """Serve a definition's kinds no longer; return where their objects are kept."""
        kinds = self._custom.pop(crd["metadata"]["name"], [])
        self._index()
        return list(dict.fromkeys(ResourceName(*kind.storage) for kind in kinds))

    def _index(self) -> None:
        kinds = list(self)
        self._by_path = {
            (kind.resource.kind.group, kind.resource.kind.version, kind.resource.plural): kind
            for kind in kinds
        }
        self._by_kind = {kind.resource.kind: kind for kind in kinds}
        self.edition += 1
