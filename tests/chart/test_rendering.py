"""What templates mean: slots, omit, merge, helpers, nested documents, control flow."""

import threading
from types import MappingProxyType

import pytest
import yaml
from markupsafe import Markup

from gwdeployer.chart import Capabilities, Chart, Release, Source, coalesce
from gwdeployer.chart.rendering import MAX_SKELETONS
from gwdeployer.objects import KindRef
from tests.chart.charts import HEAD, chart, rendered

VALUES = {
    "text": "x",
    "lines": "a: b\nc: d",
    "map": {"k": 1},
    "list": [1, "two", None],
    "null": None,
    "empty": "",
    "template": "{{ Values.text }}{% if %}",
    "html": Markup("<b>"),
    "tuple": (1, 2),
    "proxy": MappingProxyType({"k": (1,)}),
    "items": "key",
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Slots keep types; texts are joined; quoted slots are strings.
        ("k: {{ Values.map }}", {"k": {"k": 1}}),
        ("k: {{ Values.list }}", {"k": [1, "two", None]}),
        ("k: {{ Values.null }}", {"k": None}),
        ("k: {{ Values.lines }}", {"k": "a: b\nc: d"}),
        ("k: {{ Values.template }}", {"k": "{{ Values.text }}{% if %}"}),
        ("k: '{{ 1 }}'", {"k": "1"}),
        ('k: "{{ true }}"', {"k": "true"}),
        ("k: !!str {{ 5 }}", {"k": "5"}),
        ("k: a {{ Values.lines }} b", {"k": "a a: b\nc: d b"}),
        ("k: {{ 1 }}{{ 2 }}", {"k": "12"}),
        ("k: {{ 1 }}.{{ false }}", {"k": "1.false"}),
        ("k: |\n  x\n  {{ Values.lines }}\n  y", {"k": "x\na: b\nc: d\ny\n"}),
        ("k: [{{ Values.lines }}, '{{ Values.lines }}', x]", {"k": ["a: b\nc: d", "a: b\nc: d", "x"]}),
        ("{{ Values.lines }}: {{ Values.text }}", {"a: b\nc: d": "x"}),
        ("a-{{ true }}: 1", {"a-true": 1}),
        ("k: {{ '---' }}\nj: {{ '*x' }}", {"k": "---", "j": "*x"}),
        ("k: {{ Values.tuple }}\nj: {{ Values.proxy }}", {"k": [1, 2], "j": {"k": [1]}}),
        ("k: {{ 'a: b' }}", {"k": "a: b"}),
        ("k: {{ Values.items }}\nj: {{ Values.map.items() | list }}", {"k": "key", "j": [["k", 1]]}),
        # Comments, anchors, raw blocks.
        ("k: 1 # {{ Values.lines }} {{ omit }}", {"k": 1}),
        ("{# k: {{ Values.zzz }} #}k: 1", {"k": 1}),
        ("k: &a {{ Values.map }}\nj: *a", {"k": {"k": 1}, "j": {"k": 1}}),
        (
            "k: &a {x: {{ Values.map }}}\nj: {<<: *a, z: 1}",
            {"k": {"x": {"k": 1}}, "j": {"x": {"k": 1}, "z": 1}},
        ),
        ("{% raw %}k: '{{ x }}'{% endraw %}", {"k": "{{ x }}"}),
        # omit and optional.
        ("k: {{ omit }}\nj: 1", {"j": 1}),
        ("k: [{{ omit }}, 1, {{ Values.null | optional }}]", {"k": [1]}),
        ("k: {a: {{ omit }}}", {"k": {}}),
        ("k: {{ {'a': omit, 'b': [omit, 1]} }}", {"k": {"b": [1]}}),
        ("k: &a {{ omit }}\nj: *a", {}),
        ("k: !yaml {{ omit }}\nj: !yaml {a: {{ omit }}, b: 1}", {"j": "b: 1\n"}),
        ("k: {{ Values.no.such.path | optional }}", {}),
        ("k: {{ Values.empty | optional }}\nj: {{ Values.empty | optional(empty=true) }}", {"k": ""}),
        ("k: {{ 0 | optional(empty=true) }}", {}),
        ("k: {{ Values.empty or omit }}", {}),
        ("k: {{ (1 if Values.null) | optional }}\nj: {{ (1 if Values.null) | default(2) }}", {"j": 2}),
        ("k: {{ Values.map | items | list }}", {"k": [["k", 1]]}),
        ("k: {{ Values.no.such | default('d') }}", {"k": "d"}),
        ("k: {{ 1 if Values.no is defined else 2 }}", {"k": 2}),
        # Merging.
        ("k:\n  <<: {{ Values.map }}\n  z: 1", {"k": {"k": 1, "z": 1}}),
        ("k:\n  <<: {{ Values.map }}\n  k: 2", {"k": {"k": 2}}),
        ("k:\n  <<: [{{ Values.map }}, {k: 3, q: 4}]", {"k": {"k": 1, "q": 4}}),
        ("k:\n  <<: {{ omit }}\n  z: 1", {"k": {"z": 1}}),
        ("k: {{ merge(Values.map, {'k': 2, 'j': 3}, none, Values.no) }}", {"k": {"k": 1, "j": 3}}),
        ("k:\n  {{ '<<' }}: {a: 1}", {"k": {"<<": {"a": 1}}}),
        # Control flow.
        ("k:\n{% for x in [1, 2] %}\n- {{ x }}\n{% endfor %}", {"k": [1, 2]}),
        ("{% for x in [1, 2] recursive %}k{{ x }}: {{ loop.index }}\n{% endfor %}", {"k1": 1, "k2": 2}),
        (
            "{% for x in [['a', ['b']]] recursive %}"
            "{{ x[0] }}:{% if x[1] %} { {{- loop([[x[1][0], []]]) -}} }"
            "{% else %} 1{% endif %}{% endfor %}",
            {"a": {"b": 1}},
        ),
        ("k: '{% for x in [1, 2] %}{{ x }}{{ ',' }}{% endfor %}'", {"k": "1,2,"}),
        ("{% set n = namespace(x=1) %}{% set n.x = n.x + 1 %}k: {{ n.x }}", {"k": 2}),
        ("k: {% print Values.lines %}", {"k": "a: b\nc: d"}),
        # Fragments: macros, calls, blocks, sets.
        ("{% macro m(x) %}k: {{ x }}{% endmacro %}{{ m(Values.lines) }}", {"k": "a: b\nc: d"}),
        ("{% set s %}k: {{ Values.lines }}{% endset %}{{ s }}", {"k": "a: b\nc: d"}),
        (
            "{% macro m() %}k: {{ caller() }}{% endmacro %}{% call m() %}{{ Values.lines }}{% endcall %}",
            {"k": "a: b\nc: d"},
        ),
        (
            "k: { {{- self.b() -}} }\n{% block b %}j: {{ Values.map }}{% endblock %}",
            {"k": {"j": {"k": 1}}, "j": {"k": 1}},
        ),
        # Text, by our rules.
        ("k: {{ Values.text ~ 1 ~ true }}", {"k": "x1true"}),
        ("k: {{ '%s-%s' % (true, Values.text) }}", {"k": "true-x"}),
        ("k: {{ '%03d' | format(7) }}", {"k": "007"}),
        ("k: {{ true | upper }}", {"k": "TRUE"}),
        ("k: {{ [1, true, 'x'] | join('-') }}", {"k": "1-true-x"}),
        (
            "k: {{ Values.html ~ '<' }}\nj: {{ Values.html + '<' }}\ni: {{ Values.html.join(['<', '<']) }}",
            {"k": "<b><", "j": "<b><", "i": "<<b><"},
        ),
        (
            "k: {{ '<%s>' % Values.html }}\nj: {{ Values.html | replace('b', '&') }}",
            {"k": "<<b>>", "j": "<&>"},
        ),
        ("k: {{ ['<', Values.html] | join(Values.html) }}", {"k": "<<b><b>"}),
        ("k: {{ {'a': '<', 'b': omit} | tojson }}", {"k": '{"a":"<"}'}),
        ("k: {{ {'a': [1]} | toyaml }}", {"k": "a:\n- 1\n"}),
        ("k: {{ 'abc' | trunc(-2) }}{{ 'abc' | trunc(1) }}", {"k": "bca"}),
        (
            "k: {{ '8080' | int }}\nj: {{ 'x' | int(5) }}\ni: {{ '1.5' | float }}",
            {"k": 8080, "j": 5, "i": 1.5},
        ),
        ("k: {{ 'aé' | b64encode }}\nj: {{ 'aGk=' | b64decode }}", {"k": "YcOp", "j": "hi"}),
        ("k: {{ 'a' | sha256 | trunc(8) }}", {"k": "ca978112"}),
        ("k: {{ Values.text | required('m') }}", {"k": "x"}),
        ("k: {{ Values.text.startswith('x') }}", {"k": True}),
        ("k: {{ Release.Name }}/{{ Release.Namespace }}/{{ Chart.Name }}", {"k": "demo/default/demo"}),
        ("k: {{ Capabilities.KubeVersion.Minor | int >= 25 }}", {"k": True}),
    ],
)
def test_templates(body, expected):
    assert rendered(body + "\n", VALUES) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("k: !yaml {{ Values.map }}", {"k": 1}),
        ("k: !yaml {{ Values.lines }}", "a: b\nc: d"),
        ("k: !yaml '{{ Values.text }}'", "x"),
        (
            "k: !yaml\n  {{ Values.lines }}: {{ Values.lines }}\n  b: [{{ Values.map }}, a{{ Values.text }}]",
            {"a: b\nc: d": "a: b\nc: d", "b": [{"k": 1}, "ax"]},
        ),
        ("k: !yaml {<<: {{ Values.map }}, a: {}}", {"k": 1, "a": {}}),
        (
            "k: !yaml {a: {<<: {{ Values.map }}, b: 1}, c: [], d: ''}",
            {"a": {"k": 1, "b": 1}, "c": [], "d": ""},
        ),
        ("k: !yaml\n  - - {{ 1 }}\n    - a: |\n        x\n\n        y\n  - 2", [[1, {"a": "x\n\ny\n"}], 2]),
        ("k: !yaml", None),
        ("k: !json {a: {{ Values.lines }}, b: 1e3, c: 0x10}", {"a": "a: b\nc: d", "b": 1000, "c": 16}),
        ("k: !json {{ Values.null }}", None),
        ("k: !json [a, 1, yes]", ["a", 1, True]),
    ],
)
def test_nested_documents(body, expected):
    text = rendered(body + "\n", VALUES)["k"]
    assert text.endswith("\n")
    assert yaml.safe_load(text) == expected


def test_a_nested_document_in_a_nested_document():
    text = rendered("k: !yaml\n  a: !json {x: {{ Values.lines }}}\n", VALUES)["k"]
    assert yaml.safe_load(yaml.safe_load(text)["a"]) == {"x": "a: b\nc: d"}


def test_helpers_are_in_scope_of_every_template():
    templates = {
        "_helpers.j2": "{% set labels = {'app': Values.name} %}{% macro image(x) %}{{ x }}:1{% endmacro %}",
        "_part.j2": "p: {{ helpers.image(Values.name) }}\n",
        "a.yaml.j2": HEAD + "l: {{ helpers.labels }}\ni: {{ helpers.image('a') }}\n{% include '_part.j2' %}",
        "b.yaml.j2": HEAD + "l: {{ helpers.labels }}\n",
    }
    first, second = Chart(Source("demo", templates)).render({"name": "x"})
    assert first == {"apiVersion": "v1", "kind": "ConfigMap", "l": {"app": "x"}, "i": "a:1", "p": "x:1"}
    first["l"]["app"] = "changed"
    assert second["l"] == {"app": "x"}


def test_imports_and_inheritance():
    templates = {
        "_m.j2": "{% macro m(x) %}{{ x }}!{% endmacro %}",
        "_base.j2": HEAD + "{% block body %}a: 1\n{% endblock %}",
        "a.yaml.j2": "{% extends '_base.j2' %}{% block body %}{{ super() }}b: {{ Values.v }}\n{% endblock %}",
        "b.yaml.j2": "{% import '_m.j2' as m %}{% from '_m.j2' import m as n %}"
        + HEAD
        + "a: {{ m.m(Values.v) }}\nb: {{ n(Values.v) }}\n",
    }
    first, second = Chart(Source("demo", templates)).render({"v": "x: y"})
    assert (first["a"], first["b"]) == (1, "x: y")
    assert (second["a"], second["b"]) == ("x: y!", "x: y!")


def test_objects_come_in_the_order_of_paths_and_of_the_text():
    more = {"b": HEAD + "at: 4\n", "a/z": HEAD + "at: 3\n"}
    one = chart("at: 1\n---\n# nothing\n---\n" + HEAD + "at: 2\n", **more)
    assert [found["at"] for found in one.render({})] == [1, 2, 3, 4]


def test_a_document_that_is_null_or_omitted_is_left_out():
    assert len(chart("---\n{{ none }}\n---\n{{ omit }}\n").render({})) == 1


def test_a_whole_document_can_be_a_slot():
    found = chart("---\n{{ Values.o }}\n").render({"o": {"apiVersion": "v1", "kind": "X", "a": 1}})
    assert found[1] == {"apiVersion": "v1", "kind": "X", "a": 1}


def test_values_are_laid_over_the_defaults_by_helms_rules():
    defaults = {"a": 1, "m": {"x": 1, "y": 2}, "l": [1], "gone": 1, "null": None}
    values = {"m": {"y": 3, "x": None}, "l": [2], "gone": None, "new": None}
    assert coalesce(defaults, values) == {"a": 1, "m": {"y": 3}, "l": [2], "null": None, "new": None}
    assert defaults == {"a": 1, "m": {"x": 1, "y": 2}, "l": [1], "gone": 1, "null": None}
    assert coalesce({"a": {"b": 1}}, {"a": 2}) == {"a": 2}
    assert coalesce({"a": 2}, {"a": {"b": 1}}) == {"a": {"b": 1}}


def test_nothing_is_shared_between_values_and_renders():
    values = {"m": {"a": [1]}, "l": [{"x": 1}]}
    defaults = {"d": {"a": [1]}}
    one = chart(
        "m: {{ Values.m }}\no: {{ Values.m }}\nl: {{ Values.l }}\nd: {{ Values.d }}\nc: {a: [1]}\n",
        defaults=defaults,
    )
    first = one.render(values)[0]
    expected = {**first, "m": {"a": [1]}, "o": {"a": [1]}, "l": [{"x": 1}], "d": {"a": [1]}, "c": {"a": [1]}}
    assert first == expected
    for key in "mod":
        first[key]["a"].append(2)
    first["l"][0]["x"] = 2
    first["c"]["a"].append(2)
    assert values == {"m": {"a": [1]}, "l": [{"x": 1}]}
    assert defaults == {"d": {"a": [1]}}
    assert one.render(values)[0] == expected


def test_warm_is_as_cold():
    body = "{% if Values.a is defined %}a: {{ Values.a }}{% endif %}\n\nb: {{ Values.b | optional }}\n"
    one = chart(body)
    for values in ({"a": 1}, {"b": None}, {"a": 2, "b": 3}, {}):
        cold = chart(body).render(values)
        assert one.render(values) == cold == one.render(values)


def test_the_cache_is_bounded():
    one = chart("l:\n{% for x in Values.l %}\n- {{ x }}\n{% else %} []\n{% endfor %}\n")
    for size in range(MAX_SKELETONS + 50):
        assert len(one.render({"l": [1] * size})[0]["l"]) == size
    assert len(one._renderer._skeletons) == MAX_SKELETONS


def test_threads_share_a_chart():
    body = (
        "l:\n{% for x in Values.l %}\n- {{ x }}\n{% else %} []\n{% endfor %}\nd: !yaml {a: {{ Values.l }}}\n"
    )
    one, alone = chart(body), chart(body)
    jobs = [{"l": [f"{n}-{i}" for i in range(n % 40)]} for n in range(400)]
    expected = [alone.render(job) for job in jobs]
    found: list[list] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def work(mine):
        start.wait()
        mine.extend(one.render(job) for job in jobs)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(mine == expected for mine in found)
    assert len(one._renderer._skeletons) == 40


def test_release_and_capabilities():
    one = chart(
        "r: {{ Release.Name }}.{{ Release.Namespace }}\n"
        "v: {{ Capabilities.KubeVersion.Version }}\na: {{ Capabilities.APIVersions }}\n"
    )
    (found,) = one.render({}, Release("web", "shop"), Capabilities("v1.30.2", ("apps/v1",)))
    assert (found["r"], found["v"], found["a"]) == ("web.shop", "v1.30.2", ["apps/v1"])


def test_the_kinds_are_those_the_templates_name():
    one = chart(
        "---\nkind: 'Service' # one\napiVersion: \"v1\"\n---\napiVersion: apps/v1\n"
        "{% if Values.d %}\nkind: DaemonSet\n"
        "{% else %}\nkind: Deployment\n{% endif %}\nspec:\n  kind: Nested\n---\nkind: {{ Values.k }}\n"
    )
    assert one.kinds == (
        KindRef.of("v1", "ConfigMap"),
        KindRef.of("v1", "Service"),
        KindRef.of("apps/v1", "DaemonSet"),
        KindRef.of("apps/v1", "Deployment"),
    )
