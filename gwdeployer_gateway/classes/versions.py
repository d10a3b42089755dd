"""Which version of the Gateway API a cluster has, and whether this one was made for it.

Source: ``GatewayClassConditionStatusSupportedVersion``. An unknown version is served as well as may be, and
that is said: ``Accepted`` stays true beside a false ``SupportedVersion``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gwdeployer.objects import Object, metadata_of, name_of
from gwdeployer.status import Condition, condition
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.api import GROUP
from gwdeployer_gateway.classes.definitions import definitions_of

SUPPORTED_VERSION = "SupportedVersion"
_BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version"
_OLDEST, _NEWEST = 0, 6
#: As releases are named, candidates and builds too: v1.6.1, v1.6.0-rc.2, v1.7.0-dev.
_VERSION = re.compile(r"v1\.(\d+)\.\d+([-+].*)?")
_KNOWN = f"v1.{_OLDEST} to v1.{_NEWEST}"


def supported_version(store: ObjectStore) -> Condition | None:
    """Return the condition; None where the Gateway API's definitions cannot be looked at."""
    definitions = definitions_of(GROUP, store)
    if not definitions:
        return None
    found = _versions(definitions)
    unknown = [name for name in found if not _is_known(name)]
    listed = ", ".join(name or "no version" for name in sorted(found))
    message = f"the Gateway API installed is {listed}; known here are {_KNOWN}"
    if not unknown:
        return condition(SUPPORTED_VERSION, True, SUPPORTED_VERSION, message)
    culprits = ", ".join(sorted(one for name in unknown for one in found[name]))
    return condition(SUPPORTED_VERSION, False, "UnsupportedVersion", f"{message} (see {culprits})")


def _versions(definitions: Sequence[Object]) -> Mapping[str, Sequence[str]]:
    """Return the names of the definitions of each version; "": those that name none."""
    found: dict[str, list[str]] = {}
    for definition in definitions:
        annotations = metadata_of(definition).get("annotations") or {}
        found.setdefault(str(annotations.get(_BUNDLE_VERSION) or ""), []).append(name_of(definition))
    return found


def _is_known(version: str) -> bool:
    match = _VERSION.fullmatch(version)
    return match is not None and _OLDEST <= int(match[1]) <= _NEWEST
