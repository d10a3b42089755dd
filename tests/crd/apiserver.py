"""What an API server does with a CustomResourceDefinition, as far as it can be done without one.

``installable`` holds the rules by which apiextensions refuses a CRD (structural schemas, list maps, rules in
CEL); ``refusals`` what it says of an object: nulls dropped, defaults filled in, then strict field validation.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import celpy
from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator, extend

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

FREE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
LIST_KEYS = "x-kubernetes-list-map-keys"
MAP_TYPE = "x-kubernetes-map-type"
RULES = "x-kubernetes-validations"
SCALARS = {"boolean", "integer", "number", "string"}
KEYWORDS = {
    *("type", "format", "description", "default", "enum", "nullable", "pattern", "anyOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
    *("minItems", "maxItems", "minProperties", "maxProperties"),
    *("properties", "required", "items", "additionalProperties"),
    *(FREE, INT_OR_STRING, LIST_TYPE, LIST_KEYS, MAP_TYPE, RULES),
}
EITHER = [{"type": "integer"}, {"type": "string"}]
RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


# Can it be installed?


def installable(crd: dict[str, Any]) -> list[str]:
    """Return why an API server would refuse the CRD; nothing if it would not."""
    spec = crd["spec"]
    faults = [] if crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}" else ["name"]
    words = [spec["names"]["plural"], spec["names"]["singular"], *spec["names"].get("shortNames", ())]
    faults += [
        f"{word} is no DNS label" for word in words if not re.fullmatch("[a-z]([a-z0-9-]*[a-z0-9])?", word)
    ]
    for version in spec["versions"]:
        columns = version.get("additionalPrinterColumns", ())
        faults += [f"{column['name']}: path" for column in columns if column["jsonPath"][0] != "."]
        root = version["schema"]["openAPIV3Schema"]
        faults += [] if root.get("type") == "object" else ["the root is no object"]
        faults += (
            [] if root["properties"].get("metadata") == {"type": "object"} else ["metadata is restricted"]
        )
        faults += [f"{path}: {fault}" for path, node in nodes(root) for fault in unstructural(node)]
    return faults


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every schema within one, with its path."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    for inner, suffix in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(inner), dict):
            yield from nodes(schema[inner], path + suffix)


def unstructural(node: Schema) -> Iterator[str]:
    """Yield what is wrong with one node."""
    yield from (f"{name} is forbidden" for name in node.keys() - KEYWORDS)
    kind = node.get("type")
    if node.get(INT_OR_STRING):
        if kind or node.get("anyOf") != EITHER:
            yield "int-or-string has a type, or another anyOf"
        return
    if "anyOf" in node:
        yield "anyOf without int-or-string"
    if kind not in SCALARS | {"array", "object"} and not (kind is None and node.get(FREE)):
        yield f"type is {kind}"
    for check in (wrong_object, wrong_list, wrong_scalar, wrong_rules):
        yield from check(node)


def wrong_object(node: Schema) -> Iterator[str]:
    if node.get(FREE, True) is not True or (FREE in node and node.get("type") not in {"object", None}):
        yield f"{FREE} must be true, on an object"
    if (
        not {"properties", "additionalProperties", "required"}.isdisjoint(node)
        and node.get("type") != "object"
    ):
        yield "properties of what is no object"
    if "properties" in node and "additionalProperties" in node:
        yield "properties exclude additionalProperties"
    if isinstance(node.get("additionalProperties"), bool):
        yield "additionalProperties must be a schema"
    if MAP_TYPE in node and (node.get("type") != "object" or node[MAP_TYPE] not in {"atomic", "granular"}):
        yield MAP_TYPE
    if not set(node.get("required", ())) <= node.get("properties", {}).keys():
        yield "a required field is not declared"


def wrong_list(node: Schema) -> Iterator[str]:
    if node.get("type") != "array":
        yield from (f"{name} of what is no list" for name in node.keys() & {"items", LIST_TYPE, LIST_KEYS})
        return
    if not isinstance(node.get("items"), dict):
        yield "a list needs items"
        return
    kind, items = node.get(LIST_TYPE, "atomic"), node["items"]
    if (kind == "map") != (LIST_KEYS in node) or kind not in {"atomic", "map", "set"}:
        yield "list type and map keys do not fit"
    if kind != "atomic" and items.get("nullable"):
        yield "items of a set or map may not be null"
    whole = items.get(MAP_TYPE) == "atomic" or items.get(LIST_TYPE, "") == "atomic"
    if kind == "set" and items.get("type") not in SCALARS and not whole:
        yield "items of a set must be scalar or atomic"
    yield from wrong_keys(node) if kind == "map" else ()


def wrong_keys(node: Schema) -> Iterator[str]:
    items = node["items"]
    if items.get("type") != "object":
        yield "items of a list map must be objects"
    for key in node.get(LIST_KEYS, ()):
        field = items.get("properties", {}).get(key)
        if field is None or field.get("type") not in SCALARS:
            yield f"key {key} is no scalar property of the items"
        elif key not in items.get("required", ()) and "default" not in field:
            yield f"key {key} is neither required nor has a default"
    if len(set(node.get(LIST_KEYS, ()))) < len(node.get(LIST_KEYS, ())):
        yield "a key is there twice"


def wrong_scalar(node: Schema) -> Iterator[str]:
    if "pattern" in node:
        re.compile(node["pattern"])
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if not isinstance(node.get(bound, True), bool):
            yield f"{bound} must be a boolean"
    if "enum" in node and not node["enum"]:
        yield "an empty enum"
    if "default" in node and (faults := refusals(node, node["default"])):
        yield f"the default is not valid: {faults}"


def wrong_rules(node: Schema) -> Iterator[str]:
    for entry in node.get(RULES, ()):
        message = entry.get("message", "")
        if not message or len(message) > 2048 or "\n" in message:
            yield "a rule needs a message of one line"
        program(entry["rule"])
        for place in re.findall(r"\bself((?:\.[a-zA-Z_]+)+)(?![\w(])", entry["rule"]):
            names = [re.sub(r"^__(\w+)__$", r"\1", name) for name in place.split(".")[1:]]
            if not is_declared(node, names):
                yield f"self{place} is not declared"


def is_declared(node: Schema, path: list[str]) -> bool:
    for name in path:
        if name not in node.get("properties", {}):
            return False
        node = node["properties"][name]
    return True


# Is an object accepted?


def refusals(schema: Schema, value: Any) -> list[str]:
    """Return why an API server would refuse the value, strict field validation included."""
    validator = validator_of(json.dumps(schema, sort_keys=True))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(stored(schema, value))]


def stored(schema: Schema, value: Any) -> Any:
    """Return what is validated and stored: without nulls where none may be, with defaults.

    Numbers become floats, as they are doubles in CEL.
    """
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [stored(schema.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    known = {name: fields.get(name, schema.get("additionalProperties")) for name in value}
    kept = {
        name: item if known[name] is None else stored(known[name], item)
        for name, item in value.items()
        if item is not None or known[name] is None or known[name].get("nullable")
    }
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
    return {**defaults, **kept}


@cache
def validator_of(schema: str) -> Any:
    return Validator(as_json_schema(json.loads(schema)))


def as_json_schema(schema: Schema) -> Schema:
    """Return the schema as JSON Schema has it, unknown fields being faults."""
    result = {name: value for name, value in schema.items() if name not in {"nullable", "format", "default"}}
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), dict):
            result[inner] = as_json_schema(schema[inner])
    if "properties" in schema:
        result["properties"] = {name: as_json_schema(field) for name, field in schema["properties"].items()}
    if schema.get("type") == "object" and FREE not in schema and "additionalProperties" not in schema:
        result["additionalProperties"] = False
    low, high = RANGES.get(schema.get("format", ""), (None, None))
    if low is not None:
        result["minimum"] = max(low, schema.get("minimum", low))
        result["maximum"] = min(high, schema.get("maximum", high))
    for bound in ("minimum", "maximum"):
        if result.pop(f"exclusive{bound.capitalize()}", False):
            result[f"exclusive{bound.capitalize()}"] = result.pop(bound)
    if schema.get("nullable"):
        result = {"anyOf": [{"type": "null"}, result]}
    return result


def distinct(_validator: Any, kind: str, value: Any, schema: Schema) -> Iterator[ValidationError]:
    """Refuse two entries of one key, or two equal ones in a set."""
    if not isinstance(value, list) or kind == "atomic":
        return
    keys = schema.get(LIST_KEYS, ())
    told = [
        json.dumps([item.get(key) for key in keys] if keys and isinstance(item, dict) else item)
        for item in value
    ]
    if len(set(told)) < len(told):
        yield ValidationError("duplicate entries")


def obeyed(
    _validator: Any, rules: list[dict[str, str]], value: Any, _schema: Schema
) -> Iterator[ValidationError]:
    """Refuse what a rule in CEL refuses; one that cannot be evaluated refuses too."""
    for entry in rules:
        try:
            holds = bool(program(entry["rule"]).evaluate({"self": celpy.json_to_cel(value)}))
        except (celpy.CELEvalError, TypeError) as error:
            yield ValidationError(f"{entry['rule']}: {error}")
            continue
        if not holds:
            yield ValidationError(entry["message"])


@cache
def program(rule: str) -> Any:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule))


Validator = extend(Draft202012Validator, {LIST_TYPE: distinct, RULES: obeyed})
