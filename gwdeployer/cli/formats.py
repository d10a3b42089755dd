"""How plans are printed: as YAML, one JSON list, names, or a tree for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from gwdeployer import documents
from gwdeployer.objects import Object, ObjectRef
from gwdeployer.plan import Plan


def as_yaml(plans: Iterable[Plan]) -> str:
    """Return the objects as one YAML stream, ``# owner: …`` before each owner's."""
    return "---\n".join(f"# owner: {plan.owner}\n{documents.dump_all(list(plan.objects))}" for plan in plans)


def as_json(plans: Iterable[Plan]) -> str:
    """Return the objects as one v1 ``List``."""
    return objects_as("json", (obj for plan in plans for obj in plan.objects))


def objects_as(output: str, objects: Iterable[Object]) -> str:
    """Return objects as ``yaml``, one document each, or as one ``json`` List."""
    found = list(objects)
    if output == "yaml":
        return documents.dump_all(found)
    return json_text({"apiVersion": "v1", "kind": "List", "items": found})


def as_names(plans: Iterable[Plan]) -> str:
    """Return one line for each object, as ``kubectl -o name`` writes it."""
    references = [ObjectRef.of(obj) for plan in plans for obj in plan.objects]
    return "".join(f"{resource_name(reference)}\n" for reference in references)


def resource_name(reference: ObjectRef) -> str:
    """Return how kubectl names an object on a line of its own: ``deployment.apps/web``."""
    return f"{str(reference.kind).lower()}/{reference.name}"


def as_tree(plans: Iterable[Plan]) -> str:
    """Return owners with their objects below them, and what tells each object from others of its kind."""
    lines: list[str] = []
    for plan in plans:
        lines.append(str(plan.owner))
        for position, obj in enumerate(plan.objects, 1):
            branch = "└──" if position == len(plan.objects) else "├──"
            lines.append(f"{branch} {obj['kind']} {obj['metadata']['name']}{_detail(obj)}")
    return "".join(f"{line}\n" for line in lines)


def _detail(obj: Object) -> str:
    spec = obj.get("spec") or {}
    match obj["kind"]:
        case "Service":
            ports = [f"{port['port']}/{port.get('protocol', 'TCP')}" for port in spec.get("ports") or ()]
            return f": {spec.get('type', 'ClusterIP')} on {', '.join(ports)}"
        case "Deployment" | "DaemonSet":
            pod = (spec.get("template") or {}).get("spec") or {}
            containers = pod.get("containers") or ()
            images = ", ".join(f"{container['name']} ({container.get('image')})" for container in containers)
            return f": {spec['replicas']} replicas of {images}" if "replicas" in spec else f": {images}"
        case "ConfigMap":
            return f": {', '.join(obj.get('data') or ())}"
    return ""


def values_as_yaml(plans: Iterable[Plan]) -> str:
    """Return the values of each owner, ``# values: …`` before them."""
    return "---\n".join(f"# values: {plan.owner}\n{documents.dump(plan.values)}" for plan in plans)


def values_as_json(plans: Iterable[Plan]) -> str:
    """Return the values by owner."""
    return json_text({str(plan.owner): plan.values for plan in plans})


def names_of(plans: Iterable[Plan]) -> str:
    """Return the owners of plans, as arguments name them."""
    return ", ".join(f"{plan.owner.kind.kind}/{plan.owner.name}" for plan in plans) or "none"


def json_text(value: Any) -> str:
    """Return JSON as every command prints it."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Iterable[Plan]], str]] = {
    "yaml": as_yaml,
    "json": as_json,
    "name": as_names,
    "tree": as_tree,
}
VALUES_FORMATS: dict[str, Callable[[Iterable[Plan]], str]] = {"yaml": values_as_yaml, "json": values_as_json}
