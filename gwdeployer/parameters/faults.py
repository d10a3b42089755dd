"""From pydantic's errors to faults: one for each real problem, in the words of whoever wrote the YAML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gwdeployer.errors import Fault, nearest, one_line, shown
from gwdeployer.parameters.constraints import alias_of
from gwdeployer.parameters.policies import model_in

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_PLAIN_KEY = r"[A-Za-z_$][A-Za-z0-9_$-]*"
_MAX_KEY = 256
_MAX_BITS = 1000
_KEY = "[key]"  # how pydantic's loc says that a map's key is meant, not its value
_DIGITS = r"[+-]?[0-9]{1,19}"


def path_text(path: Sequence[str | int], start: str = "") -> str:
    """Return a path as people write it: ``spec.kube.service.ports[0].port``, ``labels[example.com/a]``."""
    text = start
    for part in path:
        if isinstance(part, str) and re.fullmatch(_PLAIN_KEY, part):
            text += f".{part}" if text else part
        else:
            text += f"[{one_line(str(part), _MAX_KEY)}]"
    return text


def faults_of(error: ValidationError, model: type[BaseModel], start: str = "") -> list[Fault]:
    """Return every fault; ``start`` is where the validated value stands (``spec``) and begins each path."""
    details = error.errors(include_url=False)
    return [fault for detail in details for fault in _faults(detail, model, start)]


def _faults(detail: ErrorDetails, model: type[BaseModel], start: str) -> Iterator[Fault]:
    """Yield the faults a validator listed, or the one pydantic found."""
    path = path_text([part for part in detail["loc"] if part != _KEY], start)
    listed = detail.get("ctx", {}).get("faults")
    if listed is None:
        yield _fault(detail, model, path)
        return
    for fault in listed:
        yield replace(fault, path=_joined(path, fault.path))


def _joined(path: str, inner: str) -> str:
    return f"{path}.{inner}" if path and inner and not inner.startswith("[") else path + inner


def _fault(detail: ErrorDetails, model: type[BaseModel], path: str) -> Fault:
    kind, loc = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        name = str(loc[-1])
        hint = nearest(name[:_MAX_KEY], _fields_at(model, loc[:-1]))
        return Fault(f"unknown field {shown(name)}", path, hint=hint)
    if kind == "missing":
        return Fault("required field is missing", path, hint=f"set {str(loc[-1])!r}")
    if kind == "invalid_key" or (loc and loc[-1] == _KEY):
        found = _shown(loc[-1]) if kind == "invalid_key" else _found(detail)
        return Fault(f"the key must be a string, not {found}", path, hint="write it in quotes")
    if kind in _WANTED:
        return Fault(
            f"must be {_WANTED[kind]}, not {_found(detail)}", path, hint=_hint(kind, detail["input"])
        )
    told = _TOLD.get(kind)
    return Fault(told(detail.get("ctx", {}), detail["input"]) if told else one_line(detail["msg"]), path)


_WANTED = {
    "bool_type": "a boolean",
    "dict_type": "a mapping",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "an integer",
    "list_type": "a list",
    "model_type": "a mapping",
    "string_type": "a string",
}


def _shown(value: object) -> str:
    """Show a value; Python refuses to print integers of some thousand digits."""
    enormous = isinstance(value, int) and value.bit_length() > _MAX_BITS
    return "an enormous number" if enormous else shown(value)


def _bound(value: object) -> object:
    """A bound of a float is a float: 1.0. People wrote 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _at_least(context: Mapping[str, Any], value: object) -> str:
    return f"must be at least {_bound(context['ge'])}, is {_shown(value)}"


def _at_most(context: Mapping[str, Any], value: object) -> str:
    return f"must be at most {_bound(context['le'])}, is {_shown(value)}"


def _one_of(context: Mapping[str, Any], value: object) -> str:
    return f"must be {context['expected']}, is {_shown(value)}"


def _too_short(context: Mapping[str, Any], value: Any) -> str:
    if context["min_length"] == 1:
        return "must not be empty"
    what = "characters" if isinstance(value, str) else "items"
    return f"must have at least {context['min_length']} {what}, has {len(value)}"


def _too_long(context: Mapping[str, Any], value: Any) -> str:
    what = "characters" if isinstance(value, str) else "items"
    return f"must have at most {context['max_length']} {what}, has {len(value)}"


def _mismatch(context: Mapping[str, Any], value: object) -> str:
    return f"must match {context['pattern']}, is {_shown(value)}"


_TOLD: dict[str, Callable[[Mapping[str, Any], Any], str]] = {
    "greater_than_equal": _at_least,
    "less_than_equal": _at_most,
    "literal_error": _one_of,
    "string_pattern_mismatch": _mismatch,
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "too_long": _too_long,
    "too_short": _too_short,
}


def _found(detail: ErrorDetails) -> str:
    """Name what is there. A string is quoted only where none belongs: it may be a password elsewhere."""
    value = detail["input"]
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else _shown(value)


def _hint(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return "write it in quotes"
    if kind == "int_type" and isinstance(value, str) and re.fullmatch(_DIGITS, value):
        return f"write {value} without quotes"
    if kind == "bool_type" and value in ("true", "false"):
        return f"write {value} without quotes"
    return "begin each item with '- '" if kind == "list_type" else ""


def _fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Return the fields that are known at a place; none where the place is not a model's."""
    found: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, str):
            found = _member(found, part) if found else None
    return [alias_of(name, info) for name, info in found.model_fields.items()] if found else []


def _member(model: type[BaseModel], alias: str) -> type[BaseModel] | None:
    """Return the model of a field, or of its items."""
    for name, info in model.model_fields.items():
        if alias_of(name, info) == alias:
            return model_in(info.annotation, items=True)
    return None
