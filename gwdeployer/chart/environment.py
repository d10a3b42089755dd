"""The sandbox in which a chart's templates are compiled.

Strict where Helm is lenient: a name that does not exist is an error with its path, not an empty string.
Lenient where Helm authors need it: ``Values.a.b | optional`` and ``| default(x)`` work without ``Values.a``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.lexer import TokenStream
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gwdeployer.chart.data import Fragment, MissingValue, as_text, refuse_special
from gwdeployer.chart.filters import FILTERS, SCOPE, formatted, merge
from gwdeployer.chart.slots import Site, SlotCodeGenerator, descendants, expression_texts, name_outputs
from gwdeployer.errors import nearest

_ABSENT = object()
_MAPPING_METHODS = frozenset({"items", "keys", "values", "get"})
# Jinja2's tests that speak of HTML or of what the environment holds.
_DROPPED_TESTS = frozenset({"escaped", "filter", "test"})

_REFUSED: dict[type[nodes.Node], str] = {
    nodes.FilterBlock: "{% filter %} works on text, and a block is none; write {{ expression | filter }}",
    nodes.AssignBlock: "{% set name | filter %} works on text, and a block is none; filter an expression",
    nodes.ScopedEvalContextModifier: "{% autoescape %} has no meaning here: nothing is ever escaped",
}


class ChartEnvironment(ImmutableSandboxedEnvironment):
    """A Jinja2 environment whose templates yield pieces and slots (see :mod:`gwdeployer.chart.slots`)."""

    code_generator_class = SlotCodeGenerator
    concat = staticmethod(Fragment)  # type: ignore[assignment]
    intercepted_binops = frozenset({"+", "%"})

    def __init__(
        self,
        templates: Mapping[str, str],
        codes: jinja2.BytecodeCache | None = None,
        sites: Iterable[Site] = (),
    ) -> None:
        """Know the templates by their path in the chart's ``templates`` folder.

        ``codes`` are those compiled before, ``sites`` what they refer to.
        """
        super().__init__(
            loader=jinja2.DictLoader(dict(templates)),
            undefined=MissingValue,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,  # folding constants would join them by Python's rules, not ours
            auto_reload=False,
            cache_size=-1,
            bytecode_cache=codes,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self.sites: list[Site] = list(sites)
        self.globals = {**SCOPE, "range": self.globals["range"], "namespace": self.globals["namespace"]}
        self.filters = dict(FILTERS)
        self.tests = {name: test for name, test in self.tests.items() if name not in _DROPPED_TESTS}

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """Keep the tokens, which still have the expressions' text when the syntax tree has it no more."""
        self._tokens = list(
            self.lexer.tokeniter(self.preprocess(source, name, filename), name, filename, state)
        )
        return TokenStream(self.lexer.wrap(self._tokens, name, filename), name, filename)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        texts = expression_texts(self._tokens)
        for node in descendants(tree):
            if isinstance(node, nodes.Output):
                name_outputs(node, texts)
            else:
                self._check(node, name)
        return tree

    def _check(self, node: nodes.Node, template: str | None) -> None:
        """Refuse what has no meaning here, and what does not exist, also where a render may never come by."""
        if isinstance(node, nodes.Filter):
            _check_name("filter", node, self.filters, template)
        elif isinstance(node, nodes.Test):
            _check_name("test", node, self.tests, template)
        elif isinstance(node, (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            self._check_template(node, template)
        elif isinstance(node, (nodes.FilterBlock, nodes.AssignBlock, nodes.ScopedEvalContextModifier)):
            reason = _REFUSED.get(type(node), "")
            if reason and getattr(node, "filter", True) is not None:
                raise jinja2.TemplateSyntaxError(reason, node.lineno, template)

    def _check_template(self, node: Any, template: str | None) -> None:
        if not isinstance(node.template, nodes.Const) or getattr(node, "ignore_missing", False):
            return
        names = node.template.value if isinstance(node.template.value, tuple) else (node.template.value,)
        known = self.list_templates()
        if not set(names) & set(known):
            raise _no_such("template", names[0], nearest(str(names[0]), known), node.lineno, template)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look for the key first: ``Values.items`` is the key ``items``, not a method."""
        if obj.__class__ is dict:
            value = obj.get(attribute, _ABSENT)
            if value is not _ABSENT:
                return value
            if attribute not in _MAPPING_METHODS:
                return MissingValue(None, obj, attribute)
            return super().getattr(obj, attribute)
        if isinstance(obj, MissingValue):
            return obj
        if isinstance(obj, Mapping):
            return self._of_mapping(obj, attribute)
        return super().getattr(_plain(obj), attribute)

    def _of_mapping(self, obj: Mapping[str, Any], attribute: str) -> Any:
        if attribute in obj:
            return obj[attribute]
        if attribute in _MAPPING_METHODS:
            return super().getattr(obj, attribute)
        return MissingValue(None, obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up an item; never an attribute of the same name."""
        if isinstance(obj, MissingValue):
            return obj
        refuse_special(argument)
        try:
            return obj[argument]
        except (LookupError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Show nothing of fragments and macros; ``str.format`` writes Python's words, so ``%`` stands in."""
        if isinstance(obj, (Fragment, Macro)):
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Any:
        """Refuse ``str.format`` where it is looked up (Jinja2 asks before `is_safe_attribute`)."""
        if super().wrap_str_format(value) is None:
            return None
        return self.undefined(
            'format writes values as Python does; write "…%s" % value, or a ~ b', name="format"
        )

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function or macro; the two most frequent without Jinja2's long way round."""
        if obj.__class__ is Macro or obj is merge:
            return obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Add and format text as text, whatever class of strings it is."""
        if operator == "%" and isinstance(left, str):
            return formatted(left, right)
        return super().call_binop(context, operator, _plain(left), _plain(right))

    def join_text(self, values: Iterable[Any]) -> str:
        """Join values as they are joined inside a longer scalar (the operator ``~``)."""
        return "".join([as_text(value) for value in values])


def _plain(value: Any) -> Any:
    """Return a string without the manners of its class (``Markup`` escapes what it is joined with)."""
    return str.__str__(value) if isinstance(value, str) else value


def _check_name(
    word: str, use: nodes.Filter | nodes.Test, known: Mapping[str, Any], template: str | None
) -> None:
    if use.name not in known:
        raise _no_such(word, use.name, nearest(use.name, known), use.lineno, template)


def _no_such(word: str, name: Any, hint: str, line: int, template: str | None) -> jinja2.TemplateSyntaxError:
    return jinja2.TemplateSyntaxError(
        f"there is no {word} {name!r}{'; ' + hint if hint else ''}", line, template
    )
