"""No value changes the structure of an object, and each arrives as it was, wherever it is put."""

import json

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gwdeployer.chart.skeleton import _NONCE
from tests.chart.charts import chart
from tests.documents.test_writing import LOOK_ALIKES

TOKENS = [f"{_NONCE}s0z", f"{_NONCE}s1z", f"{_NONCE}o0z", f"x{_NONCE}s2zy"]
JINJA = [
    "{{ 1 }}",
    "{% raw %}",
    "{# #}",
    "{{ '{{' }}",
    "{% endif %}",
    "\n---\n",
    "\nkind: Pod\n",
    "- {{ omit }}",
    "omit",
]

texts = st.one_of(
    st.text(st.characters(exclude_categories=[])),  # surrogates, control characters and all
    st.text("ab:-#{}[]'\"\n\t !&*|>%@`,?~\\"),
    st.sampled_from(LOOK_ALIKES + TOKENS + JINJA),
)
numbers = st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)

PLACES = chart(
    """
metadata:
  name: fixed
  labels: {a: {{ Values.any }}, b: "{{ Values.text }}", c: '{{ Values.text }}'}
plain: {{ Values.any }}
items: [a, {{ Values.any }}, {x: {{ Values.any }}}]
list:
  - {{ Values.any }}
  - - {{ Values.any }}
  - name: {{ Values.any }}
    longer: a-{{ Values.text }}/{{ Values.text }}-b
    spaced: a {{ Values.text }} b
keys:
  {{ Values.text }}: {{ Values.any }}
  more:
    a-{{ Values.text }}: 1
    fixed: 2
block: |
  before
    {{ Values.text }}
  after
folded: >-
  before
  {{ Values.text }}
anchored: &x {v: {{ Values.any }}}
alias: *x
merged: {<<: {{ {"m": Values.any} }}, own: 1}
yaml: !yaml
  any: {{ Values.any }}
  "{{ Values.text }}x": {{ Values.any }}
  list: [{{ Values.any }}, "{{ Values.text }}", a{{ Values.text }}]
  deep:
    - a: {{ Values.any }}
      b: 2
    - - {{ Values.any }}
  merged: {<<: {{ {"m": Values.any} }}, own: 1}
  inner: !json {any: {{ Values.any }}}
  fixed: 1
whole: !yaml {{ Values.any }}
json: !json
  any: {{ Values.any }}
  "{{ Values.text }}x": {{ Values.any }}
  list: [{{ Values.any }}, "{{ Values.text }}"]
  fixed: 1
{% set block %}
seen: {{ Values.any }}
{% endset %}
{{ block }}
{% macro entry(value) %}
macro: {value: {{ value }}, called: {{ caller() }}}
{% endmacro %}
{% call entry(Values.any) %}{{ Values.any }}{% endcall %}

computed: {{ [Values.any, {"x": Values.text ~ "!"}] }}
---
apiVersion: v1
kind: Other
last: {{ Values.any }}
"""
)


def expected(value, text):
    nested = {
        "any": value,
        f"{text}x": value,
        "list": [value, text, f"a{text}"],
        "deep": [{"a": value, "b": 2}, [value]],
        "merged": {"m": value, "own": 1},
        "fixed": 1,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "fixed", "labels": {"a": value, "b": text, "c": text}},
        "plain": value,
        "items": ["a", value, {"x": value}],
        "list": [value, [value], {"name": value, "longer": f"a-{text}/{text}-b", "spaced": f"a {text} b"}],
        "keys": {text: value, "more": {f"a-{text}": 1, "fixed": 2}},
        "block": f"before\n  {text}\nafter\n",
        "folded": f"before {text}",
        "anchored": {"v": value},
        "alias": {"v": value},
        "merged": {"m": value, "own": 1},
        "seen": value,
        "macro": {"value": value, "called": value},
        "computed": [value, {"x": f"{text}!"}],
    }, nested


def paired(value):
    """Return a value with each two halves of a surrogate pair joined, as every JSON reader joins them."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if isinstance(value, dict):
        return {paired(key): paired(item) for key, item in value.items()}
    return [paired(item) for item in value] if isinstance(value, list) else value


def same(found, wanted):
    """Compare as JSON does: 1 is not True; but 1.0 is 1."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and list(found) == list(wanted)
            and all(same(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    return found == wanted and isinstance(found, bool) is isinstance(wanted, bool)


@given(values, texts.filter(lambda text: text != "more"))
@settings(max_examples=150, deadline=None)
@example("a: b", "kind")
@example({"x" * 1500: 1e22}, "x" * 1500)
@example([1e16, -0.0, 5e-324, 10**300], "")
@example("\ud83d", "\ud83d\ude00")
def test_every_value_arrives_as_it_was_everywhere(value, text):
    found, other = PLACES.render({"any": value, "text": text})
    plain, nested = expected(value, text)
    texts_found = {name: found.pop(name) for name in ("yaml", "whole", "json")}
    assert same({key: found[key] for key in sorted(found)}, {key: plain[key] for key in sorted(plain)})
    assert list(other) == ["apiVersion", "kind", "last"]
    assert same(other["last"], value)
    of_yaml = load_yaml(texts_found["yaml"])
    assert same(paired(json.loads(of_yaml.pop("inner"))), paired({"any": value}))
    wanted = {key: item for key, item in nested.items() if key not in ("list", "deep", "merged", "fixed")}
    wanted |= {"list": nested["list"], "deep": nested["deep"], "merged": nested["merged"], "fixed": 1}
    assert same(sorted_keys(paired(of_yaml)), sorted_keys(paired(wanted)))
    assert same(paired(load_yaml(texts_found["whole"])), paired(value))
    of_json = {"any": value, f"{text}x": value, "list": [value, text], "fixed": 1}
    assert same(sorted_keys(paired(json.loads(texts_found["json"]))), sorted_keys(paired(of_json)))
    assert all(name.encode() for name in texts_found.values())  # UTF-8 can carry it


def load_yaml(text):
    return yaml.load(text, yaml.SafeLoader)  # not libyaml's, which refuses half surrogates


def sorted_keys(value):
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("text", LOOK_ALIKES + TOKENS + JINJA, ids=ascii)
def test_look_alikes_of_yaml_tokens_and_templates(text):
    test_every_value_arrives_as_it_was_everywhere.hypothesis.inner_test([text, {text: text}], text)


@given(values)
@settings(deadline=None)
def test_the_shape_depends_on_control_flow_alone(value):
    before = len(PLACES._renderer._skeletons)
    PLACES.render({"any": value, "text": "x"})
    assert before in (0, 1)
    assert len(PLACES._renderer._skeletons) == 1


def test_safe_values_are_plain_strings() -> None:
    [obj] = chart("value: {{ Values.text | safe }}").render({"text": "a: b\n- <c>"})
    assert obj["value"] == "a: b\n- <c>"
    assert type(obj["value"]) is str
