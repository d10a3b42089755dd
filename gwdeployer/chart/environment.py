"""The sandbox in which a chart's templates are compiled, and what stands in scope there.

Strict where Helm is lenient: a name that does not exist is an error with its path, not an empty string.
Lenient where Helm authors need it: ``Values.a.b | optional`` and ``| default(x)`` work though ``a`` is missing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import jinja2
from jinja2 import StrictUndefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from gwdeployer import documents
from gwdeployer.chart.slots import OMIT, Fragment, Omit, SlotCodeGenerator, Site, name_outputs


class ChartFailure(Exception):
    """A template called ``fail`` or ``required``, or used a value in a way that has no meaning."""


class MissingValue(StrictUndefined):
    """A name or key that does not exist. Only ``optional``, ``default`` and ``is defined`` accept it.

    Looking further into it (``missing.b.c``) stays missing, so that chains can be given a default; any
    other use raises, and the message can name the whole path.
    """

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Any = None,
    ) -> None:
        """As Jinja2 calls it (often, so without its superclass); whatever use is made of it, `use` raises."""
        self._undefined_hint = hint
        self._undefined_obj = obj
        self._undefined_name = name
        self._undefined_exception = self._error

    def _error(self, _: object = None) -> MissingValueError:  # type: ignore[override]
        return MissingValueError(self)

    def further(self) -> MissingValue:
        """Return what ``missing.name`` is: missing, for the same reason."""
        return self

    @property
    def place(self) -> tuple[Any, str]:
        """Return the object looked into (``jinja2.utils.missing`` for the scope) and the key not found."""
        return self._undefined_obj, str(self._undefined_name)

    def use(self) -> NoReturn:
        """Raise the error that any use of a missing value raises."""
        raise self._error()


class MissingValueError(jinja2.UndefinedError):
    """A missing value was used; ``value`` knows where it was looked for."""

    def __init__(self, value: MissingValue) -> None:
        """Keep the missing value for the message."""
        super().__init__(f"{value.place[1]!r} is not defined")
        self.value = value


class ChartEnvironment(ImmutableSandboxedEnvironment):
    """A Jinja2 environment whose templates yield pieces and slots (see :mod:`gwdeployer.chart.slots`)."""

    code_generator_class = SlotCodeGenerator
    concat = staticmethod(Fragment)  # type: ignore[assignment]

    def __init__(self, templates: Mapping[str, str]) -> None:
        """Know the templates by their path in the chart's ``templates`` folder."""
        super().__init__(
            loader=jinja2.DictLoader(dict(templates)),
            undefined=MissingValue,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,  # folding constants would join them by Python's rules, not ours
            auto_reload=False,
            cache_size=-1,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        self.sites: list[Site] = []
        self.globals = {**SCOPE, "range": self.globals["range"], "namespace": self.globals["namespace"]}
        self.filters.update(FILTERS)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        name_outputs(tree, self.lex(source, name, filename))
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look for the key first: ``Values.items`` is the key ``items``, not a method."""
        if obj.__class__ is dict:
            value = obj.get(attribute, _ABSENT)
            return self._absent(obj, attribute) if value is _ABSENT else value
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, MissingValue):
            return obj.further()
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up an item; never an attribute of the same name."""
        if isinstance(obj, MissingValue):
            return obj.further()
        try:
            return obj[argument]
        except (KeyError, IndexError, TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)

    def _absent(self, obj: dict[str, Any], attribute: str) -> Any:
        if attribute in _MAPPING_METHODS:
            return super().getattr(obj, attribute)
        return MissingValue(None, obj, attribute)

    def join_text(self, values: Iterable[Any]) -> str:
        """Join values as they are joined inside a longer scalar (the operator ``~``)."""
        return "".join([as_text(value) for value in values])


_ABSENT = object()
_MAPPING_METHODS = frozenset({"items", "keys", "values", "get"})


def as_text(value: Any) -> str:
    """Return a scalar as it reads inside a longer one: ``true``, ``8080``, the string itself.

    Raises ChartFailure for what has no such form (mappings, lists, null, ``omit``); missing values raise.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, MissingValue):
        value.use()
    if isinstance(value, Fragment):
        str(value)
    raise ChartFailure(f"{kind_of(value)} cannot be part of a longer text")


def kind_of(value: Any) -> str:
    """Return what a value is, in a chart author's words."""
    if value is None:
        return "null"
    if isinstance(value, Omit):
        return "omit"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"a value of type {type(value).__name__}"


def optional(value: Any, empty: bool = False) -> Any:
    """Return the value, or ``omit`` where it is missing or null (with ``empty=true``: or empty, false, 0)."""
    if value is None or isinstance(value, MissingValue) or (empty and not value):
        return OMIT
    return value


def required(value: Any, message: str = "") -> Any:
    """Return the value; fail with ``message`` where it is missing, null or the empty string (as in Helm)."""
    if value is None or isinstance(value, MissingValue) or value == "":
        raise ChartFailure(message or "a required value is missing")
    return value


def fail(message: object) -> NoReturn:
    """Stop rendering with ``message``."""
    raise ChartFailure(as_text(message))


def merge(*mappings: Any) -> dict[str, Any]:
    """Return the union of mappings; the first that has a key wins. Missing and null ones count as empty.

    Nothing is changed in place (Helm's ``merge`` writes into its first argument, a well-known trap).
    """
    result: dict[str, Any] = {}
    for mapping in reversed(mappings):
        if mapping is None or isinstance(mapping, (MissingValue, Omit)):
            continue
        if not isinstance(mapping, Mapping):
            raise ChartFailure(f"merge takes mappings, not {kind_of(mapping)}")
        result.update(mapping)
    return result


def _text_filter(function: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: function(as_text(value))


def _join(values: Any, separator: str = "") -> str:
    if isinstance(values, (str, MissingValue, Fragment)):
        raise ChartFailure(f"join takes a list, not {kind_of(values)}")
    return separator.join([as_text(value) for value in values])


def _trunc(value: Any, length: int) -> str:
    text = as_text(value)
    return text[:length] if length >= 0 else text[length:]


def _to_json(value: Any) -> str:
    if isinstance(value, (MissingValue, Fragment)):
        as_text(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _to_yaml(value: Any) -> str:
    if isinstance(value, (MissingValue, Fragment)):
        as_text(value)
    return documents.dump(value)


FILTERS: dict[str, Callable[..., Any]] = {
    "optional": optional,
    "required": required,
    "string": as_text,
    "join": _join,
    "tojson": _to_json,
    "toyaml": _to_yaml,
    "trunc": _trunc,
    "b64encode": _text_filter(lambda text: base64.b64encode(text.encode()).decode()),
    "b64decode": _text_filter(lambda text: base64.b64decode(text).decode()),
    "sha256": _text_filter(lambda text: hashlib.sha256(text.encode()).hexdigest()),
}

SCOPE: dict[str, Any] = {"omit": OMIT, "merge": merge, "fail": fail}
