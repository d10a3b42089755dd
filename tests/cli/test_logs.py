"""Logs of a program that runs for long."""

from __future__ import annotations

import json
import logging
from typing import Any

from gwdeployer.cli.logs import JsonFormatter, TextFormatter


def record(message: str = "%s: %d objects", *arguments: object, **more: Any) -> logging.LogRecord:
    given = arguments or ("web", 4)
    raised = more.pop("exc_info", None)
    made = logging.LogRecord("gwdeployer.loop", logging.WARNING, __file__, 1, message, given, raised)
    made.created = 1_795_240_800.25
    vars(made).update(more)
    return made


def broken() -> None:
    raise ValueError("first line\nsecond line")


def failure() -> Any:
    try:
        broken()
    except ValueError as error:
        return type(error), error, error.__traceback__


def test_a_json_record_has_the_time_the_level_who_says_it_and_what() -> None:
    assert json.loads(JsonFormatter().format(record())) == {
        "ts": "2026-11-21T06:00:00.250Z",
        "level": "warning",
        "logger": "gwdeployer.loop",
        "msg": "web: 4 objects",
    }


def test_a_json_record_has_whatever_it_was_given_besides() -> None:
    entry = json.loads(JsonFormatter().format(record(owner="Gateway shop/web", odd=set)))
    assert entry["owner"] == "Gateway shop/web"
    assert entry["odd"] == "<class 'set'>"


def test_a_json_record_is_one_line_whatever_it_holds() -> None:
    text = JsonFormatter().format(record("a\nb %s%d", "\u2028", 1, exc_info=failure()))
    assert "\n" not in text
    entry = json.loads(text)
    assert entry["msg"].startswith("a\nb ")
    assert "ValueError: first line\nsecond line" in entry["error"]


def test_a_line_for_people_has_no_second_line_that_looks_like_another_record() -> None:
    text = TextFormatter().format(record(exc_info=failure()))
    first, *more = text.split("\n")
    assert first == "2026-11-21T06:00:00.250Z WARNING web: 4 objects"
    assert more
    assert all(line.startswith("    ") for line in more)
