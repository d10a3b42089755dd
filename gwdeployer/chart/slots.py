"""Templates whose expressions leave slots instead of text: the half of the engine that knows Jinja2.

A template of a chart does not produce text. Its compiled form yields, in order, what makes up the rendered
document: an ``int`` for a piece of static text, and a pair ``(site, value)`` for each ``{{ expression }}``.
Nothing here ever turns a value into template text, so no value can change the structure of a document:

* constants are not folded into the text around them (``{{ "a: b" }}`` is a slot like any other);
* the result of a macro, ``caller()`` or a ``{% set %}`` block is an opaque fragment of such parts (see
  :mod:`gwdeployer.chart.data`): it can be output, and nothing else;
* ``Markup`` and ``|safe`` values are strings like any other.

Pieces and sites share one numbering per chart, so the sequence of numbers a render leaves behind (its
*shape*) names the control flow that was taken, and nothing of the values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

_NO_ELSE = "the condition is false and there is no else; write … else omit"


class Site(NamedTuple):
    """A place in a template: an expression between braces, with its source text."""

    template: str
    line: int
    text: str


class Piece(Site):
    """A site that is static text, told from expressions by its type."""


class Line(Site):
    """A whole line of a template, where no single expression can be named."""


class SlotCodeGenerator(CodeGenerator):
    """Jinja2's code generator, but outputs are sites: see the module's description."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> Any:
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return Piece(self.name or "", node.lineno, node.data)

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        pieces: list[Piece] = list(group)
        return repr(self._register(pieces[0]._replace(text="".join(piece.text for piece in pieces))))

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        text = getattr(node, "source_text", "")
        self.write(f"({self._register(Site(self.name or '', node.lineno, text))}, ")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")

    def visit_CondExpr(self, node: nodes.CondExpr, frame: Frame) -> None:  # noqa: N802 - named by Jinja2
        """Make ``a if b`` without an else a missing value; Jinja2's own would be taken for empty text."""
        self.write("(")
        self.visit(node.expr1, frame)
        self.write(" if ")
        self.visit(node.test, frame)
        self.write(" else ")
        if node.expr2 is None:
            self.write(f"undefined({_NO_ELSE!r})")
        else:
            self.visit(node.expr2, frame)
        self.write(")")

    def visit_CallBlock(self, node: nodes.CallBlock, frame: Frame) -> None:  # noqa: N802 - named by Jinja2
        """Output what ``{% call %}`` calls as a slot, like any other expression."""
        call_frame, macro = self.macro_body(node, frame)
        self.writeline("caller = ")
        self.macro_def(macro, call_frame)
        self.start_write(frame, node)
        self.write(f"({self._register(Site(self.name or '', node.lineno, 'call'))}, ")
        self.visit_Call(node.call, frame, forward_caller=True)
        self.write(")")
        self.end_write(frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - named by Jinja2
        """Join with ``~`` as slots inside a longer scalar are joined, without folding constants."""
        self.write("environment.join_text((")
        for child in node.nodes:
            self.visit(child, frame)
            self.write(", ")
        self.write("))")

    def _register(self, site: Site) -> int:
        sites: list[Site] = self.environment.sites  # type: ignore[attr-defined]
        sites.append(site)
        return len(sites) - 1


def descendants(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the nodes below a node in the order of the source (``find_all``, in a third of the time)."""
    for name in tree.fields:
        value = getattr(tree, name, None)
        if isinstance(value, nodes.Node):
            yield value
            yield from descendants(value)
        elif value.__class__ is list:
            for item in value:
                if isinstance(item, nodes.Node):
                    yield item
                    yield from descendants(item)


def name_outputs(output: nodes.Output, texts: Iterator[str]) -> None:
    """Write the text of each ``{{ expression }}`` onto its node, for messages and provenance."""
    for child in output.nodes:
        if not isinstance(child, nodes.TemplateData):
            child.source_text = next(texts, "")  # type: ignore[attr-defined]


def expression_texts(tokens: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    """Yield the text of each ``{{ … }}``, and of each expression of ``{% print … %}``, which outputs too."""
    texts: list[str] = []
    for _, kind, value in tokens:
        if kind in ("variable_begin", "block_begin"):
            texts = []
        elif kind == "variable_end":
            yield _one_line("".join(texts))
        elif kind == "block_end" and "".join(texts).split()[:1] == ["print"]:
            yield from _printed(texts)
        else:
            texts.append(value)


def _printed(texts: list[str]) -> Iterator[str]:
    """Yield the expressions of a print statement, separated by the commas outside brackets."""
    depth, start = 0, 0
    for position, text in enumerate(texts):
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
        if text == "," and depth == 0:
            yield _one_line("".join(texts[start:position]).replace("print", "", 1))
            start = position + 1
    yield _one_line("".join(texts[start:]).replace("print", "", int(start == 0)))


def _one_line(text: str) -> str:
    return " ".join(text.split())
