"""Helm's real engine on an equal chart: the yardstick for the cost of a plan.

A ratio against Helm means something only when both sides make the same objects. So the chart beside this
module renders the four objects of one Envoy gateway with the same optional branches as kgateway's chart, and
``unequal_cases`` proves object by object, as data, that what it renders is what kgateway renders.

The engine comes from ``helm-python-sdk``, the Go SDK of Helm 4 in a shared library. ``Chart.render`` is its
cheapest way to it: values are coalesced and the templates executed in process, with no release record, no
sorting of manifests and no cluster. kgateway runs a whole install action around the same step (here
``Config.install`` with ``dry_run="client"``, which takes about half as long again), so the yardstick
flatters Helm. The chart is read once; the templates are parsed anew in each call, which is how Helm works.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml
from helm_python import Chart, helm_sdk_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Values = dict[str, Any]

_HERE = Path(__file__).resolve().parent
CHART = _HERE / "helm_chart"
VALUES = _HERE / "helm_values.yaml"
GOLDENS = _HERE.parent.parent / "shared" / "data" / "goldens" / "kgateway"

_RELEASE = "release-name-placeholder"
_KEEP_EMPTY = "emptyDir"
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class HelmEngine:
    """One loaded chart; ``render`` may be called any number of times. A context manager."""

    def __init__(self, chart: Path = CHART) -> None:
        self._chart = Chart.load(chart)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._chart.close()

    @property
    def version(self) -> str:
        """The version of Helm that renders."""
        return helm_sdk_version()

    def render(self, values: Values) -> str:
        """The manifests of one gateway as a YAML stream, in the namespace the values name."""
        namespace = values["gateway"]["gatewayNamespace"]
        files = self._chart.render(values, name=_RELEASE, namespace=namespace)
        return "---\n".join(text for text in files.values() if text.strip())


def parse(stream: str) -> list[Any]:
    """The objects of a YAML stream, by PyYAML's C parser where it is built in."""
    return [document for document in yaml.load_all(stream, Loader=_Loader) if document]


def base_values() -> Values:
    """The values of a Gateway with one HTTP listener and the default parameters."""
    return overlay({}, _values_file()["base"])


def full_values() -> Values:
    """The base values with every optional branch of the chart switched on."""
    content = _values_file()
    return overlay(content["base"], content["full"])


def case_values() -> dict[str, Values]:
    """The values of each golden case the chart must reproduce, by the name of the case."""
    content = _values_file()
    return {name: overlay(content["base"], case) for name, case in content["cases"].items()}


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> Values:
    """Lay one tree of values over another; maps merge, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlay(merged[key], value) if both_maps else value
    return merged


def unequal_cases(engine: HelmEngine, goldens: Path = GOLDENS) -> dict[str, list[str]] | None:
    """How the rendered objects differ from kgateway's, by golden case; empty when all are equal.

    ``None`` when the goldens are not there, which says nothing about the chart.
    """
    if not goldens.is_dir():
        return None
    found = {
        name: _case_differences(engine.render(values), goldens / f"{name}-out.yaml")
        for name, values in case_values().items()
    }
    return {name: lines for name, lines in found.items() if lines}


def _values_file() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    return content


def _case_differences(rendered: str, golden: Path) -> list[str]:
    wanted = _by_identity(parse(golden.read_text(encoding="utf-8")))
    return list(_differences(wanted, _by_identity(parse(rendered)), "objects"))


def _by_identity(objects: list[Any]) -> dict[str, Any]:
    found = {f"{o['apiVersion']}/{o['kind']}/{o['metadata']['name']}": _normal(o) for o in objects}
    if len(found) != len(objects):
        raise ValueError("an object was rendered twice")
    return found


def _normal(obj: dict[str, Any]) -> Any:
    """An object without what a server or Go's zero values add, and with nested documents opened."""
    kept = {key: value for key, value in obj.items() if key != "status"}
    if obj["kind"] == "ConfigMap":
        kept["data"] = {key: _opened(key, text) for key, text in obj.get("data", {}).items()}
    return _squeezed(kept)


def _opened(key: str, text: str) -> Any:
    return yaml.safe_load(text) if key.endswith((".yaml", ".json")) else text.rstrip("\n")


def _squeezed(node: Any) -> Any:
    """Drop nulls and empty containers, which say nothing in Kubernetes, except an empty ``emptyDir``."""
    if isinstance(node, list):
        return [_squeezed(item) for item in node]
    if not isinstance(node, dict):
        return node
    squeezed = {str(key): _squeezed(value) for key, value in node.items()}
    return {
        key: value
        for key, value in squeezed.items()
        if key == _KEEP_EMPTY or (value is not None and value not in ({}, []))
    }


def _differences(wanted: Any, got: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(got, dict):
        for key in sorted(wanted.keys() | got.keys()):
            yield from _differences_at(key, wanted, got, path)
    elif isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        for index, (one, other) in enumerate(zip(wanted, got, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif wanted != got or isinstance(wanted, bool) is not isinstance(got, bool):
        yield f"{path}: want {_short(wanted)}, got {_short(got)}"


def _differences_at(key: str, wanted: dict[str, Any], got: dict[str, Any], path: str) -> Iterator[str]:
    if key not in got:
        yield f"{path}.{key}: missing {_short(wanted[key])}"
    elif key not in wanted:
        yield f"{path}.{key}: extra {_short(got[key])}"
    else:
        yield from _differences(wanted[key], got[key], f"{path}.{key}")


def _short(node: Any) -> str:
    return json.dumps(node, default=str)[:100]
