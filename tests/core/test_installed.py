"""What installed distributions offer: found, remembered, and found again when others are installed."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gwdeployer import cache, installed
from gwdeployer.installed import PARAMETERS, PLUGINS, Offer, offers

OURS = {"gateway", "inference"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder of ``sys.path`` that distributions can be installed in; what is asked is remembered."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for finder in sys.meta_path[:]:
        if hasattr(finder, "find_distributions") and finder.__module__ != "_frozen_importlib_external":
            sys.meta_path.remove(finder)  # pytest's
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    installed._offers.cache_clear()
    yield folder
    installed._offers.cache_clear()


def install(site: Path, name: str, *lines: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("\n".join(lines))


def names(group: str) -> list[str]:
    """Return what a new process would find."""
    installed._offers.cache_clear()
    return [offer.name for offer in offers(group)]


def nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked() -> None:
        raise AssertionError("all distributions are asked again")

    monkeypatch.setattr(importlib.metadata, "entry_points", asked)


def test_offers_are_found_by_group_and_ordered_by_name(site: Path) -> None:
    install(site, "site", f"[{PLUGINS}]", "z = one:Z", "a = one:A", f"[{PARAMETERS}]", "p = one:P", "[other]")
    assert [name for name in names(PLUGINS) if name not in OURS] == ["a", "z"]
    assert names(PARAMETERS) == ["p"]


def test_nobody_is_asked_twice(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = names(PLUGINS)
    nobody_is_asked(monkeypatch)
    assert names(PLUGINS) == found
    assert names(PARAMETERS) == []


def test_what_is_installed_changed_and_removed_is_noticed(site: Path) -> None:
    before = names(PLUGINS)
    install(site, "late", f"[{PLUGINS}]", "late = one:Late")
    assert names(PLUGINS) == sorted([*before, "late"])
    install(site, "late", f"[{PLUGINS}]", "later = one:Later")
    assert names(PLUGINS) == sorted([*before, "later"])
    (site / "late-1.0.dist-info" / "entry_points.txt").unlink()
    assert names(PLUGINS) == before


def test_without_a_cache_everybody_is_asked(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    names(PLUGINS)
    nobody_is_asked(monkeypatch)
    with pytest.raises(AssertionError, match="asked again"):
        names(PLUGINS)


def test_where_somebody_else_finds_distributions_everybody_is_asked(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Finder:
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, *_: object) -> list[importlib.metadata.Distribution]:
            return []

    names(PLUGINS)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    nobody_is_asked(monkeypatch)
    with pytest.raises(AssertionError, match="asked again"):
        names(PLUGINS)


@pytest.mark.parametrize("value", ["pathlib:Path.home", "pathlib : Path.home [extra]"])
def test_an_offer_is_loaded_by_its_path(value: str) -> None:
    assert Offer("home", value).load() == Path.home


def test_a_module_can_be_offered() -> None:
    assert Offer("sys", "sys").load() is sys


@pytest.mark.parametrize(("value", "error"), [("no_such_module:X", ImportError), ("sys:x.y", AttributeError)])
def test_what_is_not_there_cannot_be_loaded(value: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Offer("x", value).load()
