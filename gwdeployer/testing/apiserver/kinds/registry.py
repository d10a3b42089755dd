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
from gwdeployer.testing.apiserver.kinds.new_pods import begin_pod
from gwdeployer.testing.apiserver.kinds.services import ServiceAddresses
from gwdeployer.testing.apiserver.kinds.strategies import SPEC, Strategy
from gwdeployer.testing.apiserver.kinds.validation.access import (
    validate_cluster_role,
    validate_cluster_role_binding,
    validate_role,
    validate_role_binding,
)
from gwdeployer.testing.apiserver.kinds.validation.autoscaling import validate_autoscaler
from gwdeployer.testing.apiserver.kinds.validation.configuration import validate_config_map, validate_secret
from gwdeployer.testing.apiserver.kinds.validation.pods import validate_pod
from gwdeployer.testing.apiserver.kinds.validation.policies import validate_budget, validate_network_policy
from gwdeployer.testing.apiserver.kinds.validation.records import (
    validate_claim,
    validate_endpoint_slice,
    validate_event,
    validate_lease,
    validate_new_event,
)
from gwdeployer.testing.apiserver.kinds.validation.services import validate_service
from gwdeployer.testing.apiserver.kinds.validation.statuses import (
    validate_autoscaler_status,
    validate_budget_status,
    validate_service_status,
)
from gwdeployer.testing.apiserver.kinds.validation.workloads import (
    validate_cron_job,
    validate_daemon_set,
    validate_deployment,
    validate_deployment_status,
    validate_job,
    validate_replica_set,
    validate_replica_set_status,
    validate_stateful_set,
)

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
        revert=addresses.revert,
        validate=validate_service,
        creates_on_put=True,
        validate_status=validate_service_status,
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


def _select_job_pods(job: Object) -> None:
    """Unless the selector is given, select by the Job's uid and label the pods with it."""
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    # Defaulting gave a Job without labels those of its pods, which are the same map to the server.
    shared = metadata.get("labels") == labels
    for prefix in ("", "batch.kubernetes.io/"):
        labels[f"{prefix}controller-uid"] = metadata["uid"]
        labels[f"{prefix}job-name"] = metadata["name"]
    if shared:
        metadata["labels"] = dict(labels)
    selector = spec.setdefault("selector", {})
    selector.setdefault("matchLabels", {})["batch.kubernetes.io/controller-uid"] = metadata["uid"]


def _name_secrets(account: Object) -> None:
    """Of the references to Secrets, only names are kept."""
    for secret in account.get("secrets", ()):
        for field in secret.keys() - {"name"}:
            del secret[field]


# What admission plugins add that every server has.


def _protect_claim(claim: Object) -> None:
    finalizers = claim["metadata"].setdefault("finalizers", [])
    if "kubernetes.io/pvc-protection" not in finalizers:
        finalizers.append("kubernetes.io/pvc-protection")


def _taint_node(node: Object) -> None:
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    taints = node["spec"].setdefault("taints", [])
    if taint not in taints:
        taints.append(taint)


_TABLE: dict[tuple[str, str], Strategy] = {
    ("", "ConfigMap"): Strategy(validate=validate_config_map),
    ("", "Endpoints"): Strategy(creates_on_put=True),
    ("", "Event"): Strategy(validate=validate_event, creates_on_put=True),
    ("", "LimitRange"): Strategy(creates_on_put=True),
    ("", "Namespace"): Strategy(on_create=_begin_namespace, on_update=_keep_namespace),
    ("", "Node"): Strategy(on_create=_taint_node),
    ("", "PersistentVolumeClaim"): Strategy(on_create=_protect_claim, validate=validate_claim),
    ("", "Pod"): Strategy(
        counted=SPEC,
        on_default=_fold_pod,
        on_create=begin_pod,
        validate=validate_pod,
        status_keeps=(*SPEC, ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")),
        status_resets=(*SPEC, ("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")),
    ),
    ("", "PodTemplate"): Strategy(on_default=_fold_pod_template, counted=(("template",),)),
    ("", "ReplicationController"): Strategy(counted=SPEC, on_default=_fold_template),
    ("", "Secret"): Strategy(validate=validate_secret, on_default=_fold_secret),
    ("", "ServiceAccount"): Strategy(on_create=_name_secrets, on_update=lambda new, _: _name_secrets(new)),
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
        validate=validate_daemon_set,
        counted=SPEC,
        on_default=_fold_template,
        on_create=_number_template,
        on_update=_renumber_template,
    ),
    ("apps", "Deployment"): Strategy(
        validate=validate_deployment,
        validate_status=validate_deployment_status,
        counted=(*SPEC, _ANNOTATIONS),
        on_default=_fold_template,
        status_keeps=(*SPEC, _LABELS),
        status_resets=(*SPEC, _LABELS),
    ),
    ("apps", "ReplicaSet"): Strategy(
        validate=validate_replica_set,
        validate_status=validate_replica_set_status,
        counted=SPEC,
        on_default=_fold_template,
    ),
    ("apps", "StatefulSet"): Strategy(
        validate=validate_stateful_set, counted=SPEC, on_default=_fold_stateful_set
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): Strategy(
        validate=validate_autoscaler, validate_status=validate_autoscaler_status
    ),
    ("batch", "CronJob"): Strategy(validate=validate_cron_job, counted=SPEC, on_default=_fold_cron_job),
    ("batch", "Job"): Strategy(
        validate=validate_job, counted=SPEC, on_default=_fold_template, on_create=_select_job_pods
    ),
    ("coordination.k8s.io", "Lease"): Strategy(
        validate=validate_lease, creates_on_put=True, unconditional_update=False
    ),
    ("discovery.k8s.io", "EndpointSlice"): Strategy(
        validate=validate_endpoint_slice, counted=(("endpoints",), ("ports",), _LABELS)
    ),
    ("events.k8s.io", "Event"): Strategy(validate=validate_new_event, creates_on_put=True),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): Strategy(counted=SPEC, status_resets=(_METADATA, *SPEC)),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): Strategy(
        counted=SPEC, status_resets=(_METADATA, *SPEC)
    ),
    ("networking.k8s.io", "Ingress"): Strategy(counted=SPEC),
    ("networking.k8s.io", "IngressClass"): Strategy(counted=SPEC),
    ("networking.k8s.io", "NetworkPolicy"): Strategy(validate=validate_network_policy, counted=SPEC),
    ("networking.k8s.io", "ServiceCIDR"): Strategy(status_resets=(_METADATA, *SPEC)),
    ("node.k8s.io", "RuntimeClass"): Strategy(creates_on_put=True, unconditional_update=False),
    ("policy", "PodDisruptionBudget"): Strategy(
        validate=validate_budget,
        validate_status=validate_budget_status,
        counted=SPEC,
        unconditional_update=False,
    ),
    (_RBAC, "ClusterRole"): Strategy(validate=validate_cluster_role, creates_on_put=True),
    (_RBAC, "ClusterRoleBinding"): Strategy(validate=validate_cluster_role_binding, creates_on_put=True),
    (_RBAC, "Role"): Strategy(validate=validate_role, creates_on_put=True),
    (_RBAC, "RoleBinding"): Strategy(validate=validate_role_binding, creates_on_put=True),
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
