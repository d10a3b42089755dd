"""Every example of docs/charts.md is run; the comment before a fenced block says what it is.

``file: PATH`` is written to a folder. ``template: X``, ``values: X`` and ``output: X`` belong together.
``schema: CHART`` and ``error: CHART`` (values in the comment) check a folder's values. ``failing: LINE`` is a
line of a template, and its block what is said about it.
"""

import re
from pathlib import Path

import pytest

from gwdeployer import documents
from gwdeployer.chart import Chart, Source
from gwdeployer.chart.filters import FILTERS, SCOPE
from gwdeployer.errors import ChartError

TEXT = (Path(__file__).parents[2] / "docs" / "charts.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"<!-- (\w+): (.*?)\s*-->\n```\w*\n(.*?)```\n", re.DOTALL)
EXAMPLES = EXAMPLE.findall(TEXT)
FENCE = re.compile(r"^```\w*$", re.MULTILINE)


def blocks(kind):
    return {name: text for found, name, text in EXAMPLES if found == kind}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in blocks("file").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_block_is_forgotten():
    python_and_layout = 2
    assert len(FENCE.findall(TEXT)) == 2 * (len(EXAMPLES) + python_and_layout)
    assert set(blocks("output")) == {*blocks("template"), "web"}
    assert set(blocks("values")) == set(blocks("template"))


def test_the_three_lines(folder):
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict = {}
    exec(code, names)  # noqa: S102 - the example itself
    assert documents.dump_all(names["objects"]) == blocks("output")["web"]


@pytest.mark.parametrize("name", blocks("template"))
def test_templates(name):
    chart = Chart(Source("demo", {"a.yaml.j2": blocks("template")[name]}))
    (values,) = documents.load_all(blocks("values")[name])
    (expected,) = documents.load_all(blocks("output")[name])
    assert chart.render(values) == [expected]
    assert documents.dump_all(chart.render(values)) == blocks("output")[name]


def test_the_schema(folder):
    (folder / "web" / "values.schema.json").write_text(blocks("schema")["web"], encoding="utf-8")
    (((name, values), text),) = [(key.split("\n", 1), text) for key, text in blocks("error").items()]
    with pytest.raises(ChartError) as caught:
        Chart.load(name).render(documents.load_all(values)[0])
    assert f"{caught.value}\n" == text


@pytest.mark.parametrize("line", blocks("failing"))
def test_errors(line):
    chart = Chart(Source("demo", {"a.yaml.j2": f"apiVersion: v1\nkind: Example\n{line}\n"}))
    with pytest.raises(ChartError) as caught:
        chart.render({"labels": {}, "name": "x"})
    assert f"{caught.value}\n" == blocks("failing")[line]


def test_every_filter_and_function_is_named():
    section = TEXT.split("## Filters and functions")[1].split("\n## ")[0]
    assert {name for name in (*FILTERS, *SCOPE) if not re.search(rf"\b{name}\b", section)} == {"d"}
