"""Differences that are wanted, each with its reason; docs/testing.md tells them to users.

An entry is as narrow as its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from tests.differential.comparing import Difference
from tests.differential.steps import Step

#: Pieces of what decoders say of a body.
_DECODERS = (
    "error decoding YAML: ",
    "error decoding patch: ",
    "Invalid JSON Patch",
    "failed to convert new object",
    "no kind is registered for the type v1.Scale",
    "cannot be handled as a",
    "cannot convert",
    "cannot restore",
    "cannot unmarshal",
    "unrecognized type",
    "is missing in",
    "the API version in the data",
    "is registered for version",
    "illegal base64",
)


class Wanted(NamedTuple):
    """A difference that stays, and why."""

    reason: str
    covers: Callable[[Difference], bool]


def _is_panic(found: Difference) -> bool:
    return found.path == "status" and str(found.theirs).startswith("0")


def _is_quoted_document(found: Difference) -> bool:
    """Both messages quote the same object, keys in another order, and end alike."""
    theirs, ours = str(found.theirs), str(found.ours)
    if not found.path.endswith(".message") or not theirs.startswith(
        ('Invalid value: "{', "Invalid value: {")
    ):
        return False
    if sorted(theirs) == sorted(ours):
        return True
    tails = [
        set(said.rpartition('}": ')[2].replace("strict decoding error: ", "").split(", "))
        for said in (theirs, ours)
    ]
    return tails[0] == tails[1]


def _is_undecodable(found: Difference) -> bool:
    """Both refuse the body and tell by their own decoders why."""
    if found.path == "status":
        refused = all(str(said)[:3] in {"400", "422"} for said in (found.theirs, found.ours))
        return refused and isinstance(found.step.body, bytes)
    return found.path.endswith("message") and all(
        any(words in str(said) for words in _DECODERS) for said in (found.theirs, found.ours)
    )


def _is_strategic(found: Difference) -> bool:
    """The in-process server refuses a strategic merge patch in the words of gwdeployer's own merge."""
    if found.step.verb != "strategic":
        return False
    return "'$patch'" in str(found.step.body) or (
        found.path == "status" and str(found.ours).startswith("400")
    )


def _is_order_of_directives(found: Difference) -> bool:
    return found.path.startswith(".metadata.finalizers") and "$deleteFromPrimitiveList" in str(
        found.step.body
    )


def _is_merge_of_ports(found: Difference) -> bool:
    is_service = found.sequence.kind == "service"
    return is_service and found.step.verb == "strategic" and "'ports':" in str(found.step.body)


def _is_first_scale_of_custom(found: Difference) -> bool:
    quirk = "request to convert CR to an invalid group/version: autoscaling/v1"
    return found.step.subresource == "scale" and quirk in str(found.theirs)


def _is_dry_allocation(found: Difference) -> bool:
    dry = any("dryRun" in step.query for step in found.sequence.steps)
    words = ("clusterIP", "odePort", "allocate")
    return found.sequence.kind == "service" and dry and any(word in _place(found) for word in words)


def _is_nameless_service(found: Difference) -> bool:
    is_told = (found.theirs, found.ours) == ("spec.clusterIPs", "metadata.name")
    # What it fails to allocate is an address of its own.
    took_one = found.path.startswith(".spec.clusterIP") and any(map(_is_nameless, found.sequence.steps))
    return found.sequence.kind == "service" and (is_told or took_one)


def _is_nameless(step: Step) -> bool:
    body = step.body if isinstance(step.body, dict) else {}
    return step.verb == "create" and not (body.get("metadata") or {}).get("name")


def _is_policy_of_alias(found: Difference) -> bool:
    is_alias = "'ExternalName'" in str(found.sequence.steps)
    return found.sequence.kind == "service" and is_alias and found.path.startswith(_STORED)


def _is_quantity_of_metric(found: Difference) -> bool:
    in_sequence = "'averageValue'" in str(found.sequence.steps)
    return in_sequence and found.path.startswith(_STORED[:2])


def _is_rewritten_null(found: Difference) -> bool:
    holds_null = re.search(r"'a': None|'path': '/data", str(found.sequence.steps))
    return found.sequence.kind == "secret" and bool(holds_null) and found.path.startswith(_STORED)


def _is_rewritten_metadata(found: Difference) -> bool:
    holds_empty = re.search(
        r"'(annotations|labels|finalizers)': (\{\}|\[\]|None)|'example.com/note': None",
        str(found.sequence.steps),
    )
    places = (".metadata.resourceVersion", ".metadata.labels", ".metadata.annotations")
    return found.sequence.kind == "widget" and bool(holds_empty) and found.path.startswith(places)


def _is_sent_owner(found: Difference) -> bool:
    return found.path.startswith(".metadata.managedFields") and "managedFields" in str(found.sequence.steps)


def _is_number_of_custom(found: Difference) -> bool:
    is_told = "must be of type int32" in str(found.theirs) or "1.5" in str(found.step.body)
    return found.sequence.kind == "widget" and is_told and "causes" in _place(found)


def _is_affinity(found: Difference) -> bool:
    return found.sequence.kind == "deployment" and "ffinity" in str(found.theirs)


def _is_null_status(found: Difference) -> bool:
    steps = found.sequence.steps
    return found.sequence.kind == "widget" and any(
        step.subresource == "status" and "'status': None" in str(step.body) for step in steps
    )


def _is_created_by_status(found: Difference) -> bool:
    return (found.sequence.kind, found.step.subresource) == ("service", "status") and found.path in {
        ".spec.clusterIP",
        ".spec.clusterIPs",
    }


def _is_empty_optional(found: Difference) -> bool:
    holds_empty = re.search(r"'policies': \[\]|'(data|binaryData)': \{('a': None)?\}", str(found.step.body))
    if str(found.theirs).replace("{}", "null") == found.ours:
        return True
    return bool(holds_empty) and found.path == "status" and str(found.theirs).startswith("422")


def _is_typed_fault(found: Difference) -> bool:
    """Both name faults that the schema finds; Go walks maps in random order, and stops at some."""
    theirs, ours = (
        {line.strip() for line in str(said).split(": ", 1)[-1].split("\n")}
        for said in (found.theirs, found.ours)
    )
    words = "failed to create typed patch object"
    both = all(str(said).startswith(words) for said in (found.theirs, found.ours))
    return found.path == ".message" and both and bool(theirs & ours)


def _is_rewritten_by_scale(found: Difference) -> bool:
    steps = found.sequence.steps
    through_scale = any(step.subresource == "scale" for step in steps)
    return found.path == ".metadata.resourceVersion" and through_scale and "'ports'" in str(steps)


def _is_family(found: Difference) -> bool:
    return found.sequence.kind == "service" and found.ours == "spec.ipFamilies[0]"


def _is_kept_port(found: Difference) -> bool:
    gives_up = "'allocateLoadBalancerNodePorts': False" in str(found.sequence.steps)
    return found.sequence.kind == "service" and gives_up and found.path.endswith(".nodePort")


def _is_double_port(found: Difference) -> bool:
    return found.sequence.kind == "service" and "uplicate" in _place(found)


#: Where it shows what is stored.
_STORED = (
    *(".metadata.managedFields", ".metadata.resourceVersion", ".data", ".spec.internalTrafficPolicy"),
    ".details.causes",
)


def _place(found: Difference) -> str:
    return f"{found.path} {found.theirs} {found.ours}"


WANTED: tuple[Wanted, ...] = (
    Wanted("kube-apiserver panics and closes the connection; the in-process server answers", _is_panic),
    Wanted("messages that quote an object have its keys in another order", _is_quoted_document),
    Wanted("why a body cannot be decoded is told in another decoder's words", _is_undecodable),
    Wanted(
        "faulty directives and types in strategic merge patches are refused (400), in gwdeployer's words; "
        "kube-apiserver ignores some and answers 422 or 500 to others",
        _is_strategic,
    ),
    Wanted(
        "strategic merge patches add to a list before they delete from it; kube-apiserver deletes first",
        _is_order_of_directives,
    ),
    Wanted(
        "strategic merge patches tell ports of a Service apart by port and protocol, not by port alone",
        _is_merge_of_ports,
    ),
    Wanted(
        "kube-apiserver cannot apply to the scale of a custom resource whose replicas nobody owns (500)",
        _is_first_scale_of_custom,
    ),
    Wanted(
        "a dry run shows a Service an address or port that is free, and refuses one that is not; "
        "kube-apiserver shows the first of the range, and takes any",
        _is_dry_allocation,
    ),
    Wanted(
        "a Service without a name is refused for that; kube-apiserver first fails to allocate its address",
        _is_nameless_service,
    ),
    Wanted(
        "kube-apiserver stores internalTrafficPolicy of ExternalName Services, and hides it in some answers",
        _is_policy_of_alias,
    ),
    Wanted(
        "kube-apiserver takes a quantity among the metrics of an autoscaler for changed when it is read back",
        _is_quantity_of_metric,
    ),
    Wanted(
        "kube-apiserver writes once more what it has stored of a null among the data of a Secret",
        _is_rewritten_null,
    ),
    Wanted(
        "kube-apiserver stores empty metadata that was applied to a custom resource; the next write drops "
        "it, which changes the resourceVersion",
        _is_rewritten_metadata,
    ),
    Wanted(
        "managedFields that a client sends in a version the kind does not have are kept; "
        "kube-apiserver drops them with the next write",
        _is_sent_owner,
    ),
    Wanted(
        "what stands in place of an integer of a custom resource is told once; "
        "kube-apiserver tells some of it twice, in Go's types",
        _is_number_of_custom,
    ),
    Wanted("terms of a pod's affinity are not checked", _is_affinity),
    Wanted(
        "a null status that is applied to a custom resource counts as none; "
        "kube-apiserver refuses it where there was one",
        _is_null_status,
    ),
    Wanted(
        "a Service that is created through its status has an address; kube-apiserver gives it none",
        _is_created_by_status,
    ),
    Wanted(
        "an empty optional list or map counts as none; kube-apiserver tells them apart until they are stored",
        _is_empty_optional,
    ),
    Wanted(
        "of several faults that the schema finds in what is applied, kube-apiserver tells some, in any order",
        _is_typed_fault,
    ),
    Wanted(
        "kube-apiserver writes owners of ports in another order when an object is scaled, and counts that as "
        "a change",
        _is_rewritten_by_scale,
    ),
    Wanted(
        "a Service is refused for a family that the cluster lacks, not for the address that is not of it",
        _is_family,
    ),
    Wanted(
        "a Service that changes from NodePort to LoadBalancer without node ports keeps those it has; "
        "kube-apiserver drops them",
        _is_kept_port,
    ),
    Wanted(
        "ports of a Service that are there twice are refused (422); the words are not Go's, nor is the 500 "
        "that kube-apiserver answers to some",
        _is_double_port,
    ),
)


def is_wanted(found: Difference) -> bool:
    """Return whether a difference is one of the table's."""
    return any(wanted.covers(found) for wanted in WANTED)
