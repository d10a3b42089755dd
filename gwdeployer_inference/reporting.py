"""Statuses: of pools, where we are the gateway implementation, and of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from gwdeployer.objects import KindRef, Object, ObjectRef, describe, metadata_of, name_of, namespace_of
from gwdeployer.parameters.reporting import parameters_status
from gwdeployer.status import Reporter
from gwdeployer.store import Index, Lookup, ObjectStore
from gwdeployer_inference.conditions import parents_with
from gwdeployer_inference.kinds import (
    ENDPOINT_PICKER_PARAMETERS,
    INFERENCE_POOL,
    INFERENCE_POOL_ALPHA,
    NAMESPACE,
    SERVICE,
)
from gwdeployer_inference.managing import parameters_named_by
from gwdeployer_inference.parameters import EndpointPickerParametersSpec
from gwdeployer_inference.pools import Pool, pool_of
from gwdeployer_inference.reading import mapping
from gwdeployer_inference.serving import gateways_serving

if TYPE_CHECKING:
    from gwdeployer.cluster.outcomes import ReconcileResult


def pool_status(
    owner: Object, outcome: ReconcileResult, store: ObjectStore, controller_name: str, now: str
) -> Mapping[str, Any] | None:
    """Return the status of a pool that Gateways of ours serve, or did; None: there is nothing to say.

    Entries of the alpha API do not say whose they are, so its pools are left alone.
    """
    pool = pool_of(owner)
    if pool.kind != INFERENCE_POOL or metadata_of(owner).get("deletionTimestamp"):
        return None
    parents = parents_with(
        owner,
        gateways_serving(pool, store, controller_name),
        controller_name,
        service=_service(pool, outcome, store),
        managed=outcome.plan is not None and outcome.plan.skip is None,
        now=now,
    )
    status = {name: value for name, value in mapping(owner.get("status")).items() if name != "parents"}
    return status | ({"parents": parents} if parents else {})


def _service(pool: Pool, outcome: ReconcileResult, store: ObjectStore) -> Object | None:
    """Return the Service that a pool refers to: as it has just been deployed, else as the store has it."""
    known = store.get(SERVICE, pool.namespace, pool.service)
    wanted = ObjectRef(SERVICE, pool.namespace, pool.service)
    deployed = outcome.deployed.outcomes if outcome.deployed else ()
    return next((one.live for one in deployed if one.ref == wanted and one.live is not None), known)


class ParametersReporter(Reporter):
    """Says of EndpointPickerParameters whether they can be used, and who uses them."""

    kind: ClassVar[KindRef] = ENDPOINT_PICKER_PARAMETERS

    def status(self, obj: Object, store: ObjectStore, now: str) -> Mapping[str, Any]:
        """See :class:`~gwdeployer.status.Reporter`."""
        return parameters_status(obj, EndpointPickerParametersSpec, _users(obj, store), now)


def _users(parameters: Object, store: ObjectStore) -> Iterator[str]:
    """Yield who names parameters: their namespace, and pools in it."""
    home, name = namespace_of(parameters), name_of(parameters)
    namespace = store.get(NAMESPACE, "", home)
    if namespace is not None and parameters_named_by(namespace) == name:
        yield describe(namespace)
    for kind in (INFERENCE_POOL, INFERENCE_POOL_ALPHA):
        for pool in store.list(kind, home, lookup=Lookup(BY_PARAMETERS, (home, name))):
            yield describe(pool)


#: Finds pools by the parameters that they name.
BY_PARAMETERS = Index("parameters of pools", lambda pool: [(namespace_of(pool), parameters_named_by(pool))])
