"""Endpoint pickers: the values of the chart for an InferencePool."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from gwdeployer.checksums import with_config_checksum
from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context, HelmValuesGenerator, Skip, reads_only
from gwdeployer.objects import IdentityCache, KindRef, Object, describe, metadata_of
from gwdeployer.objects.owners import Owner
from gwdeployer.objects.refs import ObjectRef
from gwdeployer.overlays import (
    HORIZONTALPODAUTOSCALER,
    PODDISRUPTIONBUDGET,
    VERTICALPODAUTOSCALER,
    OverlayFields,
    Overlays,
)
from gwdeployer.store import Lookup
from gwdeployer_inference.configuration import is_outdated
from gwdeployer_inference.inputs import InferenceInputs
from gwdeployer_inference.kinds import (
    CHART_KINDS,
    INFERENCE_POOL,
    INFERENCE_POOL_ALPHA,
    NAMESPACE,
    OPTIONAL,
    SERVICE,
)
from gwdeployer_inference.layers import ParametersLayers, PickerParameters
from gwdeployer_inference.managing import (
    BY_NAMES,
    Decision,
    decide,
    mark_of,
    names_of,
    parameters_named_by,
    rivals_of,
)
from gwdeployer_inference.picker import Shared, own_values, shared_values
from gwdeployer_inference.pools import Pool, check_reference, pool_of
from gwdeployer_inference.routes import is_referenced
from gwdeployer_inference.settings import Settings

OVERLAYS = OverlayFields(
    path=("overlays",),
    patches={
        "deployment": "Deployment",
        "service": "Service",
        "serviceAccount": "ServiceAccount",
        "configMap": "ConfigMap",
        "role": "Role",
        "roleBinding": "RoleBinding",
        "clusterRole": "ClusterRole",
        "clusterRoleBinding": "ClusterRoleBinding",
        "secret": "Secret",
        "serviceMonitor": "ServiceMonitor",
        "destinationRule": "DestinationRule",
    },
    supports={
        "podDisruptionBudget": PODDISRUPTIONBUDGET,
        "horizontalPodAutoscaler": HORIZONTALPODAUTOSCALER,
        "verticalPodAutoscaler": VERTICALPODAUTOSCALER,
    },
)


class EndpointPickerGenerator(HelmValuesGenerator):
    """Values for the picker of an InferencePool of either API."""

    def __init__(self, inputs: InferenceInputs) -> None:
        """Deploy the pickers that ``inputs`` and marks put in our hands."""
        self._inputs = inputs
        self._layers = ParametersLayers()
        self._shared: IdentityCache[Shared] = IdentityCache()
        self._overlays = Overlays(OVERLAYS)

    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any] | Skip:
        """Return the pool's values (see ``values.EndpointPickerValues``), or why it has none.

        A pool that is left alone loses what was deployed for it before. Warns of what works less than it
        seems to.
        """
        pool = pool_of(owner)
        namespace = context.store.get(NAMESPACE, "", pool.namespace)
        decision = self.decide(owner, pool, namespace, context)
        if not decision.managed:
            return Skip(decision.reason, cleanup=True)
        check_reference(pool, owner)
        self._refuse_rivals(owner, pool, namespace, context)
        merged = self._layers.resolve(owner, namespace, pool, context)
        shared = self._shared_values(pool, merged, context)
        _warn(merged, shared.settings, context)
        context.optional |= OPTIONAL
        context.state["layers"] = merged.layers
        context.state["alike"] = self._alike(pool)
        return {"picker": {**shared.values, **own_values(pool, merged, shared, self._inputs)}}

    @reads_only
    def post_process(self, owner: Object, objects: list[Object], context: Context) -> list[Object]:
        """Apply overlays; then put a checksum of the configuration on the pods: a picker reads it once."""
        objects = self._overlays.apply(objects, context.state["layers"], context.state["alike"], context)
        return with_config_checksum(objects)

    def kinds(self) -> Sequence[KindRef]:
        """Return the chart's kinds, and those that overlays add."""
        return (*CHART_KINDS, *self._overlays.kinds)

    def decide(self, owner: Object, pool: Pool, namespace: Object | None, context: Context) -> Decision:
        """Return whether the pool's picker is ours to deploy. Raises ParametersError for an unclear mark."""
        adopted = Owner.of(owner, pool.kind).adopts(ObjectRef(SERVICE, pool.namespace, pool.service))
        return decide(
            pool,
            marks=self._marks(owner, namespace),
            manage=self._inputs.manage,
            service=context.store.get(SERVICE, pool.namespace, pool.service),
            adopted=adopted,
            referenced=self._inputs.deploy_when == "always" or is_referenced(pool, context.store),
        )

    def _marks(self, owner: Object, namespace: Object | None) -> tuple[bool | None, bool | None]:
        mark = mark_of(owner)
        if mark is None and parameters_named_by(owner):
            mark = True
        return mark, mark_of(namespace)

    def _refuse_rivals(self, owner: Object, pool: Pool, namespace: Object | None, context: Context) -> None:
        """Raise ParametersError where another pool in our hands would have the same picker."""
        there = [
            obj
            for kind in (INFERENCE_POOL, INFERENCE_POOL_ALPHA)
            for key in names_of(pool)
            for obj in context.store.list(kind, pool.namespace, lookup=Lookup(BY_NAMES, key))
        ]
        rivals = [obj for obj in rivals_of(pool, there) if self._is_asked_for(obj, namespace)]
        if rivals:
            names = ", ".join(f"{metadata_of(obj)['name']} ({obj['apiVersion']})" for obj in rivals)
            message = f"pool {names} has the same picker, {pool.service}: a picker serves one pool"
            path = f"{pool.ref.path}.name" if pool.ref else "metadata.name"
            hint = "name another Service, or take one of the two out of our hands"
            raise ParametersError(Fault(message, path, describe(owner), hint=hint))

    def _is_asked_for(self, owner: Object, namespace: Object | None) -> bool:
        marks = self._marks(owner, namespace)
        return decide(pool_of(owner), marks=marks, manage=self._inputs.manage, service=None).managed

    def _shared_values(self, pool: Pool, merged: PickerParameters, context: Context) -> Shared:
        if context.trace:
            return shared_values(pool, merged, self._inputs)
        return self._shared.get((merged,), lambda: shared_values(pool, merged, self._inputs), extra=pool.kind)

    def _alike(self, pool: Pool) -> Hashable:
        return pool.port if type(self) is EndpointPickerGenerator else None


def _warn(merged: PickerParameters, settings: Settings, context: Context) -> None:
    """Warn of an outdated configuration, and of what a configuration makes void."""
    if settings.config and is_outdated(settings.config, settings.profile):
        hint = f"write {settings.profile.config}"
        context.warn("is read for compatibility only", "spec.config.apiVersion", hint=hint)
    written = merged.values.get("config") is not None
    if written and settings.profile.reads_data_layer and merged.values.get("modelServer"):
        hint = "say it in the configuration, and remove it here"
        context.warn("is not heeded where config is given", "spec.modelServer", hint=hint)
