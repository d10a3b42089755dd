"""Where an API server serves which kind: discovery, a group version at a time, when it is first needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from gwdeployer.cluster.answers import Request, kind_not_installed
from gwdeployer.errors import KindNotInstalled, NotFound
from gwdeployer.objects import KindRef

#: Seconds for which a kind that is not served is believed not to be: a CRD may be installed at any time.
ABSENT_FOR = 10.0


class Endpoint(NamedTuple):
    """Where the objects of a kind are."""

    base: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str | None) -> str:
        """Return the path of all objects, in one namespace or (None, "") in all."""
        inside = f"/namespaces/{quote(namespace, safe='')}" if namespace and self.namespaced else ""
        return f"{self.base}{inside}/{self.plural}"

    def object(self, namespace: str, name: str, subresource: str = "") -> str:
        """Return the path of one object, or of a subresource of it."""
        collection = self.collection(namespace or "default")
        return f"{collection}/{quote(name, safe=':')}" + (f"/{subresource}" if subresource else "")


class Endpoints:
    """Remembers what was discovered. A kind that was there is asked for again only after :meth:`forget`."""

    def __init__(
        self, read: Callable[[str, Request], Mapping[str, Any]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``read`` gets the document at a path; ``clock`` tells seconds."""
        self._read = read
        self._clock = clock
        self._found: dict[KindRef, Endpoint] = {}
        self._absent: dict[KindRef, float] = {}

    def of(self, kind: KindRef) -> Endpoint:
        """Return where a kind is served. Raises KindNotInstalled and other ApiErrors."""
        found = self._found.get(kind)
        if found is not None:
            return found
        if self._clock() - self._absent.get(kind, float("-inf")) > ABSENT_FOR:
            self._discover(kind)
        if kind not in self._found:
            raise kind_not_installed(Request("get", kind))
        return self._found[kind]

    def forget(self, kind: KindRef) -> None:
        """Ask again: the server said that it does not serve the kind any more."""
        self._found.pop(kind, None)

    def _discover(self, kind: KindRef) -> None:
        base = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
        try:
            resources = self._read(base, Request("get", kind)).get("resources") or ()
        except (KindNotInstalled, NotFound):
            resources = ()
        for resource in resources:
            if "/" not in resource["name"]:
                known = KindRef(kind.group, kind.version, resource["kind"])
                self._found[known] = Endpoint(base, resource["name"], bool(resource["namespaced"]))
        if kind not in self._found:
            self._absent[kind] = self._clock()
