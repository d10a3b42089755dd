"""CustomResourceDefinitions: names, versions, columns, and the schema of each version.

The rules of ``apiextensions-apiserver/pkg/apis/apiextensions/validation``. Inside the server what all
versions share stands once, at the top of the spec, and causes name it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds import syntax
from gwdeployer.testing.apiserver.kinds.causes import Cause, at, invalid, not_supported, required
from gwdeployer.testing.apiserver.kinds.metadata import immutable
from gwdeployer.testing.apiserver.kinds.validation.schemas import check_schema

Value = dict[str, Any]

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_MIXED = "may have mixed case, but should otherwise match: "


def validate_definition(crd: Object, old: Object | None) -> Iterator[Cause]:
    """Yield what is wrong with a CustomResourceDefinition."""
    spec = crd["spec"]
    if crd["metadata"]["name"] != f"{spec['names']['plural']}.{spec['group']}":
        detail = 'must be spec.names.plural+"."+spec.group'
        yield invalid("metadata.name", crd["metadata"]["name"], detail)
    yield from _check_group(spec["group"])
    if spec["scope"] not in ("Cluster", "Namespaced"):
        known = ("Cluster", "Namespaced")
        yield not_supported("spec.scope", spec["scope"], known) if spec["scope"] else required("spec.scope")
    yield from _check_names(spec["names"])
    yield from _check_conversion(spec["conversion"])
    yield from _check_versions(spec)
    yield from _check_stored(spec, crd["status"].get("storedVersions"))
    if old is not None:
        for path in ("group", "scope"):
            yield from immutable(at("spec", path), spec[path], old["spec"][path])
        for name in ("kind", "plural"):
            yield from immutable(at("spec.names", name), spec["names"][name], old["spec"]["names"][name])


def _check_group(group: str) -> Iterator[Cause]:
    if not group:
        yield required("spec.group")
    elif faults := syntax.dns_subdomain(group):
        yield invalid("spec.group", group, ",".join(faults))
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")


def _check_names(names: Value) -> Iterator[Cause]:
    for name in ("plural", "singular", "kind", "listKind"):
        value, path = names.get(name, ""), at("spec.names", name)
        is_kind = name in ("kind", "listKind")
        if not value:
            yield required(path)
        elif faults := syntax.dns_1035_label(value.lower() if is_kind else value):
            yield invalid(path, value, (_MIXED if is_kind else "") + ",".join(faults))
    for name in ("shortNames", "categories"):
        for index, value in enumerate(names.get(name, ())):
            if faults := syntax.dns_1035_label(value):
                yield invalid(at("spec.names", name, index), value, ",".join(faults))
    if names["kind"] and names["kind"] == names.get("listKind"):
        yield invalid("spec.names.listKind", names["listKind"], "kind and listKind may not be the same")


def _check_conversion(conversion: Value) -> Iterator[Cause]:
    strategy = conversion["strategy"]
    if strategy not in ("None", "Webhook"):
        yield not_supported("spec.conversion.strategy", strategy, ("None", "Webhook"))
    elif strategy == "Webhook" and "clientConfig" not in conversion.get("webhook", {}):
        yield required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")


def _check_versions(spec: Value) -> Iterator[Cause]:
    versions = spec["versions"] or []
    names = [version["name"] for version in versions]
    for index, name in enumerate(names):
        if faults := syntax.dns_1035_label(name):
            yield invalid(at("spec.versions", index, "name"), name, ",".join(faults))
            if index == 0:
                yield invalid("spec.version", name, ",".join(faults))
    if len(set(names)) < len(names):
        yield invalid("spec.versions", _in_go(versions), "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        yield invalid("spec.versions", _in_go(versions) if versions else None, detail)
    yield from _check_columns(versions)
    yield from _check_schemas(versions)


def _in_go(versions: list[Value]) -> list[Value]:
    """Return versions as the server's own type prints them, without what all of them share."""
    empty = ("DeprecationWarning", "Schema", "Subresources", "AdditionalPrinterColumns", "SelectableFields")
    return [
        {
            "Name": version["name"],
            "Served": bool(version.get("served")),
            "Storage": bool(version.get("storage")),
            "Deprecated": bool(version.get("deprecated")),
            **dict.fromkeys(empty),
        }
        for version in versions
    ]


def _is_shared(versions: list[Value], name: str) -> bool:
    return all(version.get(name) == versions[0].get(name) for version in versions)


def _check_columns(versions: list[Value]) -> Iterator[Cause]:
    shared = _is_shared(versions, "additionalPrinterColumns")
    for index, version in enumerate(versions[:1] if shared else versions):
        path = "spec" if shared else at("spec.versions", index)
        for number, column in enumerate(version.get("additionalPrinterColumns", ())):
            yield from _check_column(column, at(path, "additionalPrinterColumns", number))


def _check_column(column: Value, path: str) -> Iterator[Cause]:
    if not column["name"]:
        yield required(at(path, "name"))
    known = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not column["type"]:
        yield required(at(path, "type"), known)
    elif column["type"] not in _COLUMN_TYPES:
        yield invalid(at(path, "type"), column["type"], known)
    if not column["jsonPath"]:
        yield required(at(path, "JSONPath"))
    elif not column["jsonPath"].startswith("."):
        detail = "must be a simple json path starting with ."
        yield invalid(at(path, "JSONPath"), column["jsonPath"], detail)


def _check_schemas(versions: list[Value]) -> Iterator[Cause]:
    shared = _is_shared(versions, "schema")
    for index, version in enumerate(versions):
        schema = version.get("schema", {}).get("openAPIV3Schema")
        path = at("spec.versions", index, "schema.openAPIV3Schema")
        if schema is None:
            yield required(path)
        elif not shared or index == 0:
            yield from check_schema(schema, "spec.validation.openAPIV3Schema" if shared else path)


def _check_stored(spec: Value, stored: list[str] | None) -> Iterator[Cause]:
    if not stored:
        yield invalid("status.storedVersions", None, "must have at least one stored version")
        return
    versions = {version["name"]: version for version in spec["versions"] or ()}
    for version in versions.values():
        if version.get("storage") and version["name"] not in stored:
            yield invalid("status.storedVersions", stored, f"must have the storage version {version['name']}")
    for index, name in enumerate(stored):
        if name not in versions:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and "
                f"removes {name} from status.storedVersions"
            )
            yield invalid(at("status.storedVersions", index), name, detail)
