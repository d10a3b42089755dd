"""Pods as workloads see them: made of a template, active, ready, fit for a node."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gwdeployer.objects import KindRef, Object, matches, owner_reference
from gwdeployer.testing.apiserver.acting import make
from gwdeployer.testing.apiserver.metadata import SAFE_LETTERS, generated_name
from gwdeployer.testing.apiserver.state import State
from gwdeployer.testing.apiserver.statuses import ResourceName
from gwdeployer.testing.apiserver.storage import Key

PODS = ResourceName("", "pods")
NODES = ResourceName("", "nodes")
_HASH_LENGTH = 10


def make_pod(state: State, owner: Object, kind: KindRef, *, labels: dict[str, str], node: str = "") -> None:
    """Create a Pod of a workload's template, with further labels; for one node, or for the scheduler."""
    template = owner["spec"]["template"]
    base = f"{owner['metadata']['name']}-"
    key = Key(PODS, owner["metadata"]["namespace"], generated_name(base))
    metadata = {
        **{name: value for name, value in (template.get("metadata") or {}).items() if value},
        "name": key.name,
        "generateName": base,
        "namespace": key.namespace,
        "ownerReferences": [blocking_reference(owner, kind)],
    }
    metadata["labels"] = (metadata.get("labels") or {}) | labels
    spec = template["spec"] | ({"nodeName": node} if node else {})
    make(state, key, {"metadata": metadata, "spec": spec})


def blocking_reference(owner: Object, kind: KindRef) -> dict[str, Any]:
    """Return the reference of a controller that goes after what it controls, where it is asked to."""
    return {**(owner_reference(owner, kind) or {}), "blockOwnerDeletion": True}


def template_hash(template: Mapping[str, Any]) -> str:
    """Return a label value that is another one for each template."""
    text = json.dumps(template, sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(SAFE_LETTERS[byte % len(SAFE_LETTERS)] for byte in digest[:_HASH_LENGTH])


def is_active(pod: Object) -> bool:
    """Return whether a Pod counts: it neither ended nor is being deleted."""
    return not _has_ended(pod) and not pod["metadata"].get("deletionTimestamp")


def is_terminating(pod: Object) -> bool:
    """Return whether a Pod is being deleted, and may still run."""
    return not _has_ended(pod) and bool(pod["metadata"].get("deletionTimestamp"))


def _has_ended(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def is_ready(pod: Object) -> bool:
    """Return whether a Pod serves."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def fits(spec: Mapping[str, Any], node: Object) -> bool:
    """Return whether a Pod's selector and required affinity allow a node; resources and taints count not."""
    labels = node["metadata"].get("labels") or {}
    if not matches({"matchLabels": spec.get("nodeSelector") or {}}, labels):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    terms = required.get("nodeSelectorTerms")
    fields = {"metadata.name": node["metadata"]["name"]}
    return terms is None or any(
        matches({"matchExpressions": term.get("matchExpressions")}, labels)
        and matches({"matchExpressions": term.get("matchFields")}, fields)
        for term in terms
        if term
    )
