"""Reading manifests: the objects in files, folders and streams, with everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from gwdeployer import documents
from gwdeployer.errors import MAX_FOREIGN_TEXT, DocumentError, Fault, one_line, shown
from gwdeployer.objects import Object

SUFFIXES = frozenset((".yaml", ".yml", ".json"))


class Manifests:
    """The objects found, and the faults of what could not be read; one does not hide the other."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.objects: list[Object] = []
        self.faults: list[Fault] = []


def read_manifests(paths: Iterable[str | Path], stdin: IO[bytes] | None = None) -> Manifests:
    """Read files, folders (their .yaml, .yml and .json files, recursively) and ``-`` (``stdin``).

    Objects of kind ``List`` are taken apart. Documents that are not objects are faults.
    """
    manifests = Manifests()
    for path in paths:
        if str(path) == "-" and stdin is not None:
            read_text(stdin.read(), "standard input", manifests)
        else:
            _read_path(path, manifests)
    return manifests


def _read_path(path: str | Path, manifests: Manifests) -> None:
    if not str(path):  # an empty path would be the current folder; more likely a shell's variable is unset
        manifests.faults.append(Fault("the name of a file is empty", hint="name a file, a folder, or -"))
        return
    path = Path(path)
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
    """Yield the items of a ``List`` (an empty one may say null), and of lists in it; else the document."""
    if isinstance(document, dict) and document.get("kind") == "List" and "items" in document:
        items = document["items"]
        if isinstance(items, list):
            for item in items:
                yield from _items(item)
        elif items is not None:
            yield items
    else:
        yield document


def _take(item: Any, source: str, manifests: Manifests) -> None:
    if fault := _object_fault(item):
        message, hint = fault
        manifests.faults.append(Fault(message, subject=source, hint=hint))
    else:
        manifests.objects.append(item)


_NEEDED = "every document needs apiVersion, kind and metadata.name"


def _object_fault(item: Any) -> tuple[str, str] | None:
    """Return why an item is not an object and what to do about it; None where it is one."""
    if not isinstance(item, dict):
        return f"{shown(item)} is not an object", _NEEDED
    for key in ("apiVersion", "kind"):
        if not isinstance(item.get(key), str) or not item[key]:
            keys = one_line(", ".join(map(str, item)), MAX_FOREIGN_TEXT) or "nothing"
            return f"an object has no {key} (it has: {keys})", _NEEDED
    kind, metadata = one_line(item["kind"], MAX_FOREIGN_TEXT), item.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        return f"metadata of a {kind} is not a mapping", _NEEDED
    return _metadata_fault(kind, metadata)


def _metadata_fault(kind: str, metadata: dict[str, Any]) -> tuple[str, str] | None:
    for key in ("name", "namespace", "uid", "resourceVersion"):
        value = metadata.get(key)
        if value is not None and not isinstance(value, str):
            return f"metadata.{key} of a {kind} is {shown(value)}, not text", "quote it"
    for key in ("labels", "annotations"):
        if not isinstance(metadata.get(key) or {}, dict):
            return f"metadata.{key} of a {kind} is not a mapping", "write key: value pairs"
    return None
