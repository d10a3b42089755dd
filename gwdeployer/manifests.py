"""Reading manifests: the objects in files, folders and streams, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gwdeployer import documents
from gwdeployer.errors import DocumentError, Fault, shown
from gwdeployer.objects import Object

SUFFIXES = frozenset((".yaml", ".yml", ".json"))


@dataclass(slots=True)
class Manifests:
    """The objects found, and the faults of what could not be read; one does not hide the other."""

    objects: list[Object] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_manifests(paths: Iterable[str | Path], stdin: IO[bytes] | None = None) -> Manifests:
    """Read files, folders (their .yaml, .yml and .json files, recursively) and ``-`` (``stdin``).

    Objects of kind ``List`` are taken apart. Documents that are not objects are faults.
    """
    manifests = Manifests()
    for path in paths:
        if str(path) == "-" and stdin is not None:
            read_text(stdin.read(), "standard input", manifests)
        else:
            _read_path(Path(path), manifests)
    return manifests


def _read_path(path: Path, manifests: Manifests) -> None:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
        if not files:
            manifests.faults.append(Fault("holds no .yaml, .yml or .json file", subject=str(path)))
    else:
        files = [path]
    for file in files:
        try:
            text = file.read_bytes()
        except OSError as error:
            manifests.faults.append(Fault(f"cannot be read: {error.strerror}", subject=str(file)))
        else:
            read_text(text, str(file), manifests)


def read_text(text: str | bytes, source: str, manifests: Manifests) -> None:
    """Read the documents of one stream into ``manifests``."""
    for document in documents.load_each(text, source=source):
        if isinstance(document, DocumentError):
            manifests.faults += document.faults
        else:
            for item in _items(document):
                _take(item, source, manifests)


def _items(document: Any) -> Iterator[Any]:
    if (
        isinstance(document, dict)
        and document.get("kind") == "List"
        and isinstance(document.get("items"), list)
    ):
        yield from document["items"]
    else:
        yield document


def _take(item: Any, source: str, manifests: Manifests) -> None:
    if fault := _object_fault(item):
        manifests.faults.append(
            Fault(fault, subject=source, hint="every document needs apiVersion, kind and metadata.name")
        )
    else:
        manifests.objects.append(item)


def _object_fault(item: Any) -> str:
    """Return why an item is not an object; empty where it is one."""
    if not isinstance(item, dict):
        return f"{shown(item)} is not an object"
    for key in ("apiVersion", "kind"):
        if not isinstance(item.get(key), str) or not item[key]:
            return f"an object has no {key} (it has: {', '.join(map(str, item)) or 'nothing'})"
    metadata = item.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        return f"metadata of a {item['kind']} is not a mapping"
    name = (metadata or {}).get("name")
    if name is not None and not isinstance(name, str):
        return f"metadata.name of a {item['kind']} is {shown(name)}, not text: quote it"
    return ""
