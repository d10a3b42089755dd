"""Which built-in kind behaves how, as one table of strategies.

The facts of ``pkg/registry/*/*/strategy.go``: which fields count for ``metadata.generation``, what each way
of writing keeps, and which kinds a PUT creates.
"""

from __future__ import annotations

import base64
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.definitions import definition_strategy
from gwdeployer.testing.apiserver.kinds.fieldpaths import found
from gwdeployer.testing.apiserver.kinds.services import ServiceAddresses
from gwdeployer.testing.apiserver.kinds.strategies import SPEC, Strategy

_ANNOTATIONS = ("metadata", "annotations")
_LABELS = ("metadata", "labels")
_METADATA = ("metadata",)
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_RBAC = "rbac.authorization.k8s.io"


def strategies() -> dict[tuple[str, str], Strategy]:
    """Return the strategy of each kind, by group and kind, with Services sharing a pool of addresses."""
    addresses = ServiceAddresses()
    service = Strategy(
        on_create=addresses.create,
        on_update=addresses.update,
        release=addresses.release,
        creates_on_put=True,
    )
    return {**_TABLE, ("", "Service"): service}


# Folding deprecated fields into those that replaced them.


def _fold_secret(secret: Object) -> None:
    plain = secret.pop("stringData", {})
    if plain:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        secret["data"] = {**secret.get("data", {}), **encoded}


def _fold_pod_spec(spec: dict[str, Any]) -> None:
    """The account has two names; both are printed, ``serviceAccountName`` wins."""
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def _fold_pod(pod: Object) -> None:
    _fold_pod_spec(pod["spec"])


def _fold_template(obj: Object) -> None:
    _fold_pod_spec(obj["spec"].get("template", {}).get("spec", {}))


def _fold_pod_template(obj: Object) -> None:
    _fold_pod_spec(obj["template"].get("spec", {}))


def _fold_cron_job(obj: Object) -> None:
    _fold_template(obj["spec"]["jobTemplate"])


def _fold_stateful_set(obj: Object) -> None:
    _fold_template(obj)
    for claim in obj["spec"].get("volumeClaimTemplates", ()):
        claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}


# What is added when an object is written.


def _number_template(daemon_set: Object) -> None:
    annotations = daemon_set["metadata"].setdefault("annotations", {})
    annotations[_TEMPLATE_GENERATION] = annotations.get(_TEMPLATE_GENERATION, "1")


def _renumber_template(new: Object, old: Object) -> None:
    number = int(found(old, (*_ANNOTATIONS, _TEMPLATE_GENERATION)) or 0)
    changed = new["spec"]["template"] != old["spec"]["template"]
    new["metadata"].setdefault("annotations", {})[_TEMPLATE_GENERATION] = str(number + changed)


def _begin_namespace(namespace: Object) -> None:
    namespace["status"] = {"phase": "Active"}
    finalizers = namespace["spec"].get("finalizers", [])
    namespace["spec"]["finalizers"] = [*finalizers, *({"kubernetes"} - set(finalizers))]


def _keep_namespace(new: Object, old: Object) -> None:
    new["spec"] = old["spec"]


def _begin_pod(pod: Object) -> None:
    pod["status"] = {"phase": "Pending", "qosClass": "BestEffort"}


def _select_job_pods(job: Object) -> None:
    """Unless the selector is given, select by the Job's uid and label the pods with it."""
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    uid = metadata.get("uid", "")
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels[f"{prefix}controller-uid"] = uid
        labels[f"{prefix}job-name"] = metadata["name"]
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {})["batch.kubernetes.io/controller-uid"] = uid


_TABLE: dict[tuple[str, str], Strategy] = {
    ("", "Endpoints"): Strategy(creates_on_put=True),
    ("", "Event"): Strategy(creates_on_put=True),
    ("", "LimitRange"): Strategy(creates_on_put=True),
    ("", "Namespace"): Strategy(on_create=_begin_namespace, on_update=_keep_namespace),
    ("", "Pod"): Strategy(
        counted=SPEC,
        on_default=_fold_pod,
        on_create=_begin_pod,
        status_keeps=(*SPEC, ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")),
        status_resets=(*SPEC, ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")),
    ),
    ("", "PodTemplate"): Strategy(on_default=_fold_pod_template, counted=(("template",),)),
    ("", "ReplicationController"): Strategy(counted=SPEC, on_default=_fold_template),
    ("", "Secret"): Strategy(on_default=_fold_secret),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): Strategy(counted=(("webhooks",),)),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): Strategy(counted=(("webhooks",),)),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): Strategy(counted=SPEC),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): Strategy(counted=SPEC),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): Strategy(
        counted=SPEC, status_resets=(_METADATA, *SPEC)
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): Strategy(counted=SPEC),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition_strategy(),
    ("apps", "DaemonSet"): Strategy(
        counted=SPEC, on_default=_fold_template, on_create=_number_template, on_update=_renumber_template
    ),
    ("apps", "Deployment"): Strategy(
        counted=(*SPEC, _ANNOTATIONS),
        on_default=_fold_template,
        status_keeps=(*SPEC, _LABELS),
        status_resets=(*SPEC, _LABELS),
    ),
    ("apps", "ReplicaSet"): Strategy(counted=SPEC, on_default=_fold_template),
    ("apps", "StatefulSet"): Strategy(counted=SPEC, on_default=_fold_stateful_set),
    ("batch", "CronJob"): Strategy(counted=SPEC, on_default=_fold_cron_job),
    ("batch", "Job"): Strategy(counted=SPEC, on_default=_fold_template, on_create=_select_job_pods),
    ("coordination.k8s.io", "Lease"): Strategy(creates_on_put=True, unconditional_update=False),
    ("discovery.k8s.io", "EndpointSlice"): Strategy(counted=(("endpoints",), ("ports",), _LABELS)),
    ("events.k8s.io", "Event"): Strategy(creates_on_put=True),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): Strategy(counted=SPEC, status_resets=(_METADATA, *SPEC)),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): Strategy(
        counted=SPEC, status_resets=(_METADATA, *SPEC)
    ),
    ("networking.k8s.io", "Ingress"): Strategy(counted=SPEC),
    ("networking.k8s.io", "IngressClass"): Strategy(counted=SPEC),
    ("networking.k8s.io", "NetworkPolicy"): Strategy(counted=SPEC),
    ("networking.k8s.io", "ServiceCIDR"): Strategy(status_resets=(_METADATA, *SPEC)),
    ("node.k8s.io", "RuntimeClass"): Strategy(creates_on_put=True, unconditional_update=False),
    ("policy", "PodDisruptionBudget"): Strategy(counted=SPEC, unconditional_update=False),
    (_RBAC, "ClusterRole"): Strategy(creates_on_put=True),
    (_RBAC, "ClusterRoleBinding"): Strategy(creates_on_put=True),
    (_RBAC, "Role"): Strategy(creates_on_put=True),
    (_RBAC, "RoleBinding"): Strategy(creates_on_put=True),
    ("resource.k8s.io", "DeviceClass"): Strategy(counted=SPEC),
    ("resource.k8s.io", "ResourceClaim"): Strategy(status_resets=(_METADATA, *SPEC)),
    ("resource.k8s.io", "ResourceSlice"): Strategy(counted=SPEC),
    ("scheduling.k8s.io", "PriorityClass"): Strategy(counted=(("value",), ("description",))),
    ("storage.k8s.io", "CSIDriver"): Strategy(unconditional_update=False),
    ("storage.k8s.io", "CSINode"): Strategy(unconditional_update=False),
    ("storage.k8s.io", "CSIStorageCapacity"): Strategy(unconditional_update=False),
    ("storage.k8s.io", "VolumeAttachment"): Strategy(
        unconditional_update=False, status_resets=(_METADATA, *SPEC)
    ),
}
