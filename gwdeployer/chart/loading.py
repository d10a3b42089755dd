"""Reading a chart folder: ``Chart.yaml``, ``values.yaml``, ``values.schema.json``, ``templates/``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from gwdeployer import documents
from gwdeployer.errors import ChartError, DocumentError, Fault, shown

TEMPLATE_SUFFIX = ".j2"
# What Helm would render: left lying about, its objects would be missing without a word.
_HELM_SUFFIXES = frozenset((".yaml", ".yml", ".tpl", ".json"))


class Source(NamedTuple):
    """What a chart is made of. Templates are keyed by their path in the ``templates`` folder."""

    name: str
    templates: Mapping[str, str]
    version: str = "0.0.0"
    app_version: str = ""
    values: Mapping[str, Any] = MappingProxyType({})
    schema: Mapping[str, Any] | None = None


def read_folder(folder: Path) -> Source:
    """Read a chart folder. Raises ChartError with the faults of all its files."""
    reader = _FolderReader(folder)
    metadata = reader.metadata()
    source = Source(
        name=metadata.get("name") or "",
        templates=reader.templates(),
        version=metadata.get("version") or "0.0.0",
        app_version=metadata.get("appVersion") or "",
        values=reader.mapping("values.yaml"),
        schema=reader.schema(),
    )
    if reader.faults:
        raise ChartError(reader.faults)
    return source


class _FolderReader:
    """Reads the files of one folder and collects what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.faults: list[Fault] = []

    def fault(self, name: str, message: str, hint: str = "") -> None:
        self.faults.append(Fault(message, subject=str(self._folder / name), hint=hint))

    def text(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.fault(name, f"cannot be read: {error}")
            return None

    def metadata(self) -> dict[str, Any]:
        if not (self._folder / "Chart.yaml").exists():
            self.fault("Chart.yaml", "does not exist", "a chart folder holds Chart.yaml and templates/")
            return {}
        metadata = self.mapping("Chart.yaml")
        if not metadata.get("name") and not self.faults:
            self.fault("Chart.yaml", "a chart needs a name")
        for key in ("name", "version", "appVersion"):
            value = metadata.get(key)
            if value is not None and not isinstance(value, str):
                self.fault("Chart.yaml", f"{key} must be text, not {shown(value)}", "quote it")
        return metadata

    def mapping(self, name: str) -> dict[str, Any]:
        text = self.text(name)
        if text is None:
            return {}
        try:
            found = documents.load_all(text, source=str(self._folder / name))
        except DocumentError as error:
            self.faults += error.faults
            return {}
        if not found:
            return {}
        if len(found) > 1 or not isinstance(found[0], dict):
            self.fault(name, "must hold one mapping")
            return {}
        return found[0]

    def schema(self) -> Mapping[str, Any] | None:
        text = self.text("values.schema.json")
        if text is None:
            return None
        try:
            schema = json.loads(text)
        except json.JSONDecodeError as error:
            self.fault("values.schema.json", f"is not JSON: {error}")
            return None
        if not isinstance(schema, dict):
            self.fault("values.schema.json", "must hold one JSON object")
            return None
        return schema

    def templates(self) -> dict[str, str]:
        folder = self._folder / "templates"
        found: dict[str, str] = {}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if path.suffix == TEMPLATE_SUFFIX:
                found[name] = self.text(f"templates/{name}") or ""
            elif path.suffix in _HELM_SUFFIXES:
                self.fault(
                    f"templates/{name}", "would not be rendered", f"templates end in {TEMPLATE_SUFFIX}"
                )
        if not found and not self.faults:
            self.fault("templates", f"holds no templates (files ending in {TEMPLATE_SUFFIX})")
        return found
