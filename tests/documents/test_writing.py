"""What is written is read back as the same data, by us and by others."""

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from gwdeployer import documents

LOOK_ALIKES = [
    "",
    " ",
    "~",
    "null",
    "Null",
    "true",
    "yes",
    "off",
    "y",
    "0",
    "1",
    "-1",
    "1.0",
    "1e3",
    "0x1F",
    "017",
    "0o17",
    "1_000",
    ".5",
    ".inf",
    ".nan",
    "12:30:45",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "<<",
    "=",
    "*a",
    "&a",
    "!a",
    "!!int 1",
    "a: b",
    "a:",
    ":a",
    "- a",
    "-",
    "--",
    "---",
    "--- a",
    "...",
    "? a",
    "?",
    "# a",
    "a # b",
    "a #b",
    "{a: 1}",
    "[1]",
    "{{ x }}",
    "{% x %}",
    "{# x #}",
    "'a'",
    '"a"',
    '"',
    "'",
    "\\",
    "\\n",
    "|",
    ">",
    "%YAML 1.1",
    "@a",
    "`a`",
    "a, b",
    "a,b",
    "100m",
    "1Gi",
    "10.0.0.1",
    "10.0.0.0/8",
    "1.2.3",
    "a\tb",
    "\ta",
    "a\t",
    " a",
    "a ",
    "\n",
    "\n\n",
    "a\n",
    "a\n\n",
    "\na",
    "\n\na\n",
    " a\nb",
    "a\n b",
    "a\n\n b\n",
    "a\nb",
    "a\n---\nb",
    "---\na",
    "a\n...\nb",
    "# a\nb",
    "a \nb ",
    "a\r\nb",
    "a\rb",
    "\r",
    "\x00",
    "\x07",
    "\x1b[0m",
    "\x7f",
    "\x85",
    "\xa0",
    "\u2028",
    "\u2029",
    "\ufeff",
    "a\ufeffb",
    "\ufffe",
    "\uffff",
    "é",
    "日本",
    "😀",
    "\U0010ffff",
    "x" * 2000,
    "a b " * 500,
    "a\n" * 500,
    f"{10**40}",
]

texts = st.one_of(st.text(), st.sampled_from(LOOK_ALIKES), st.text("ab:-#{}[]'\"\n\t !&*|>%@`,?~"))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**300), 10**300),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=ascii)
@pytest.mark.parametrize(
    "around", [lambda t: {"k": t}, lambda t: [t, [t]], lambda t: {t: {"a": [{t: 1}]}}, lambda t: t]
)
def test_text_stays_the_text_it_is(text, around):
    value = around(text)
    written = documents.dump(value)
    assert documents.load_all(written) == [value]
    assert yaml.safe_load(written) == value
    assert yaml.safe_load(documents.flow(value)) == value


@given(values)
@example({"k": 1e22, "l": [1e16, 5e-324, -0.0]})
@example({"x" * 1200: {"y" * 1200: [{"z" * 1200: "v"}]}})
@example([[[]], {}, [{}], {"a": []}])
def test_what_is_written_is_read_back(value):
    written = documents.dump(value)
    assert documents.load_all(written) == ([] if value is None else [value])
    assert yaml.safe_load(written) == value
    assert written.endswith("\n")


@given(st.lists(values.filter(lambda value: value is not None), max_size=4))
def test_streams_are_read_back(items):
    assert documents.load_all(documents.dump_all(items) if items else "") == items


@given(values)
@example([1e22, {"a": 1e16}])
def test_flow_is_one_line_of_yaml_and_json(value):
    written = documents.flow(value)
    assert "\n" not in written
    assert yaml.safe_load(written) == value
    if "? " not in written:
        assert json.loads(written) == value


def test_long_keys_in_flow_are_marked():
    value = {"x" * 1200: [{"y" * 1200: 1}], "a": "z" * 3000}
    assert yaml.safe_load(documents.flow(value)) == value
    assert documents.load_all(documents.flow(value)) == [value]


@pytest.mark.parametrize(
    "value",
    [float("inf"), float("nan"), 10**400, 10**5000, -(10**5000), b"x", object(), {1}, (1,)],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("write", [documents.dump, documents.flow])
def test_what_json_cannot_hold_is_refused(write, value):
    with pytest.raises(TypeError, match="not JSON data"):
        write(value)


def test_half_a_surrogate_pair_is_escaped():
    assert documents.dump({"a": "\ud800"}) == 'a: "\\ud800"\n'


def test_how_it_looks():
    value = {
        "apiVersion": "v1",
        "data": {"a.yaml": "x: 1\n\ny: 2\n", "empty": "", "no": "no"},
        "items": [{"name": "a", "args": ["--x=1", "8080"]}, [], {}],
    }
    assert documents.dump(value) == (
        "apiVersion: v1\n"
        "data:\n"
        "  a.yaml: |\n"
        "    x: 1\n"
        "\n"
        "    y: 2\n"
        '  empty: ""\n'
        '  "no": "no"\n'
        "items:\n"
        "- name: a\n"
        "  args:\n"
        '  - "--x=1"\n'
        '  - "8080"\n'
        "- []\n"
        "- {}\n"
    )
