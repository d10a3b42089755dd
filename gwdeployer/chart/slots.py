"""Templates whose expressions leave slots instead of text: the half of the engine that knows Jinja2.

A template of a chart does not produce text. Its compiled form yields, in order, what makes up the rendered
document: an ``int`` for a piece of static text, and a pair ``(site, value)`` for each ``{{ expression }}``.
Nothing here ever turns a value into template text, so no value can change the structure of a document:

* constants are not folded into the text around them (``{{ "a: b" }}`` is a slot like any other);
* the result of a macro, ``caller()`` or a ``{% set %}`` block is an opaque :class:`Fragment` of such parts:
  it can be output, and nothing else;
* ``Markup`` and ``|safe`` values are strings like any other.

Pieces and sites share one numbering per chart, so the sequence of numbers a render leaves behind (its
*shape*) names the control flow that was taken, and nothing of the values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, NoReturn

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeVisitor


class Site(NamedTuple):
    """A place in a template: an expression between braces, with its source text."""

    template: str
    line: int
    text: str


class Piece(Site):
    """A site that is static text, told from expressions by its type."""


class Line(Site):
    """A whole line of a template, where no single expression can be named."""


class FragmentError(TypeError):
    """The result of a macro was used otherwise than by being output."""


class Omit:
    """The value that takes its key or list item with it; there is one, :data:`OMIT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the name under which templates know it."""
        return "omit"

    def __bool__(self) -> bool:
        """Be false, so that ``{% if x | optional %}`` reads as it should."""
        return False


OMIT = Omit()


class Fragment:
    """The result of a macro, call block or ``{% set %}`` block: parts of a document, not a value.

    Comparing, joining, measuring, iterating or filtering it would expose it as text, so all of these raise.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Iterable[Any]) -> None:
        """Hold the parts in order: ints and (site, value) pairs."""
        self.parts = tuple(parts)

    def __repr__(self) -> str:
        """Say what it is, not what it holds."""
        return "<result of a macro>"

    def _refuse(self, *_: object) -> NoReturn:
        raise FragmentError(
            "the result of a macro (or of a set block) is part of the document, not a value: it can only be "
            "output; compute values with {% set name = expression %}"
        )

    __str__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __hash__ = _refuse  # type: ignore[assignment]
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse  # type: ignore[assignment]
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __format__ = _refuse  # type: ignore[assignment]
    __html__ = __call__ = __int__ = __float__ = __index__ = _refuse


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

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
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


class _OutputTexts(NodeVisitor):
    """Gives each output expression of a syntax tree its source text, in the order of the source."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts

    def visit_Output(self, node: nodes.Output) -> None:
        for child in node.nodes:
            if not isinstance(child, nodes.TemplateData):
                child.source_text = next(self._texts, "")  # type: ignore[attr-defined]
            self.generic_visit(child)


def name_outputs(tree: nodes.Template, tokens: Iterable[tuple[int, str, str]]) -> None:
    """Write the text of each ``{{ expression }}`` onto its node, for messages and provenance."""
    _OutputTexts(_expression_texts(tokens)).visit(tree)


def _expression_texts(tokens: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    """Yield the text of each ``{{ … }}``, and of each ``{% print … %}``, which outputs too."""
    text: list[str] = []
    for _, kind, value in tokens:
        if kind in ("variable_begin", "block_begin"):
            text = []
        elif kind == "variable_end" or (kind == "block_end" and _words(text)[:1] == ["print"]):
            yield " ".join(_words(text))
        else:
            text.append(value)


def _words(text: list[str]) -> list[str]:
    return "".join(text).split()
