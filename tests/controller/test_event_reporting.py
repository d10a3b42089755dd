"""What of a pass is news to people."""

from __future__ import annotations

import pytest

from gwdeployer.controller.event_reporting import EventReporter
from gwdeployer.controller.observing import Handled
from gwdeployer.errors import (
    Conflict,
    Forbidden,
    ForeignObject,
    GwdeployerError,
    Interrupted,
    NotSynced,
    ParametersError,
)
from gwdeployer.objects import KindRef, Object, ObjectRef

SITE = {"apiVersion": "example.com/v1", "kind": "Site", "metadata": {"name": "web", "namespace": "shop"}}
KEY = ObjectRef(KindRef("example.com", "v1", "Site"), "shop", "web")


class Reasons:
    """Notes the reasons of events."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def record(self, regarding: Object, type_: str, reason: str, action: str, note: str) -> None:
        self.noted.append(reason)


def reasons(error: GwdeployerError) -> list[str]:
    recorder = Reasons()
    EventReporter(recorder).handled(Handled(KEY, "site", SITE, error=error), 0.1)
    return recorder.noted


@pytest.mark.parametrize("error", [Conflict("changed"), Interrupted("stopping"), NotSynced("not listed")])
def test_what_goes_by_itself_is_no_news(error: GwdeployerError) -> None:
    assert reasons(error) == []


def test_whose_turn_it_is_is_the_reason() -> None:
    assert reasons(Forbidden("no right")) == ["StatusNotWritten"]
    assert reasons(ForeignObject("theirs")) == ["Refused"]
    assert reasons(ParametersError("bad")) == ["InvalidParameters"]
