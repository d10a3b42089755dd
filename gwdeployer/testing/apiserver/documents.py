"""What a server says about itself: health, version, discovery, OpenAPI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gwdeployer.testing.apiserver import openapi
from gwdeployer.testing.apiserver.catalogue import Catalogue
from gwdeployer.testing.apiserver.content import encoded
from gwdeployer.testing.apiserver.discovery import discovered, version_info
from gwdeployer.testing.apiserver.reviews import REVIEWS
from gwdeployer.testing.apiserver.targets import segments
from gwdeployer.testing.apiserver.wire import HttpResponse

_HEALTH = ("healthz", "livez", "readyz")
_TEXT = "text/plain; charset=utf-8"


class Documents:
    """The paths that are about no resource. OpenAPI documents are made once for each set of kinds."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Tell of the kinds in ``catalogue``."""
        self._catalogue = catalogue
        self._made: dict[str, bytes] = {}
        self._edition = -1

    def at(self, path: str, accept: str) -> HttpResponse:
        """Return what is at a path. Raises StatusError (404)."""
        match segments(path):
            case [first, *_] if first in _HEALTH:
                return HttpResponse(200, b"ok", _TEXT)
            case ["version"]:
                return HttpResponse(200, encoded(version_info()))
            case ["apis", group] if not any(one.resource.kind.group == group for one in self._catalogue):
                return no_such_page()
            case ["api" | "apis", *_] as parts:
                return self._discovery(parts, accept)
            case ["openapi", "v2"]:
                return self._openapi(path, lambda: openapi.openapi_v2(self._catalogue))
            case ["openapi", "v3"]:
                return self._openapi(path, lambda: openapi.openapi_v3_index(self._catalogue))
            case ["openapi", "v3", "api" | "apis", *parts] if self._catalogue.has_version("/".join(parts)):
                return self._openapi(path, lambda: openapi.openapi_v3(self._catalogue, "/".join(parts)))
        return no_such_page()

    def _discovery(self, parts: list[str], accept: str) -> HttpResponse:
        served = [kind.resource for kind in self._catalogue]
        content = discovered([*served, *REVIEWS], parts, accept)
        media_type = "application/json"
        if content["kind"] == "APIGroupDiscoveryList":
            group, _, version = content["apiVersion"].partition("/")
            media_type += f";g={group};v={version};as=APIGroupDiscoveryList"
        return HttpResponse(200, encoded(content), media_type)

    def _openapi(self, path: str, make: Callable[[], Any]) -> HttpResponse:
        if self._edition != self._catalogue.edition:
            self._edition = self._catalogue.edition
            self._made.clear()
        if path not in self._made:
            self._made[path] = encoded(make())
        return HttpResponse(200, self._made[path])


def no_such_page() -> HttpResponse:
    """Return the answer for a path that is not served; it is no Status."""
    return HttpResponse(404, b"404 page not found\n", _TEXT)
