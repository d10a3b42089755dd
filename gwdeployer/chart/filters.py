"""The functions and filters that stand in scope in templates.

Not Jinja2's whole set: filters that make HTML (``escape``, ``urlize``), show Python (``pprint``) or roll
dice (``random``) are left out, and those that work on text take text, by the same rules as a slot inside a
longer scalar: ``{{ true | upper }}`` is ``TRUE``, ``{{ none | upper }}`` an error, never ``NONE``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from jinja2.filters import FILTERS as JINJA_FILTERS

from gwdeployer import documents
from gwdeployer.chart.data import (
    OMIT,
    Fragment,
    MissingValue,
    Omit,
    TemplateFailure,
    adopt,
    as_text,
    kind_of,
    refuse_special,
)

_LISTS = ("batch", "count", "first", "groupby", "last", "length", "list", "map", "max", "min", "reject")
_MORE_LISTS = ("rejectattr", "reverse", "select", "selectattr", "slice", "sort", "sum", "unique")
_OTHERS = ("abs", "d", "default", "dictsort", "round")


def optional(value: Any, empty: bool = False) -> Any:
    """Return the value, or ``omit`` where it is missing or null (with ``empty=true``: or empty, false, 0)."""
    if value is None or isinstance(value, MissingValue) or (empty and not value):
        return OMIT
    return value


def required(value: Any, message: str = "") -> Any:
    """Return the value; fail with ``message`` where it is missing, null or the empty string (as in Helm)."""
    if isinstance(value, Fragment):
        value.refuse()
    if value is None or isinstance(value, (MissingValue, Omit)) or (isinstance(value, str) and not value):
        raise TemplateFailure(message or "a required value is missing")
    return value


def fail(message: object) -> NoReturn:
    """Stop rendering with ``message``."""
    raise TemplateFailure(as_text(message))


def merge(*mappings: Any) -> dict[str, Any]:
    """Return the union of mappings; the first that has a key wins. Missing and null ones count as empty.

    Nothing is changed in place (Helm's ``merge`` writes into its first argument, a well-known trap).
    """
    result: dict[str, Any] = {}
    for mapping in reversed(mappings):
        if mapping.__class__ is not dict:
            if mapping is None or isinstance(mapping, (MissingValue, Omit)):
                continue
            if not isinstance(mapping, Mapping):
                raise TemplateFailure(f"merge takes mappings, not {kind_of(mapping)}")
        result.update(mapping)
    return result


def items(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return the pairs of a mapping; unlike Jinja2's, never nothing for a name that does not exist."""
    refuse_special(value)
    if not isinstance(value, Mapping):
        raise TemplateFailure(f"items takes a mapping, not {kind_of(value)}")
    return value.items()


def join(values: Any, separator: str = "", attribute: str | None = None) -> str:
    """Return the texts of a list, one after the other."""
    refuse_special(values)
    if not isinstance(values, (list, tuple)) and not hasattr(values, "__next__"):
        raise TemplateFailure(f"join takes a list, not {kind_of(values)}")
    if attribute is not None:
        raise TemplateFailure("join takes no attribute; write | map(attribute=…) | join")
    return as_text(separator).join([as_text(value) for value in values])


def formatted(template: Any, values: Any) -> str:
    """Return ``template % values``; texts and booleans as they read in a document."""
    given = values if isinstance(values, tuple) else (values,)
    texts = [value if _is_number(value) else as_text(value) for value in given]
    try:
        return as_text(template) % tuple(texts)
    except (TypeError, ValueError) as error:
        raise TemplateFailure(f"cannot be formatted: {error}") from None


def number(value: Any, default: Any, kind: Callable[[Any], int | float], name: str) -> Any:
    """Return ``kind(value)``; unlike Jinja2's, never 0 for what is no number."""
    refuse_special(value)
    try:
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        if default is not None:
            return default
    shown = documents.quote(value[:40]) if isinstance(value, str) else kind_of(value)
    raise TemplateFailure(f"{shown} is not {name}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text_filter(function: Callable[..., str]) -> Callable[..., str]:
    """Return a filter whose value and text arguments are taken as text."""

    def on_text(value: Any, *arguments: Any, **options: Any) -> str:
        texts = [argument if _is_number(argument) else as_text(argument) for argument in arguments]
        return function(as_text(value), *texts, **options)

    return on_text


def _trunc(text: str, length: int) -> str:
    return text[:length] if length >= 0 else text[length:]


def _b64decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise TemplateFailure("b64decode takes base64 of UTF-8 text") from None


def _to_json(value: Any) -> str:
    return json.dumps(adopt(value), ensure_ascii=False, separators=(",", ":"))


def _to_yaml(value: Any) -> str:
    return documents.dump(adopt(value))


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: JINJA_FILTERS[name] for name in (*_LISTS, *_MORE_LISTS, *_OTHERS)},
    "optional": optional,
    "required": required,
    "string": as_text,
    "safe": as_text,  # nothing is ever escaped, so nothing is more or less safe
    "items": items,
    "join": join,
    "tojson": _to_json,
    "toyaml": _to_yaml,
    "format": lambda template, *values: formatted(template, values),
    "int": lambda value, default=None: number(value, default, int, "a whole number"),
    "float": lambda value, default=None: number(value, default, float, "a number"),
    "upper": _text_filter(str.upper),
    "lower": _text_filter(str.lower),
    "capitalize": _text_filter(str.capitalize),
    "title": _text_filter(JINJA_FILTERS["title"]),
    "trim": _text_filter(str.strip),
    "replace": _text_filter(str.replace),
    "trunc": _text_filter(_trunc),
    "urlencode": _text_filter(JINJA_FILTERS["urlencode"]),
    "b64encode": _text_filter(lambda text: base64.b64encode(text.encode()).decode()),
    "b64decode": _text_filter(_b64decode),
    "sha256": _text_filter(lambda text: hashlib.sha256(text.encode()).hexdigest()),
}

SCOPE: dict[str, Any] = {"omit": OMIT, "merge": merge, "fail": fail}
