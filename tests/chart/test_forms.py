"""Forms: what templates made of some values is right for others, or is not used for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwdeployer.chart import Chart, Release, coalesce
from gwdeployer.chart.forms import MAX_BLANKS, MAX_FORMS, Forms
from gwdeployer.chart.rendering import Renderer
from gwdeployer.errors import ChartError
from gwdeployer.objects import Object
from tests.chart.charts import chart

NAMES = [{"name": f"gw-{number}"} for number in range(4)]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The values for which templates were run."""
    found: list[Mapping[str, Any]] = []
    run = Renderer._run

    def counted(self: Renderer, scope: Mapping[str, Any], data: bytes | None, **how: Any) -> list[Object]:
        found.append(scope["Values"])
        return run(self, scope, data, **how)

    monkeypatch.setattr(Renderer, "_run", counted)
    return found


def outcome(one: Chart, values: Mapping[str, Any], *, shared: bool = False) -> object:
    try:
        return one.render(values, shared=shared)
    except ChartError as error:
        return [str(fault) for fault in error.faults]


def wreck(value: Any) -> None:
    """Change everything in a value that can be changed."""
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            wreck(item)
        value.clear()


def fresh(body: str, values: Mapping[str, Any]) -> object:
    """What templates make of values that have never seen others."""
    return outcome(chart(body), values)


PASSES_ON = [
    "k: {{ Values.name }}",
    "k: a-{{ Values.name }}-{{ Values.name }}",
    'k: {{ "a-" ~ Values.name ~ 1 }}',
    "k: {{ [Values.name, {'of': Values.name}] }}",
    "k: {{ merge({'of': Values.name}, {'of': 1, 'and': 2}) }}",
    "{{ Values.name }}: 1",
    "k: {{ Values.name | default('x') }}",
    "k: {{ Values.name | optional }}",
    "k: {{ Values.name | required('a name') }}",
    "k: {{ Values.name or 'x' }}",
    "k: {% if Values.name is defined and Values.name %}yes{% else %}no{% endif %}",
    "k: {% if Values.name is none %}yes{% else %}no{% endif %}",
    "{% for key, value in {'a': Values.name}.items() %}\n{{ key }}: {{ value }}\n{% endfor %}",
    "{% macro m(name) %}{{ name }}{% endmacro %}\nk: {{ m(Values.name) }}",
    "k: {{ [Values.name, 'b'] | first }}",
    "k: {{ [{'n': Values.name}] | map(attribute='n') | list }}",
    "k: !yaml\n  a: {{ Values.name }}\n  {{ Values.name }}: [b]\n",
    "k: !json\n  a: {{ Values.name }}\n",
]
LOOKS = [
    "k: {{ Values.name | upper }}",
    "k: {{ Values.name | length }}",
    "k: {{ Values.name | trunc(3) }}",
    "k: {{ Values.name | sha256 }}",
    "k: {{ {'of': Values.name} | tojson }}",
    "k: {{ [[{'of': Values.name}]] | tojson }}",
    "k: {{ {'of': Values.name} | toyaml }}",
    "k: {{ [Values.name] | toyaml }}",
    "k: {{ [Values.name] | join('-') }}",
    "k: {{ ['b', Values.name] | sort }}",
    "k: {{ [Values.name, 'b'] | unique | list }}",
    "k: {{ [Values.name, 'b'] | max }}",
    "k: {{ ['b', Values.name] | map('upper') | list }}",
    "k: {{ ['gw-1', Values.name] | select('eq', 'gw-1') | list }}",
    "k: {{ [{'n': Values.name}] | selectattr('n', 'equalto', 'gw-1') | list }}",
    "k: {{ 'yes' if Values.name == 'gw-1' else 'no' }}",
    "k: {{ 'yes' if 'gw-1' == Values.name else 'no' }}",
    "k: {{ 'yes' if Values.name in ['gw-1'] else 'no' }}",
    "k: {{ 'yes' if '1' in Values.name else 'no' }}",
    "k: {{ 'yes' if Values.name > 'gw-1' else 'no' }}",
    "k: {{ 'yes' if {'of': Values.name} == {'of': 'gw-1'} else 'no' }}",
    "k: {{ 'yes' if Values.name is string else 'no' }}",
    "k: {{ 'yes' if Values.name is eq 'gw-1' else 'no' }}",
    "k: {{ {Values.name: 1} }}",
    "k: {{ {'gw-1': 1}[Values.name] | default(0) }}",
    "k: {{ {'gw-1': 1}.get(Values.name, 0) }}",
    "k: {{ Values.name[3] }}",
    "k: {{ Values.name[:2] }}",
    "k: {{ Values.name.upper() }}",
    "k: {{ Values.name.parts | default('none') }}",
    "k: {{ Values.name + '-x' }}",
    "k: {{ 'x-' + Values.name }}",
    "k: {{ '%s-x' % Values.name }}",
    "k: {{ Values.name * 2 }}",
    "k: {{ 'x' | replace('x', Values.name) }}",
    "k: [{% for letter in Values.name %}{{ letter }}, {% endfor %}]",
]


@pytest.mark.parametrize("body", PASSES_ON)
def test_templates_that_pass_a_text_on_are_run_twice(body: str, runs: list[Any]) -> None:
    one = chart(body)
    made = [outcome(one, values) for values in NAMES]
    assert len(runs) == 2
    assert made == [fresh(body, values) for values in NAMES]


@pytest.mark.parametrize("body", LOOKS)
def test_templates_that_look_into_a_text_are_run_each_time(body: str, runs: list[Any]) -> None:
    one = chart(body)
    made = [outcome(one, values) for values in NAMES]
    assert len(runs) == len(NAMES)
    assert made == [fresh(body, values) for values in NAMES]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (1, 1.0),
        (None, False),
        ("", "x"),
        ("1", 1),
        (["a"], ["a", "b"]),
        ({"a": "x", "b": "y"}, {"b": "y", "a": "x"}),
        ({"a": "x"}, {"b": "x"}),
        ({"a": "x"}, {}),
    ],
)
def test_values_that_differ_in_more_than_texts_are_never_taken_for_others(one: Any, other: Any) -> None:
    body = "k: !json\n  {{ Values.name }}: {{ Values.more }}\nt: {{ 'yes' if Values.more else 'no' }}"
    known = chart(body)
    for number, more in enumerate([one, one, one, other, one, other, other]):
        values = {"name": f"gw-{number}", "more": more}
        assert outcome(known, values) == fresh(body, values)


def test_what_is_no_plain_data_has_no_form(runs: list[Any]) -> None:
    one = chart("k: {{ Values.name }}\nm: {{ Values.more }}")
    for values in NAMES:
        assert one.render({**values, "more": MappingProxyType({"a": 1})})[0]["m"] == {"a": 1}
    assert len(runs) == len(NAMES)


def test_objects_from_forms_are_the_callers_own() -> None:
    one = chart("k: {{ Values.name }}\nm: {{ Values.map }}\nc: {a: [b]}")
    for number in range(4):
        [made] = one.render({"name": f"gw-{number}", "map": {"list": [1]}})
        assert made["m"] == {"list": [1]}
        assert made["c"] == {"a": ["b"]}
        made["m"]["list"].append(2)
        made["c"]["a"].append("x")


def test_a_text_that_does_not_fit_is_blamed_as_ever() -> None:
    body = "{{ Values.one }}: 1\n{{ Values.other }}: 2\nk: {{ Values.one }}"
    one = chart(body, b="kind: ConfigMap\napiVersion: v1\n{{ Values.one }}: 1\n{{ Values.other }}: 2\n")
    for number in range(3):
        one.render({"one": f"a{number}", "other": f"b{number}"})
    with pytest.raises(ChartError) as caught:
        one.render({"one": "same", "other": "same"})
    assert [re.findall(r"/(.)\.yaml", str(fault)) for fault in caught.value.faults] == [["a"], ["b"]]


def test_the_release_is_among_what_may_differ(runs: list[Any]) -> None:
    one = chart("k: {{ Release.Name }} in {{ Release.Namespace }}")
    made = [one.render({}, Release(f"r{n}", f"n{n}"))[0]["k"] for n in range(4)]
    assert made == ["r0 in n0", "r1 in n1", "r2 in n2", "r3 in n3"]
    assert len(runs) == 2


def test_two_shapes_by_turns_both_find_their_form(runs: list[Any]) -> None:
    one = chart("k: {{ Values.name }}\ncount: {{ Values.n }}")
    for number in range(4):
        one.render({"name": f"a{number}", "n": 1})
    for number in range(4):
        one.render({"name": f"b{number}", "n": 2})
    runs.clear()
    for number in range(20):
        [made] = one.render({"name": f"c{number}", "n": 1 + number % 2})
        assert (made["k"], made["count"]) == (f"c{number}", 1 + number % 2)
    assert runs == []


def test_forms_are_bounded_and_so_are_guesses_that_came_to_nothing() -> None:
    one = chart("k: {{ Values.name }}\ncount: {{ Values.n }}")
    looks = chart("k: {{ Values.map.values() | map('upper') | list }}")
    for number in range(MAX_FORMS + 9):
        for name in "ab":
            one.render({"name": name, "n": number})
            looks.render({"map": {f"key-{number}": name}})
    assert len(one._renderer._forms._forms) == MAX_FORMS
    assert len(looks._renderer._forms._refused) <= MAX_FORMS


def test_where_very_many_texts_differ_nothing_is_guessed() -> None:
    one = chart("k: {{ Values.texts }}")
    for number in range(3):
        one.render({"texts": [f"{number}-{n}" for n in range(MAX_BLANKS + 1)]})
    assert one._renderer._forms._forms == ()


def test_a_text_that_reads_like_a_mark_has_no_form() -> None:
    one = chart("k: {{ Values.name }}\nm: {{ Values.more }}")
    mark = "\0the text that goes into blank 0\0"
    for values in NAMES:
        [made] = one.render({**values, "more": mark})
        assert (made["k"], made["m"]) == (values["name"], mark)
    assert one._renderer._forms._forms == ()


TEXTS = st.one_of(
    st.text(max_size=6), st.sampled_from(["", "true", "1", "a: b", "- x", "null", "é\n", "{{ x }}"])
)
LEAVES = st.one_of(TEXTS, st.sampled_from([None, True, False, 0, 1, 1.5]))
VALUES = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "leaf": LEAVES,
        "map": st.dictionaries(st.sampled_from(["a", "b", "true"]), LEAVES, max_size=3),
        "list": st.lists(LEAVES, max_size=2),
    }
)
BODY = """\
name: {{ Values.name }}
quoted: "{{ Values.name }}"
map: {{ Values.map }}
{% for item in Values.list %}
item-{{ loop.index }}: {{ item }}
{% endfor %}
{% if Values.leaf %}
leaf: {{ Values.leaf }}
{% endif %}
document: !yaml
  of: {{ Values.name }}
  leaf: {{ Values.leaf }}
  list: {{ Values.list }}
json: !json
  map: {{ Values.map }}
joined: {{ Values.name ~ "/" ~ (Values.map.a | default("none") | string) }}
always: {of: [1, {the: same}], empty: {}}
anchored: &mark {list: {{ Values.list }}}
again: *mark
merged: {<<: {{ Values.map }}, own: 1}
"{{ Values.name }}-key": {{ Values.list }}
block: !yaml
  "{{ Values.name }}-key":
    - {{ Values.map }}
    - always: the same
constant: !yaml {a: 1, b: [2]}
"""


@settings(deadline=None)  # each rendering is compared with that of a chart of its own
@given(st.lists(VALUES, min_size=2, max_size=6), st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
@example([{"name": "a", "leaf": 1, "map": {}, "list": []}] * 2, [("b", "c"), ("", "x")])
def test_forms_make_no_difference(given_values: list[dict[str, Any]], names: list[tuple[str, str]]) -> None:
    one = chart(BODY)
    last = given_values[-1]
    alike = [coalesce(last, {"name": name, "map": {**last["map"], "a": a}}) for name, a in names]
    for values in [*given_values, *alike, *given_values]:
        expected = fresh(BODY, values)
        assert outcome(one, values, shared=True) == expected
        own = outcome(one, values)
        assert own == expected
        wreck(own)  # what is the caller's own is nobody else's


def test_what_values_have_no_say_in_is_shared_by_who_only_reads() -> None:
    one = chart("a: {of: {{ Values.name }}, always: {is: [1]}}\nb: {{ Values.map }}")
    made = [one.render({**values, "map": {"x": [1]}}, shared=True)[0] for values in NAMES]
    assert [obj["a"]["of"] for obj in made] == [values["name"] for values in NAMES]
    assert made[2]["a"] is not made[3]["a"]
    assert made[2]["a"]["always"] is made[3]["a"]["always"]
    assert made[2]["b"] is made[3]["b"]  # the same in all values of this form


def test_only_the_bytes_of_texts_are_taken_for_texts() -> None:
    forms = Forms()
    assert forms.filled(None) is None
    one = chart("k: {{ Values.name }}")
    for values in NAMES:
        one.render(values)
    [form] = one._renderer._forms._forms
    assert [len(form.segments), form.texts_in(form.segments[0]), form.texts_in(b"")] == [2, None, None]
    assert form.texts_in(b"".join(form.segments)) is None
    whole = form.segments[0] + b"u\2\0\0\0ab" + form.segments[1]
    assert form.texts_in(whole) == ["ab"]
    assert form.texts_in(whole + b"N") is None
    assert form.texts_in(whole.replace(b"u\2", b"s\2")) is None
