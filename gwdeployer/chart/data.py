"""What a value in a template may be: JSON data, or one of four things that only templates know.

``omit`` takes its key or item with it, a *missing value* stands for a name that does not exist, a *fragment*
is the result of a macro: none of them ever becomes data or text without an error. A *blank* stands for a text
where templates are run to find out what they do with it.
"""

from __future__ import annotations

import math
from collections.abc import Generator, ItemsView, Iterable, KeysView, Mapping, ValuesView
from typing import Any, NoReturn

import jinja2
from jinja2 import StrictUndefined
from jinja2.utils import missing

#: Deepest nesting of a value; real manifests stay below 30.
MAX_DEPTH = 100

#: Types that are JSON data as they are. Floats are not all: infinities and NaN are refused.
PLAIN = frozenset((str, int, bool, type(None)))


class TemplateFailure(Exception):  # noqa: N818 - becomes a ChartError once the place is known
    """A template called ``fail`` or ``required``, or used a value in a way that has no meaning."""


class FragmentError(TemplateFailure):
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
        """Hold the parts in order: ints, (site, value) pairs and fragments."""
        self.parts = tuple(parts)

    def __repr__(self) -> str:
        """Say what it is, not what it holds."""
        return "<result of a macro>"

    def refuse(self, *_: object) -> NoReturn:
        """Raise the error that any use of a fragment raises."""
        raise FragmentError(
            "the result of a macro (or of a set block) is part of the document, not a value: it can only be "
            "output; compute values with {% set name = expression %}"
        )

    __str__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __hash__ = refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __format__ = refuse
    __html__ = __int__ = __float__ = __index__ = __abs__ = __round__ = __reversed__ = refuse


class BlankError(Exception):
    """A template has looked at a text, and what it made of it holds for that text alone."""


class Blank:
    """Stands for a text that is not empty, or for several with texts between them: see ``chart.forms``.

    It can be output, joined, and asked whether it is there.
    """

    __slots__ = ("parts",)

    def __init__(self, *parts: str | int) -> None:
        """``parts`` are texts, and the numbers of those that are to be filled in."""
        self.parts = parts

    def __repr__(self) -> str:
        """Say what it is."""
        return "<blank>"

    def __bool__(self) -> bool:
        """Be true, as a text is that is not empty."""
        return True

    def refuse(self, *_: object) -> NoReturn:
        """Raise the error that any other use raises."""
        raise BlankError

    __str__ = __len__ = __iter__ = __getitem__ = __contains__ = __hash__ = refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __format__ = refuse
    __html__ = __int__ = __float__ = __index__ = __abs__ = __round__ = __reversed__ = refuse


class MissingValue(StrictUndefined):
    """A name or key that does not exist. Only ``optional``, ``default`` and ``is defined`` accept it.

    Looking further into it (``missing.b.c``) stays missing, so that chains can be given a default; any
    other use raises, and the message can name the whole path.
    """

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = None
    ) -> None:
        """As Jinja2 calls it (often, so without its superclass)."""
        self._undefined_hint = hint
        self._undefined_obj = obj
        self._undefined_name = name

    def _undefined_exception(self, _: object = None) -> MissingValueError:  # type: ignore[override]
        """Stand for the exception's class, which Jinja2 calls and raises on any use."""
        return MissingValueError(self)

    @property
    def place(self) -> tuple[Any, str]:
        """Return the object looked into (``jinja2.utils.missing`` for the scope) and the key not found."""
        return self._undefined_obj, str(self._undefined_name)

    @property
    def said(self) -> str:
        """Return why it is missing, where Jinja2 said so (a macro's parameter, an unsafe attribute)."""
        return self._undefined_hint or ""

    def use(self) -> NoReturn:
        """Raise the error that any use of a missing value raises."""
        raise MissingValueError(self)


class MissingValueError(jinja2.UndefinedError):
    """A missing value was used; ``value`` knows where it was looked for."""

    def __init__(self, value: MissingValue) -> None:
        """Keep the missing value for the message."""
        super().__init__(f"{value.place[1]!r} is not defined")
        self.value = value


def as_text(value: Any) -> str:
    """Return a scalar as it reads inside a longer one: ``true``, ``8080``, the string itself.

    Raises TemplateFailure for what has no such form (mappings, lists, null, ``omit``); missing values raise.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        return repr(adopt(value))
    refuse_special(value)
    raise TemplateFailure(f"{kind_of(value)} cannot be part of a longer text")


def adopt(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value as JSON data of its own, or raise what is wrong with it.

    Mappings become dicts, tuples lists, subclasses of str plain strings; ``omit`` drops its key or item.
    Raises TemplateFailure for other types, and MissingValueError for missing values.
    """
    kind = value.__class__
    if kind in PLAIN:
        return value
    if depth < 0:
        raise TemplateFailure(f"a value is nested deeper than {MAX_DEPTH} levels, or contains itself")
    if kind is dict or isinstance(value, Mapping):
        return {
            key if key.__class__ is str else _key(key): item
            if item.__class__ in PLAIN
            else adopt(item, depth - 1)
            for key, item in value.items()
            if item is not OMIT
        }
    if isinstance(value, (list, tuple)):
        return [adopt(item, depth - 1) for item in value if item is not OMIT]
    return _adopted_scalar(value)


def _adopted_scalar(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float.__float__(value)
        raise TemplateFailure(f"the number {float.__repr__(value)} is not data")
    if isinstance(value, Blank):
        return value
    refuse_special(value)
    hint = "; add | list" if isinstance(value, (range, Generator, ItemsView, KeysView, ValuesView)) else ""
    raise TemplateFailure(f"{kind_of(value)} is not data{hint}")


def refuse_special(value: Any) -> None:
    """Raise for the two things that no function may take for a value: missing values and fragments."""
    if isinstance(value, MissingValue):
        value.use()
    if isinstance(value, Fragment):
        value.refuse()


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise TemplateFailure(f"{kind_of(key)} cannot be a key")


def kind_of(value: Any) -> str:
    """Return what a value is, in a chart author's words."""
    if value is None:
        return "null"
    if isinstance(value, Omit):
        return "omit"
    if isinstance(value, Fragment):
        return "the result of a macro"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a value of type {type(value).__name__}"
