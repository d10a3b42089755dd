"""A chart: a folder of templates that turns values into Kubernetes objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gwdeployer.chart.loading import Source, read_folder
from gwdeployer.chart.rendering import Renderer
from gwdeployer.chart.values import Schema, coalesce
from gwdeployer.errors import ChartError, Fault
from gwdeployer.objects import KindRef, Object

_API_VERSION = re.compile(r"^apiVersion:\s*([\w./-]+)\s*$", re.MULTILINE)
_KIND = re.compile(r"^kind:\s*(\w+)\s*$", re.MULTILINE)
_DOCUMENT = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Release:
    """What templates see as ``Release``: ``Release.Name``, ``Release.Namespace``, ``Release.Service``."""

    name: str
    namespace: str = "default"
    service: str = "gwdeployer"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What templates see as ``Capabilities``: the Kubernetes version and the API versions served."""

    kube_version: str = "v1.37.0"
    api_versions: tuple[str, ...] = ()


class Chart:
    """A chart, ready to render. Thread-safe; templates are compiled on first use.

    ::

        chart = Chart.load("charts/web")
        objects = chart.render({"replicas": 2}, Release("web", "shop"))
    """

    def __init__(self, source: Source) -> None:
        """Make a chart of what was read from a folder, or of texts given in memory."""
        self._source = source
        self.name = source.name
        self.version = source.version
        self.app_version = source.app_version

    @classmethod
    def load(cls, folder: str | Path) -> Chart:
        """Read a chart folder (a Helm-like layout, see docs/charts.md).

        Raises ChartError, with all faults at once, where files are missing or not well-formed.
        """
        return cls(read_folder(Path(folder)))

    def __repr__(self) -> str:
        """Return name and version."""
        return f"Chart({self.name!r}, {self.version!r})"

    @property
    def values(self) -> Mapping[str, Any]:
        """The default values (``values.yaml``)."""
        return self._source.values

    @cached_property
    def kinds(self) -> tuple[KindRef, ...]:
        """The kinds that the templates name literally, each once, in order of the files."""
        kinds: dict[KindRef, None] = {}
        for name in sorted(self._source.templates):
            for document in _DOCUMENT.split(self._source.templates[name]):
                api_version, kind = _API_VERSION.search(document), _KIND.search(document)
                if api_version and kind:
                    kinds[KindRef.of(api_version[1], kind[1])] = None
        return tuple(kinds)

    def compile(self) -> None:
        """Compile templates and schema now rather than at the first render; raises ChartError."""
        _ = self._renderer, self._schema

    def render(
        self,
        values: Mapping[str, Any],
        release: Release | None = None,
        capabilities: Capabilities | None = None,
    ) -> list[Object]:
        """Return the objects for ``values`` laid over the chart's defaults, in the order of the templates.

        The objects are the caller's own. Raises ChartError with all faults: values that the schema refuses,
        else the first expression that failed. Cost: about 0.1 ms for five objects whose shape was seen before.
        """
        merged = coalesce(self._source.values, values)
        if faults := self._schema.faults(merged):
            raise ChartError(faults)
        documents = self._renderer.render(self._scope(merged, release or Release(self.name), capabilities))
        return [self._object(document) for document in documents if document is not None]

    def _scope(self, values: dict[str, Any], release: Release, capabilities: Capabilities | None) -> dict[str, Any]:
        served = capabilities or Capabilities()
        return {
            "Values": values,
            "Release": {"Name": release.name, "Namespace": release.namespace, "Service": release.service},
            "Chart": self._metadata,
            "Capabilities": {"KubeVersion": served.kube_version, "APIVersions": list(served.api_versions)},
        }

    def _object(self, document: Any) -> Object:
        if isinstance(document, dict) and document.get("apiVersion") and document.get("kind"):
            return document
        raise ChartError(
            Fault(
                "a template rendered a document that is not an object (a mapping with apiVersion and kind)",
                subject=f"chart {self.name}",
            )
        )

    @cached_property
    def _metadata(self) -> dict[str, Any]:
        return {"Name": self.name, "Version": self.version, "AppVersion": self.app_version}

    @cached_property
    def _schema(self) -> Schema:
        return Schema(self.name, self._source.schema)

    @cached_property
    def _renderer(self) -> Renderer:
        return Renderer(self.name, self._source.templates)
