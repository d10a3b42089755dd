"""What the suite says is sorted by test."""

from __future__ import annotations

from tests.conformance.suite import Result, results_of


def _said(test: str, *lines: str) -> list[dict[str, str]]:
    return [{"Action": "output", "Test": test, "Output": f"{line}\n"} for line in lines]


def test_a_test_has_the_output_of_its_parts_and_its_own_outcome() -> None:
    events = [
        *_said("TestConformance/A", "begins"),
        *_said("TestConformance/B", "something else"),
        *_said("TestConformance/A/first_part", "wrong"),
        {"Action": "fail", "Test": "TestConformance/A/first_part"},
        {"Action": "fail", "Test": "TestConformance/A"},
        {"Action": "pass", "Test": "TestConformance/B"},
    ]
    results = results_of(events)
    assert results["A"] == Result("fail", "begins\nwrong\n")
    assert results["B"].outcome == "pass"


def test_a_suite_that_gave_up_says_why() -> None:
    events = [
        *_said("TestConformance", "no such GatewayClass"),
        {"Action": "fail", "Test": "TestConformance"},
    ]
    assert results_of(events) == {"": Result("fail", "no such GatewayClass\n")}


def test_a_test_that_never_ended_has_no_outcome() -> None:
    assert results_of(_said("TestConformance/A", "waits")) == {"A": Result("", "waits\n")}


def test_what_is_said_at_each_look_is_told_once_as_it_was_last() -> None:
    said = [
        "=== NAME  TestConformance/A",
        "        Error Trace: helpers.go:1",
        "        Error Trace: helpers.go:1",
        "    helpers.go:1: 2026-11-21T05:00:00.1Z: not ready: [{0xc0001 HTTPRoute}]",
        "    helpers.go:2: 2026-11-21T05:00:00.2Z: ready",
        "    helpers.go:1: 2026-11-21T05:00:00.3Z: not ready: [{0xc0002 HTTPRoute}]",
    ]
    told = results_of(_said("TestConformance/A", *said))["A"].output
    assert told.splitlines() == [said[1], said[2], said[4], said[5]]
