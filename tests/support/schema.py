"""Checks objects against the published schemas of Kubernetes, unknown fields being faults.

The data is kubernetes-validate's; the validators are kept here because that package reads a schema of several
megabytes again for every object.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema.validators import Draft202012Validator
from kubernetes_validate import utils  # type: ignore[import-untyped]
from referencing import Registry, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


#: Every version that kubernetes-validate has schemas of, oldest first; and the two that bound them.
ALL_VERSIONS = tuple(sorted({utils.major_minor(full) for full in utils.all_versions()}, key=_numbers))
VERSIONS = ALL_VERSIONS[0], ALL_VERSIONS[-1]


def validate_object(obj: dict[str, Any], versions: tuple[str, ...] = VERSIONS) -> bool:
    """Check one object against Kubernetes versions; AssertionError names the object and every faulty path.

    Returns False, having checked nothing, for a kind that none of the versions knows (a custom resource).
    A kind that only some of them know is a fault: the object could not be created everywhere.
    """
    validators = {version: _validator(obj["apiVersion"], obj["kind"], version) for version in versions}
    if not any(validators.values()):
        return False
    faults = [
        fault for version, validator in validators.items() for fault in _faults(obj, version, validator)
    ]
    if faults:
        raise AssertionError("\n".join(faults))
    return True


def _faults(obj: dict[str, Any], version: str, validator: Draft202012Validator | None) -> list[str]:
    name = f"{obj['kind']} {obj.get('metadata', {}).get('name', '')} (Kubernetes {version})"
    if validator is None:
        return [f"{name}: no {obj['apiVersion']} {obj['kind']} in this version"]
    return [f"{name}: {_path(error.absolute_path)}: {error.message}" for error in validator.iter_errors(obj)]


def _path(steps: Iterable[str | int]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.removeprefix(".") or "(the object)"


@cache
def _validator(api_version: str, kind: str, version: str) -> Draft202012Validator | None:
    # As kubernetes-validate names its files: the group without its domain, then the version.
    group, _, group_version = api_version.rpartition("/")
    qualifier = "-".join(filter(None, (group.partition(".")[0], group_version)))
    folder = _folder(version)
    try:
        schema = utils.schema_contents(f"{folder}/{kind.lower()}-{qualifier}.json", version)
    except FileNotFoundError:
        return None
    registry: Registry[Any] = Resource.from_contents(schema) @ _definitions(folder, version)
    return Draft202012Validator(schema, registry=registry)


@cache
def _definitions(folder: str, version: str) -> Registry[Any]:
    definitions = utils.schema_contents(f"{folder}/_definitions.json", version)
    registry: Registry[Any] = Resource.from_contents(definitions) @ Registry()
    return registry


def _folder(version: str) -> str:
    known = {utils.major_minor(full): full for full in utils.all_versions()}
    if version not in known:
        raise utils.VersionNotSupportedError(version=version)
    return f"kubernetes-json-schema/v{known[version]}-local-strict"
