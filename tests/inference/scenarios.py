"""Pools in, plans out: the words in which the scenarios of endpoint pickers are told.

Every plan made here is also checked against the published schemas of the oldest and newest Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gwdeployer import MemoryStore, Plan
from gwdeployer.deployer import Deployer
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer_inference import InferencePlugin
from tests.support.schema import validate_object

STABLE = "inference.networking.k8s.io"
ALPHA = "inference.networking.x-k8s.io"
MANAGED = {"gwdeployer.dev/managed": "true"}
NAMESPACE = "ml"


def pool(
    name: str = "qwen",
    *,
    annotations: Mapping[str, str] = MANAGED,
    ref: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Object:
    """Return a pool whose picker is asked for, with a picker of its own name unless another is given."""
    reference = {"name": f"{name}-epp", "port": {"number": 9002}} if ref is None else dict(ref)
    return {
        "apiVersion": f"{STABLE}/v1",
        "kind": "InferencePool",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-{name}",
            "annotations": dict(annotations),
        },
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "targetPorts": [{"number": 8000}],
            **({"endpointPickerRef": reference} if reference else {}),
            **spec,
        },
    }


def alpha_pool(name: str = "qwen", *, annotations: Mapping[str, str] = MANAGED, **ref: Any) -> Object:
    """Return a pool of the API before it was stable."""
    made = pool(name, annotations=annotations)
    made["apiVersion"] = f"{ALPHA}/v1alpha2"
    reference = {"name": f"{name}-epp", **ref}
    made["spec"] = {"selector": {"app": name}, "targetPortNumber": 8000, "extensionRef": reference}
    return made


def parameters(name: str = "qwen", **spec: Any) -> Object:
    return {
        "apiVersion": "inference.gwdeployer.dev/v1alpha1",
        "kind": "EndpointPickerParameters",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def namespace(**annotations: str) -> Object:
    marks = {f"gwdeployer.dev/{name}": value for name, value in annotations.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "annotations": marks}}


def service(name: str = "qwen-epp", owner: str = "") -> Object:
    references = [{"uid": owner, "controller": True, "kind": "InferencePool", "name": "qwen"}]
    metadata = {"name": name, "namespace": NAMESPACE, "ownerReferences": references if owner else []}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata}


def deployer_of(owner: Object, **inputs: Any) -> Deployer:
    [plugin] = configure([InferencePlugin], {"inference": inputs})
    found = plugin.route(owner, MemoryStore())
    assert isinstance(found, Deployer)
    return found


def planned(owner: Object, others: Iterable[Object] = (), **inputs: Any) -> Plan:
    """Return the plan for a pool among other objects."""
    plan = deployer_of(owner, **inputs).plan(owner, MemoryStore([owner, *others]))
    for obj in plan.objects:
        validate_object(obj)
    return plan


def deployed(owner: Object | None = None, *others: Object, **spec: Any) -> dict[str, Object]:
    """Return what is deployed for a pool with these parameters, by kind (RBAC: by kind and name)."""
    owner = pool() if owner is None else owner
    if spec:
        owner["metadata"]["annotations"]["gwdeployer.dev/parameters"] = "given"
        others = (*others, parameters("given", **spec))
    plan = planned(owner, others)
    assert plan.skip is None, plan.skip
    return by_kind(plan)


def by_kind(plan: Plan) -> dict[str, Object]:
    """Return the objects by kind; of several of a kind, the first."""
    found: dict[str, Object] = {}
    for obj in plan.objects:
        found.setdefault(obj["kind"], obj)
    return found


def container(objects: Mapping[str, Object]) -> dict[str, Any]:
    [found] = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(found)


def args(objects: Mapping[str, Object]) -> list[str]:
    return list(container(objects)["args"])


def flags(objects: Mapping[str, Object]) -> dict[str, str]:
    """Return the command line as a mapping; each flag must be there once, as one argument."""
    pairs = [argument.lstrip("-").split("=", 1) for argument in args(objects)]
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), names
    return {name: value for name, value in pairs}  # noqa: C416 - pairs are lists
