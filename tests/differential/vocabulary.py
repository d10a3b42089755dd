"""What can be said of each kind: valid pieces of objects, faulty ones, and pieces of status.

The words are in ``vocabulary/*.yaml``; ``common.yaml`` has what every kind takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from gwdeployer.objects import Object

_FOLDER = Path(__file__).with_name("vocabulary")


@dataclass(frozen=True)
class Vocabulary:
    """The words for one kind; ``scale`` is the body of its scale subresource, where it has one."""

    path: str
    base: Object
    fragments: list[Object]
    faults: list[Object]
    status: list[Object]
    scale: Object | None


@cache
def vocabularies() -> dict[str, Vocabulary]:
    """Return all vocabularies by the names of their files."""
    common = _read(_FOLDER / "common.yaml")
    files = sorted(path for path in _FOLDER.glob("*.yaml") if path.stem != "common")
    return {path.stem: _vocabulary(_read(path), common) for path in files}


def _vocabulary(words: dict[str, Any], common: dict[str, Any]) -> Vocabulary:
    return Vocabulary(
        path=words["path"],
        base=words["base"],
        fragments=words["fragments"] + common["fragments"],
        faults=words["faults"] + common["faults"],
        status=words.get("status", []),
        scale=words.get("scale"),
    )


def _read(path: Path) -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(path.read_text())
    return words


def merged(base: Any, fragment: Any) -> Any:
    """Return ``base`` with a fragment laid over it: maps by key, lists of named items by name, else replaced.

    A null of the fragment stays, so that servers see it.
    """
    if isinstance(base, dict) and isinstance(fragment, dict):
        changed = {key: merged(base.get(key), value) for key, value in fragment.items()}
        return base | changed
    if _is_named(base) and _is_named(fragment):
        by_name = {item["name"]: item for item in base}
        for item in fragment:
            by_name[item["name"]] = merged(by_name.get(item["name"]), item)
        return list(by_name.values())
    return fragment


def _is_named(items: Any) -> bool:
    if not isinstance(items, list) or not items:
        return False
    return all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in items)
