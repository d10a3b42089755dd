"""Events have two forms, of the core group and of events.k8s.io, and are stored once.

The conversion of ``pkg/apis/events/v1``: the fields have other names.
"""

from __future__ import annotations

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.decoding import decoded

#: Names in the core group, and in events.k8s.io.
_NAMES = {
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "involvedObject": "regarding",
    "lastTimestamp": "deprecatedLastTimestamp",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
}
_CORE, _NEW = "v1", "events.k8s.io/v1"


def event_in(api_version: str, event: Object) -> Object:
    """Return an Event in the form of one of the two versions."""
    if event["apiVersion"] == api_version:
        return event
    names = _NAMES if api_version == _NEW else {new: core for core, new in _NAMES.items()}
    renamed = {names.get(field, field): value for field, value in event.items()}
    type_name = "events.v1.Event" if api_version == _NEW else "core.v1.Event"
    result: Object = decoded(type_name, renamed | {"apiVersion": api_version}).value
    return result
