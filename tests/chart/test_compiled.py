"""Compiled templates that are kept: a chart read from them renders, and fails, like one just compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jinja2.environment import Environment

from gwdeployer import Chart, ChartError, cache
from gwdeployer.chart import Source, rendering

TEMPLATES = {
    "_helpers.j2": "{% macro name(x) %}{{ x }}-{{ Values.suffix }}{% endmacro %}\n",
    "map.yaml.j2": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ helpers.name('web') }}\n"
    "data:\n  text: {{ Values.text | optional }}\n",
}

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"


@pytest.fixture
def compilations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that are compiled rather than found, with a cache of the test's own."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    compiled: list[str] = []
    generate: Callable[..., str] = Environment._generate

    def noting(self: Environment, source: Any, name: str | None, *rest: Any, **more: Any) -> str:
        compiled.append(str(name))
        return generate(self, source, name, *rest, **more)

    monkeypatch.setattr(Environment, "_generate", noting)
    return compiled


def rendered(templates: dict[str, str], **values: Any) -> list[dict[str, Any]]:
    return Chart(Source("test", templates)).render(values)


def test_the_second_run_compiles_nothing_and_renders_the_same(compilations: list[str]) -> None:
    first = rendered(TEMPLATES, suffix="a", text="x: y")
    assert sorted(compilations) == sorted(TEMPLATES)
    compilations.clear()
    assert rendered(TEMPLATES, suffix="a", text="x: y") == first
    assert not compilations


def test_the_second_run_parses_no_skeleton_whose_shape_was_seen(
    compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = {
        "map.yaml.j2": HEAD + "{% if Values.more %}\ndata:\n  text: {{ Values.more }}\n{% endif %}\n"
    }
    first = rendered(templates, more="1")
    parsed: list[str] = []
    parse = rendering.parse
    monkeypatch.setattr(rendering, "parse", lambda *given: parsed.append(given[0]) or parse(*given))
    assert rendered(templates, more="1") == first
    assert rendered(templates, more="2")[0]["data"] == {"text": "2"}
    assert not parsed
    assert "data" not in rendered(templates, more="")[0]
    assert len(parsed) == 1


def test_a_trace_of_the_second_run_names_the_same_places(compilations: list[str]) -> None:
    first, second = (Chart(Source("test", TEMPLATES)).trace({"suffix": "a", "text": "x"}) for _ in range(2))
    assert first == second


def test_another_text_is_compiled_anew(compilations: list[str]) -> None:
    rendered(TEMPLATES, suffix="a")
    compilations.clear()
    changed = {**TEMPLATES, "map.yaml.j2": TEMPLATES["map.yaml.j2"].replace("'web'", "'shop'")}
    assert rendered(changed, suffix="a")[0]["metadata"]["name"] == "shop-a"
    assert sorted(compilations) == sorted(TEMPLATES)


def test_faults_name_the_same_place_and_expression(compilations: list[str]) -> None:
    said = []
    for _ in range(2):
        with pytest.raises(ChartError) as caught:
            rendered(TEMPLATES)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "_helpers.j2:1" in said[0]
    assert sorted(compilations) == sorted(TEMPLATES)


def test_without_a_cache_each_chart_is_compiled(
    compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    for _ in range(2):
        rendered(TEMPLATES, suffix="a")
    assert len(compilations) == 2 * len(TEMPLATES)


def test_faulty_templates_are_faulty_each_time(compilations: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(ChartError, match="is not a template"):
            rendered({"map.yaml.j2": "{% if %}"})
