"""What is said when a chart or its values are wrong: file, line, expression, values path, nearest key."""

import pytest

from gwdeployer.chart import Chart, Source
from gwdeployer.errors import ChartError
from tests.chart.charts import HEAD, chart

VALUES = {"text": "x", "map": {"k": 1}, "list": [1], "null": None, "deep": {"gateway": {"name": "x"}}}
MACRO = "{% macro m() %}x{% endmacro %}\n"
FRAGMENT = (
    "the result of a macro (or of a set block) is part of the document, not a value: it can only be output; "
    "compute values with {% set name = expression %}"
)


def told(one, values=VALUES):
    with pytest.raises(ChartError) as caught:
        one.render(values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        # Names that do not exist.
        ("k: {{ Values.txet }}", "3 {{ Values.txet }}: Values.txet does not exist; did you mean 'text'?"),
        ("k: {{ Values.map.j }}", "3 {{ Values.map.j }}: Values.map.j does not exist; known here: k"),
        (
            "\n\nk: {{ Values.deep.gateway.nam | upper }}",
            "5 {{ Values.deep.gateway.nam | upper }}: "
            "Values.deep.gateway.nam does not exist; did you mean 'name'?",
        ),
        ("k: {{ Values.list[3] }}", "3 {{ Values.list[3] }}: Values.list has no '3'"),
        ("k: {{ Values.text.x }}", "3 {{ Values.text.x }}: a value of type str has no 'x'"),
        ("k: {{ [Values.no] }}", "3 {{ [Values.no] }}: Values.no does not exist"),
        ("k: {{ [Values.no] | tojson }}", "3 {{ [Values.no] | tojson }}: Values.no does not exist"),
        ("{% if Values.no %}\nk: 1\n{% endif %}", "3 {% if Values.no %}: Values.no does not exist"),
        ("k: {{ Values.no | items | list }}", "3 {{ Values.no | items | list }}: Values.no does not exist"),
        (
            "{% for k in Values.no %}{% endfor %}",
            "3 {% for k in Values.no %}{% endfor %}: Values.no does not",
        ),
        ("k: {{ [] | first }}", "3 {{ [] | first }}: No first item, sequence was empty."),
        (
            "k: {{ 1 if Values.null }}",
            "3 {{ 1 if Values.null }}: the condition is false and there is no else",
        ),
        ("k: {{ Valeus.text }}", "3 {{ Valeus.text }}: 'Valeus' is not defined; did you mean 'Values'?"),
        ("k: {{ Release.Nam }}", "3 {{ Release.Nam }}: Release.Nam does not exist; did you mean 'Name'?"),
        ("{% macro m(a) %}{{ a }}{% endmacro %}\nk: {{ m() }}", "3 {{ a }}: parameter 'a' was not provided"),
        (
            "k: {{ Values.text | uper }}",
            "3: is not a template: there is no filter 'uper'; did you mean 'upper'?",
        ),
        ("{% if 1 is od %}{% endif %}", "3: is not a template: there is no test 'od'; did you mean 'odd'?"),
        (
            "{% include '_x.j2' %}",
            "3: is not a template: there is no template '_x.j2'; known here: a.yaml.j2",
        ),
        ("{% include Values.text %}", "3 {% include Values.text %}: there is no template 'x'"),
        # Values that do not fit.
        ("k: a {{ Values.map }}", "3 {{ Values.map }}: a mapping cannot be part of a longer text"),
        ("k: '{{ Values.null }}'", "3 {{ Values.null }}: null cannot be part of a longer text"),
        ("k: {{ 'a' ~ Values.list }}", "3 {{ 'a' ~ Values.list }}: a list cannot be part of a longer text"),
        ("k: {{ none | upper }}", "3 {{ none | upper }}: null cannot be part of a longer text"),
        ("{{ Values.map }}: 1", "3 {{ Values.map }}: a mapping cannot be part of a longer text"),
        ("{{ omit }}: 1", "3: omit cannot be a key; to leave an entry out, make its value omit"),
        ("k: a{{ omit }}", "3: omit takes a whole key or list item with it; here it is part of a text"),
        ("k: |\n  {{ omit }}", "3: omit takes a whole key or list item with it; here it is part of a text"),
        ("k: {<<: {{ 1 }}}", "3 {{ 1 }}: << needs a mapping, not a value of type int"),
        ("k: {<<: !yaml {a: 1}}", "3: a merge key (<<) needs a mapping or a list of mappings"),
        ("k: {<<: 'x{{ 1 }}'}", "3: a merge key (<<) needs a mapping or a list of mappings"),
        ("x: 1\n{{ Values.text }}: 2", "4 {{ Values.text }}: key 'x' appears twice in one mapping"),
        (
            "k: !yaml\n  x: 1\n  y:\n    {{ Values.text }}: 2\n    {{ 'x' }}: 3",
            "6 {{ Values.text }}: key 'x' appears twice in one mapping",
        ),
        (
            "k: !json {{'{'}}".replace("{{'{'}}", "{ {{ 'a' }}: 1, a: 2}"),
            "3 {{ 'a' }}: key 'a' appears twice",
        ),
        ("k: {{ {1: 2} }}", "3 {{ {1: 2} }}: a value of type int cannot be a key"),
        ("k: {{ Values.list | items }}", "3 {{ Values.list | items }}: items takes a mapping, not a list"),
        (
            "k: {{ Values.map | items }}",
            "3 {{ Values.map | items }}: a value of type dict_items is not data; add | list",
        ),
        ("k: {{ range(3) }}", "3 {{ range(3) }}: a value of type range is not data; add | list"),
        (
            "k: {{ [1] | map('string') }}",
            "3 {{ [1] | map('string') }}: a value of type generator is not data; add | list",
        ),
        (
            "k: {{ Values.map.items }}",
            "3 {{ Values.map.items }}: a value of type builtin_function_or_method is not data",
        ),
        ("k: {{ 1e300 * 1e300 }}", "3 {{ 1e300 * 1e300 }}: the number inf is not data"),
        ("k: {{ [1e300 * -1e300] }}", "3 {{ [1e300 * -1e300] }}: the number -inf is not data"),
        ("k: !yaml {a: {{ 10 ** 400 }}}", ": int is not JSON data"),
        ("k: !yaml 0x" + "f" * 300, ": int is not JSON data"),
        ("k: !yaml {a: 0x" + "f" * 300 + "}", ": int is not JSON data"),
        ("k: !yaml {<<: {a: 0x" + "f" * 300 + "}}", ": int is not JSON data"),
        ("k: " + '{"{{ Values.text }}": ' * 90 + "1" + "}" * 90, ": is nested too deep"),
        ("k: {{ 'x' | int }}", "3 {{ 'x' | int }}: \"x\" is not a whole number"),
        ("k: {{ 'x' | b64decode }}", "3 {{ 'x' | b64decode }}: b64decode takes base64 of UTF-8 text"),
        (
            "k: {{ '%d' % 'x' }}",
            "3 {{ '%d' % 'x' }}: cannot be formatted: %d format: a real number is required",
        ),
        ("k: {{ 1 / 0 }}", "3 {{ 1 / 0 }}: cannot be evaluated: division by zero"),
        ("k: {{ fail('no: ' ~ Values.text) }}", "3 {{ fail('no: ' ~ Values.text) }}: no: x"),
        ("k: {{ Values.no | required('set it') }}", "3 {{ Values.no | required('set it') }}: set it"),
        ("k: {{ '' | required }}", "3 {{ '' | required }}: a required value is missing"),
        # YAML.
        ("k: [1", "4: is not YAML: did not find expected ',' or ']'"),
        ("k: {{ 1 }}\n  j: 2", "4: is not YAML: mapping values are not allowed in this context"),
        ("k: 1\nk: 2", "4: key 'k' appears twice in one mapping; remove one of the two"),
        ("k: !{{ 'a' }} x", "3: an expression cannot stand in a tag or an anchor"),
        ("k: &{{ 'a' }} x", "3: an expression cannot stand in a tag or an anchor"),
        ("k: *{{ 'a' }}", "3: alias *{{ … }} names no anchor before it"),
        ("k: !!int {{ 'a' }}", "3: an expression cannot stand under !!int"),
        ("k: !!binary {{ 'a' }}", "3: an expression cannot stand under !!binary"),
        ("k: .inf", "3: .inf is not a number JSON can hold"),
        ("k: " + "[" * 101 + "]" * 101, "3: is nested deeper than 100 levels"),
        # Documents.
        ("---\n- 1", "4: a document must be an object (a mapping with apiVersion and kind), not a list"),
        ("---\na: 1", "4: a document must be an object: apiVersion must be text, not null"),
        (
            "---\napiVersion: v1\nkind: y",
            "4: a document must be an object: kind must be text, not a value of type bool",
        ),
        (
            "---\n{{ Values.text }}",
            "4: a document must be an object (a mapping with apiVersion and kind), not a value of",
        ),
        # Jinja2.
        (
            "k: {{ Values.text",
            "3: is not a template: unexpected end of template, expected 'end of print statement'.",
        ),
        ("{% if 1 %}", "3: is not a template: Unexpected end of template."),
        ("{% zorg %}", "3: is not a template: Encountered unknown tag 'zorg'."),
        (
            "{% filter upper %}x{% endfilter %}",
            "3: is not a template: {% filter %} works on text, and a block is none",
        ),
        ("{% set a | upper %}x{% endset %}", "3: is not a template: {% set name | filter %} works on text"),
        (
            "{% autoescape true %}x{% endautoescape %}",
            "3: is not a template: {% autoescape %} has no meaning here",
        ),
        # A line with several expressions is shown as it is.
        ("k: {{ 1 }} {{ Values.no ~ 1 }}", "3 k: {{ 1 }} {{ Values.no ~ 1 }}: Values.no does not exist"),
        ("k: {% print 1, (2, Values.no), 3 %}", "3 {{ (2, Values.no) }}: Values.no does not exist"),
    ],
)
def test_messages(body, message):
    found = told(chart(body + "\n"))
    place = "demo/templates/a.yaml.j2" + ("" if message.startswith(": ") else ":")
    assert found.startswith(place + message)
    assert "\n" not in found
    assert "slot" not in found


@pytest.mark.parametrize(
    "use",
    [
        *[
            f"m() | {name}"
            for name in [
                "string",
                "list",
                "upper",
                "lower",
                "trim",
                "length",
                "first",
                "last",
                "join",
                "tojson",
                "toyaml",
                "int",
                "float",
                "abs",
                "round",
                "sum",
                "min",
                "max",
                "reverse",
                "sort",
                "title",
                "capitalize",
                "b64encode",
                "sha256",
                "urlencode",
                "required",
            ]
        ],
        *[
            f"[m()] | {use} | list"
            for use in ("map('string')", "map('upper')", "select('equalto', 'x')", "unique")
        ],
        "[m()] | join",
        "m() | trunc(1)",
        "m() | replace('x', 'y')",
        "'x' | replace('x', m())",
        "m() | batch(2) | list",
        "'%s' % m()",
        "'%s' | format(m())",
        "m() ~ 'x'",
        "'x' ~ m()",
        "m() + 'x'",
        "'x' + m()",
        "m() * 2",
        "m() % 1",
        "m() == 'x'",
        "m() != 'x'",
        "'x' == m()",
        "m() < 'x'",
        "'x' in m()",
        "m() in ['x']",
        "m() is eq 'x'",
        "m() is in ['x']",
        "not m()",
        "m() or 'x'",
        "m() and 'x'",
        "1 if m() else 2",
        "m()[0]",
        "m()['parts']",
        "[m()]",
        "{'a': m()}",
        "{m(): 1}",
        "range(m())",
        "fail(m())",
        "merge({'a': m()})",
        "m() | optional(empty=true)",
        "m() is iterable",
        "m() | default('x', true)",
        "Values[m()]",
        "m() ~ m()",
        "block ~ 'x'",
        "self.b() | upper",
    ],
)
def test_the_result_of_a_macro_can_only_be_output(use):
    body = f"{MACRO}{{% set block %}}x{{% endset %}}{{% block b %}}{{% endblock %}}k: {{{{ {use} }}}}\n"
    assert FRAGMENT in told(chart(body))


@pytest.mark.parametrize(
    "use",
    [
        "m().parts",
        "m().refuse",
        "m.name",
        "m.arguments",
        "m._func",
        "m.__globals__",
        "''.__class__",
        "().__class__",
        "Values.__class__",
        "Values.map.pop('k')",
        "Values.map.update({})",
        "Values.list.append(1)",
        "Values.list.sort()",
        "range.__init__",
        "namespace.__init__.__globals__",
        "fail.__globals__",
        "merge.__code__",
        "self.__class__",
        "'{0.__class__}'.format(1)",
        "'%s'.format_map({})",
        "omit.__class__",
        "self._TemplateReference__context",
        "Values.text.format(1)",
        "caller",
        "loop",
        "environment",
        "context",
        "dict",
        "lipsum",
        "cycler",
        "joiner",
        "m",
        "self",
        "Values",
        "omit.x",
        "[1] | map(attribute='__class__') | list",
        "'a'['__class__']",
    ],
)
def test_the_sandbox_holds(use):
    one = chart(f"{MACRO}k: {{{{ {use} }}}}x\n")
    values = {"text": "x", "map": {"k": 1}, "list": [2, 1]}
    told(one, values)
    assert values == {"text": "x", "map": {"k": 1}, "list": [2, 1]}


@pytest.mark.parametrize(
    "name",
    [
        "e",
        "escape",
        "forceescape",
        "pprint",
        "random",
        "urlize",
        "xmlattr",
        "striptags",
        "attr",
        "filesizeformat",
    ],
)
def test_filters_that_make_html_show_python_or_roll_dice_are_not_there(name):
    assert f"there is no filter '{name}'" in told(chart(f"k: {{{{ 'x' | {name} }}}}\n"))


def test_faults_inside_helpers_and_includes_are_placed_there():
    helpers = "{% macro m(x) %}\n\n{{ x.nmae }}{% endmacro %}"
    assert told(chart("k: {{ helpers.m(Values.deep.gateway) }}\n", helpers)) == (
        "demo/templates/_helpers.j2:3 {{ x.nmae }}: "
        "Values.deep.gateway.nmae does not exist; did you mean 'name'?"
    )
    assert told(chart("k: {{ helpers.n() }}\n", helpers)) == (
        "demo/templates/a.yaml.j2:3 {{ helpers.n() }}: helpers.n does not exist; known here: m"
    )
    assert told(chart("", "\n{% set a = Values.nope.x ~ 1 %}")).startswith(
        "demo/templates/_helpers.j2:2 {% set a = Values.nope.x ~ 1 %}: Values.nope does not exist"
    )


def test_each_template_that_fails_is_a_fault():
    found = told(chart("k: {{ Values.a }}\n", b=HEAD + "\nk: {{ Values.b }}\n", c=HEAD)).splitlines()
    assert [line.split(" ")[0] for line in found] == [
        "demo/templates/a.yaml.j2:3",
        "demo/templates/b.yaml.j2:4",
    ]


def test_a_helper_that_fails_in_each_template_is_one_fault():
    body = "k: {{ helpers.m() }}\n"
    assert (
        len(told(chart(body, "{% macro m() %}{{ Values.a }}{% endmacro %}", b=HEAD + body)).splitlines()) == 1
    )


def test_syntax_errors_of_two_templates_are_two_faults_at_the_first_render():
    one = Chart(Source("demo", {"a.yaml.j2": "{{", "b.yaml.j2": "\n{% x %}", "c.yaml.j2": "a: {{ 1 }}"}))
    with pytest.raises(ChartError) as caught:
        one.compile()
    assert [fault.subject for fault in caught.value.faults] == [
        "demo/templates/a.yaml.j2:1",
        "demo/templates/b.yaml.j2:2",
    ]


@pytest.mark.parametrize("where", ["", ".x", ".x.y"])
def test_values_that_contain_themselves_or_are_too_deep_are_refused(where):
    cyclic: dict = {"y": {}}
    cyclic["y"]["z"] = cyclic
    deep: dict = {}
    inner = deep
    for _ in range(2000):
        inner["a"] = inner = {}
    for value in (cyclic, {"y": deep}):
        message = told(chart(f"k: {{{{ Values{where} }}}}\n"), {"x": value})
        assert "a value is nested deeper than 100 levels, or contains itself" in message
        assert "Values.x.nope does not exist" in told(chart("k: {{ Values.x.nope }}\n"), {"x": value})


def test_a_macro_that_calls_itself_ends():
    assert "recursion" in told(chart("{% macro m() %}{{ m() }}{% endmacro %}k: {{ m() }}\n"))
