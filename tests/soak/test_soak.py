"""A soak of one day, and how days are judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.soak import __main__ as program
from tests.soak.memory import Sample, growth, kept
from tests.soak.soak import Verdict, soak


def test_a_day_of_trouble_ends_consistent_and_leaves_nothing_behind(tmp_path: Path) -> None:
    said: list[str] = []
    verdict = soak(seed=1, seconds=0, folder=tmp_path, say=said.append)
    assert verdict.all_faults == [], "\n".join([*said, str(verdict)])
    assert len(verdict.evenings) == 1
    assert verdict.writes


def evening(objects: float = 100_000, **more: float) -> Sample:
    return {"RSS MiB": 100, "objects": objects, "threads": 50, "files": 50, **more}


def test_what_grows_from_evening_to_evening_is_told() -> None:
    days = [evening(objects=100_000 + 2000 * day) for day in range(30)]
    assert growth(days) == ["objects grew from 129000 to 149000"]
    assert growth([evening(objects=100_000 + 1000 * (day % 3)) for day in range(30)]) == []


def test_a_few_days_are_too_few_to_tell_growth_from_warming_up() -> None:
    assert growth([evening(objects=100_000 * day) for day in range(1, 5)]) == []


def test_what_is_remembered_of_nothing_is_told() -> None:
    sizes = evening(plans=1.0, settled=0.0, answers=20.0)
    assert kept(sizes) == ["plans: 1 remembered though nothing is there"]


@pytest.mark.parametrize(("faults", "code"), [([], 0), (["something is left"], 1)])
def test_the_exit_status_is_the_verdict(
    faults: list[str], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    verdict = Verdict(seed=5, faults=faults, evenings=[evening()])
    monkeypatch.setattr(program, "soak", lambda *_: verdict)
    monkeypatch.setattr(program, "_log_to", lambda _: None)
    done = CliRunner().invoke(program.main, ["--minutes", "0.1", "--seed", "5"])
    assert done.exit_code == code
    assert "seed 5" in done.output
