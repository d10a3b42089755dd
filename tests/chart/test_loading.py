"""Chart folders, and values checked against their schema."""

import json
from types import MappingProxyType

import pytest

from gwdeployer.chart import Chart, Release
from gwdeployer.errors import ChartError
from tests.chart.charts import HEAD, chart

SCHEMA = {
    "$defs": {
        "Web": {
            "type": "object",
            "properties": {
                "replicas": {"type": "integer", "minimum": 0},
                "image": {"type": "string"},
                "tag": {},
            },
            "required": ["image"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {
        "web": {"$ref": "#/$defs/Web"},
        "others": {"type": "array", "items": {"$ref": "#/$defs/Web"}},
        "maybe": {"anyOf": [{"$ref": "#/$defs/Web"}, {"type": "null"}]},
    },
    "additionalProperties": False,
}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "Chart.yaml", "name: web\nversion: 1.2.3\nappVersion: '4.5'\n")
    write(tmp_path, "values.yaml", "replicas: 1\n")
    write(
        tmp_path, "templates/a.yaml.j2", "apiVersion: apps/v1\nkind: Deployment\nr: {{ Values.replicas }}\n"
    )
    return tmp_path


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def load_fault(folder):
    with pytest.raises(ChartError) as caught:
        Chart.load(folder)
    return str(caught.value).replace(str(folder), "F")


def test_a_folder_is_rendered_in_three_lines(folder):
    web = Chart.load(folder)
    objects = web.render({"replicas": 2}, Release("web", "shop"))
    assert objects == [{"apiVersion": "apps/v1", "kind": "Deployment", "r": 2}]
    assert (web.name, web.version, web.app_version, repr(web)) == (
        "web",
        "1.2.3",
        "4.5",
        "Chart('web', '1.2.3')",
    )
    assert dict(web.values) == {"replicas": 1}
    assert [str(kind.kind) for kind in web.kinds] == ["Deployment"]


def test_byte_order_marks_and_windows_line_ends_are_fine(folder):
    for path in folder.rglob("*.*"):
        if path.is_file():
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    web = Chart.load(str(folder))
    assert web.render({}) == [{"apiVersion": "apps/v1", "kind": "Deployment", "r": 1}]
    assert len(web.kinds) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Chart.yaml", "version: 1.2.3\n", "F/Chart.yaml: a chart needs a name"),
        ("Chart.yaml", "name: web\nversion: 1.10\n", "F/Chart.yaml: version must be text, not 1.1; quote it"),
        ("Chart.yaml", "name: [web\n", "F/Chart.yaml:2: is not YAML: did not find expected ',' or ']'"),
        ("Chart.yaml", "- web\n", "F/Chart.yaml: must hold one mapping"),
        ("values.yaml", "a: 1\na: 2\n", "F/values.yaml:2: key 'a' appears twice in one mapping"),
        ("values.yaml", "a: 1\n---\nb: 1\n", "F/values.yaml: must hold one mapping"),
        ("values.yaml", b"\xff\xfe", "F/values.yaml: cannot be read: 'utf-8' codec can't decode"),
        ("values.schema.json", "{", "F/values.schema.json: is not JSON: Expecting property name"),
        ("values.schema.json", "[]", "F/values.schema.json: must hold one JSON object"),
        ("templates/b.yaml", "a: 1\n", "F/templates/b.yaml: would not be rendered; templates end in .j2"),
        (
            "templates/_helpers.tpl",
            "",
            "F/templates/_helpers.tpl: would not be rendered; templates end in .j2",
        ),
        ("templates/b.yaml.j2", b"\xff", "F/templates/b.yaml.j2: cannot be read: "),
    ],
)
def test_faults_of_a_folder(folder, name, text, message):
    write(folder, name, text)
    assert load_fault(folder).startswith(message)


def test_all_files_faults_come_at_once(folder):
    write(folder, "Chart.yaml", "name: 1\n")
    write(folder, "values.yaml", "a: [\n")
    write(folder, "values.schema.json", "{")
    assert [line.split(":")[0] for line in load_fault(folder).splitlines()] == [
        "F/Chart.yaml",
        "F/values.yaml",
        "F/values.schema.json",
    ]


def test_missing_files(folder, tmp_path):
    (folder / "Chart.yaml").unlink()
    assert (
        load_fault(folder) == "F/Chart.yaml: does not exist; a chart folder holds Chart.yaml and templates/"
    )
    assert load_fault(tmp_path / "nowhere").startswith("F/Chart.yaml: does not exist")


def test_a_folder_without_templates(folder):
    (folder / "templates/a.yaml.j2").unlink()
    assert load_fault(folder) == "F/templates: holds no templates (files ending in .j2)"


def test_faults_of_schema_and_templates_come_at_once(folder):
    write(folder, "values.schema.json", json.dumps({"type": "nothing"}))
    write(folder, "templates/a.yaml.j2", "{{")
    with pytest.raises(ChartError) as caught:
        Chart.load(folder).compile()
    schema, template = str(caught.value).splitlines()
    assert schema.startswith("chart web: values.schema.json is not a JSON Schema: ")
    assert template.startswith("web/templates/a.yaml.j2:1: is not a template: ")


def refused(values, schema=SCHEMA):
    with pytest.raises(ChartError) as caught:
        chart(schema=schema).render(values)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("values", "messages"),
    [
        ({"wbe": {}}, ["Values.wbe: is not a value of this chart; did you mean 'web'?"]),
        (
            {"web": {"image": "x", "replcas": 1}},
            ["Values.web.replcas: is not a value of this chart; did you mean 'replicas'?"],
        ),
        ({"web": {"image": 5}}, ['Values.web.image: 5 is not of type "string"']),
        ({"web": {"image": "x", "replicas": -1}}, ["Values.web.replicas: -1 is less than the minimum of 0"]),
        ({"web": {}}, ["Values.web.image: is required"]),
        (
            {"others": [{"image": "x"}, {"image": "x", "imge": 1}]},
            ["Values.others[1].imge: is not a value of this chart; did you mean 'image'?"],
        ),
        (
            {"maybe": {"image": "x", "tga": 1}},
            ["Values.maybe.tga: is not a value of this chart; did you mean 'tag'?"],
        ),
        (
            {"maybe": 5},
            ["Values.maybe: 5 is not valid under any of the schemas listed in the 'anyOf' keyword"],
        ),
        (
            {"web": {"image": "x", "zzzzzz": 1, "imagee": 2}, "x": 1},
            [
                "Values.web.zzzzzz: is not a value of this chart; known here: image, replicas, tag",
                "Values.web.imagee: is not a value of this chart; did you mean 'image'?",
                "Values.x: is not a value of this chart; known here: maybe, others, web",
            ],
        ),
    ],
)
def test_values_are_checked_all_at_once_and_named_by_path(values, messages):
    found = refused(values)
    assert sorted(found) == sorted(f"chart demo {message}" for message in messages)


def test_a_long_value_is_cut_in_a_message():
    assert len(refused({"web": {"image": ["x" * 10_000]}})[0]) < 400


def test_values_need_not_be_plain_dicts():
    one = chart("k: {{ Values.web.image }}\n", schema=SCHEMA)
    values = MappingProxyType(
        {"web": MappingProxyType({"image": type("Text", (str,), {})("x")}), "others": ()}
    )
    assert one.render(values)[0]["k"] == "x"
    assert refused(MappingProxyType({"web": MappingProxyType({})})) == [
        "chart demo Values.web.image: is required"
    ]
    assert refused({"web": {"image": object()}}) == ["chart demo Values: a value of type object is not data"]
    assert refused({1: 2}) == ["chart demo Values: a value of type int cannot be a key"]


def test_defaults_are_checked_with_the_values_and_null_removes():
    one = chart("k: {{ Values.web | optional }}\n", schema=SCHEMA, defaults={"web": {"image": 5}})
    with pytest.raises(ChartError, match=r"Values\.web\.image"):
        one.render({})
    assert one.render({"web": None}) == [{"apiVersion": "v1", "kind": "ConfigMap"}]


def test_without_a_schema_all_values_are_welcome():
    assert chart("k: 1\n").render({"anything": object()}) == [
        {"apiVersion": "v1", "kind": "ConfigMap", "k": 1}
    ]


def test_a_template_may_lie_in_a_folder_of_its_own(folder):
    write(folder, "templates/sub/_part.j2", "x: {{ Values.replicas }}\n")
    write(folder, "templates/sub/b.yaml.j2", HEAD + "{% include 'sub/_part.j2' %}")
    assert Chart.load(folder).render({})[1]["x"] == 1
