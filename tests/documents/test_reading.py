"""Streams, scalars and mappings as kubectl reads them."""

import time

import pytest

from gwdeployer import documents
from gwdeployer.errors import DocumentError


def load(text):
    (document,) = documents.load_all(text, source="file.yaml")
    return document


def fault(text):
    with pytest.raises(DocumentError) as caught:
        documents.load_all(text, source="file.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, True) for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]],
        *[
            (word, False)
            for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]
        ],
        *[(word, None) for word in ("~", "null", "Null", "NULL", "")],
        ("yEs", "yEs"),
        ("nULL", "nULL"),
        ("0", 0),
        ("-0", 0),
        ("+12", 12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("-0x10", -16),
        ("0b101", 5),
        ("017", 15),
        ("0o17", 15),
        ("08", 8),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1),
        ("1e3", 1000),
        ("1.5e1", 15),
        ("1e21", 1e21),
        ("1e-3", 0.001),
        ("9007199254740993", 9007199254740993),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("1e", "1e"),
        ("0x", "0x"),
        ("+", "+"),
        (".", "."),
        ("_1", "_1"),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("! 1", 1),
        ("!!int '5'", 5),
        ("!!float 1", 1),
        ("!!binary aGk=", "hi"),
        ("!own 5", "5"),
    ],
)
def test_scalars_mean_what_they_mean_to_go_yaml(text, value):
    found = load(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".inf", ".inf is not a number JSON can hold"),
        ("-.Inf", "-.Inf is not a number JSON can hold"),
        (".nan", ".nan is not a number JSON can hold"),
        ("1e400", "1e400 is not a number JSON can hold"),
        ("9" * 5000, "… (5000 characters) is not a number JSON can hold (quote it if it is text)"),
        ("0x" + "f" * 5000, "is not a number JSON can hold"),
        ("!!int abc", "!!int does not fit 'abc'"),
        ("!!int 1.5", "!!int does not fit '1.5'"),
        ("!!bool 1", "!!bool does not fit '1'"),
        ("!!int true", "!!int does not fit 'true'"),
        ("!!binary '*'", "!!binary does not hold text in base64"),
        ("!!binary /w==", "!!binary does not hold text in base64"),
    ],
)
def test_scalars_that_json_cannot_hold_are_refused_in_one_short_line(text, message):
    told = fault(f"a: 1\nb: {text}")
    assert told.startswith("file.yaml:2: ")
    assert message in told
    assert len(told) < 200


@pytest.mark.parametrize("digits", [1, 100, 308])
def test_long_integers_are_exact(digits):
    assert load("a: " + "9" * digits)["a"] == 10**digits - 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1: a\ntrue: b\n1.5: c\n", {"1": "a", "true": "b", "1.5": "c"}),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
        ("d: {<<: [{b: 1}, {b: 2, c: 2}]}\n", {"d": {"b": 1, "c": 2}}),
        ("'<<': {a: 1}\n", {"<<": {"a": 1}}),
        ("a: |\n  ---\n  ...\n  x\n", {"a": "---\n...\nx\n"}),
        ("a: 1\r\nb: |\r\n  x\r\n  y\r\n", {"a": 1, "b": "x\ny\n"}),
        ("\ufeffa: 1\n", {"a": 1}),
        ('{"a": [1, "x\\u00e9\\/"]}', {"a": [1, "xé/"]}),
        ("a: 'x\n\n  y'\n", {"a": "x\ny"}),
        ("a:\tb\n", {"a": "b"}),
    ],
)
def test_documents(text, value):
    assert load(text) == value


def test_the_copies_of_an_alias_are_separate():
    found = load("a: &x {b: [1]}\nc: *x\nd: {<<: *x}\n")
    found["c"]["b"].append(2)
    found["d"]["b"].append(3)
    assert found["a"] == {"b": [1]}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("---\n---\n# nothing\n---\nnull\n", []),
        ("a: 1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\r\n---\r\nb: 2\r\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n--- # said\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("--- {a: 1}\n--- |\n text\n", [{"a": 1}, "text\n"]),
        ("a: 1\n...\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: 1\n...\n---\nb: 2\n...\n", [{"a": 1}, {"b": 2}]),
        ("%YAML 1.1\n---\na: 1\n", [{"a": 1}]),
        ("# why\n%YAML 1.1\n---\na: 1\n...\n%YAML 1.1\n---\nb: 2\n", [{"a": 1}, {"b": 2}]),
        ("a: ----\nb: x---\n", [{"a": "----", "b": "x---"}]),
    ],
)
def test_streams(text, values):
    assert documents.load_all(text) == values
    assert documents.load_all(text.encode()) == values


def test_a_broken_document_spares_the_others():
    results = list(documents.load_each("a: 1\n---\nb: [\n---\nc: 3\n---\nd: {e: 1, e: 2}\n", source="f"))
    assert [type(result) for result in results] == [dict, DocumentError, dict, DocumentError]
    assert str(results[1]).startswith("f:4: is not YAML: ")
    assert str(results[3]) == "f:7: key 'e' appears twice in one mapping; remove one of the two"


def test_all_faults_come_at_once():
    assert len(fault("a: [\n---\nb: 1\nb: 2\n").splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "file.yaml:3: key 'a' appears twice in one mapping; remove one of the two"),
        ("1: a\n'1': b\n", "file.yaml:2: key '1' appears twice"),
        ("a: *b\n", "file.yaml:1: alias *b names no anchor before it"),
        ("a: &b [*b]\n", "file.yaml:1: alias *b names no anchor before it"),
        ("[a]: 1\n", "file.yaml:1: a key must be text; quote it"),
        ("~: 1\n", "file.yaml:1: a key must be text; quote it"),
        ("a: {<<: 1}\n", "file.yaml:1: a merge key (<<) needs a mapping or a list of mappings"),
        ("x: 1\na:\n\t- b\n", "file.yaml:3: is not YAML: found character that cannot start any token"),
        ("a: b: c\n", "file.yaml:1: is not YAML: mapping values are not allowed in this context"),
        ("{a: 1} b\n", "file.yaml:1: is not YAML: "),
        ("a: 1\r---\rb: 2\r", "file.yaml:2: another document begins here; put a line --- before it"),
        ("a: \x00\n", "file.yaml:1: is not YAML: "),
        ("a: 1\nb: \ud800\n", "file.yaml:2: is not YAML: half of a surrogate pair"),
        ("a: " + "[" * 101 + "]" * 101, "file.yaml:1: is nested deeper than 100 levels"),
    ],
)
def test_refusals_name_file_and_line(text, message):
    assert fault(text).startswith(message)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_than_utf8_are_refused(encoding):
    with pytest.raises(DocumentError, match=r"is not (UTF-8 text|YAML)"):
        documents.load_all("a: é\n".encode(encoding))


@pytest.mark.parametrize("style", ["flow", "merge"])
def test_a_billion_laughs_end_in_under_a_second(style):
    lines = ["a: &a {x: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        many = ", ".join([f"*{before}"] * 10)
        lines.append(
            f"{name}: &{name} " + (f"[{many}]" if style == "flow" else f"{{<<: [{many}], y{name}: [{many}]}}")
        )
    started = time.monotonic()
    assert "aliases expand to more than 50000 nodes; write the values out" in fault("\n".join(lines))
    assert time.monotonic() - started < 1


def test_a_deep_file_ends_in_under_a_second():
    started = time.monotonic()
    assert "nested deeper" in fault("a: " + "[" * 1_000_000)
    assert time.monotonic() - started < 1
