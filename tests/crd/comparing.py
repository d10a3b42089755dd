"""Where two structural schemas part: field by field, keyword by keyword, as an API server would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Words for people, and keywords that another one says for us.
IGNORED = {"description", "title"}
LIST_TYPE = "x-kubernetes-list-type"


def differences(
    ours: dict[str, Any], theirs: dict[str, Any], path: str = "spec"
) -> Iterator[tuple[str, str]]:
    """Yield path and difference: ``only ours``, ``only theirs``, or ``keyword: our value, not theirs``."""
    for name in sorted(keyword_names(ours) | keyword_names(theirs)):
        our, their = normal(ours, name), normal(theirs, name)
        if our != their:
            yield path, f"{name}: {our}, not {their}"
    our_fields, their_fields = ours.get("properties", {}), theirs.get("properties", {})
    for name in sorted(our_fields.keys() | their_fields.keys()):
        place = f"{path}.{name}"
        if name not in their_fields or name not in our_fields:
            yield place, "only ours" if name in our_fields else "only theirs"
        else:
            yield from differences(our_fields[name], their_fields[name], place)
    for inner, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        if inner in ours and inner in theirs:
            yield from differences(ours[inner], theirs[inner], path + suffix)


def keyword_names(schema: dict[str, Any]) -> set[str]:
    return schema.keys() - IGNORED - {"properties"}


def normal(schema: dict[str, Any], name: str) -> Any:
    """Return a keyword's value; equal values are those that an API server treats alike."""
    value = schema.get(name)
    if name == LIST_TYPE:
        return value or ("atomic" if schema.get("type") == "array" else None)
    if name in {"items", "additionalProperties"}:
        return "there" if name in schema else None
    if name in {"required", "enum"} and value:
        return sorted(value)
    if name == "x-kubernetes-validations":
        return sorted(rule["rule"] for rule in value or ())
    return value
