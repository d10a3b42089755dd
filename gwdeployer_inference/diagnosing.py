"""Why has my pool no picker that answers? What people ask, in the order in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import Object, describe
from gwdeployer.store import ObjectStore
from gwdeployer_inference.conditions import is_serving
from gwdeployer_inference.generator import EndpointPickerGenerator
from gwdeployer_inference.inputs import InferenceInputs
from gwdeployer_inference.kinds import DEPLOYMENT, NAMESPACE
from gwdeployer_inference.managing import MANAGED, Decision
from gwdeployer_inference.pools import Pool, pool_of
from gwdeployer_inference.reading import mapping, mappings

_HINTS = {
    "SwitchedOff": "set inference.manage to marked or all",
    "OptedOut": f'mark the pool {MANAGED}: "true"',
    "NotOptedIn": f'mark the pool {MANAGED}: "true"',
    "NotAService": "refer to a Service",
    "ServiceNotOwned": "refer to another name, delete the Service, or hand it over: "
    "gwdeployer.dev/adopt: Service/{service}",
    "NotReferenced": "let an HTTPRoute refer to the pool (from another namespace, with a ReferenceGrant), "
    "or set inference.deployWhen to always",
}


def diagnosed(owner: Object, store: ObjectStore, inputs: InferenceInputs) -> Iterator[Fault]:
    """Yield what keeps a pool from having a picker that answers, if it can be planned at all."""
    pool = pool_of(owner)
    namespace = store.get(NAMESPACE, "", pool.namespace)
    try:
        decision = EndpointPickerGenerator(inputs).decide(owner, pool, namespace, Context(store))
    except ParametersError:
        return
    if not decision.managed:
        yield _left_alone(owner, pool, decision)
        return
    if pool.ref is None and not inputs.wire_ref:
        hint = f"refer to Service {pool.service}, port {pool.port}, or set inference.wireRef"
        yield Fault(
            "is missing: most gateways find no picker", "spec.endpointPickerRef", describe(owner), "", hint
        )
    yield from _unavailable(owner, pool, store)


def _left_alone(owner: Object, pool: Pool, decision: Decision) -> Fault:
    hint = _HINTS[decision.why].format(service=pool.service)
    return Fault(f"has no endpoint picker of ours: {decision.reason}", subject=describe(owner), hint=hint)


def _unavailable(owner: Object, pool: Pool, store: ObjectStore) -> Iterator[Fault]:
    deployment = store.get(DEPLOYMENT, pool.namespace, pool.picker)
    if deployment is None:
        message = f"its endpoint picker, Deployment {pool.picker}, is not there yet"
        yield Fault(message, subject=describe(owner), hint="see that a controller runs, or gwdeployer apply")
    elif not is_serving(deployment):
        hint = (
            f"kubectl describe pods --namespace {pool.namespace} -l app.kubernetes.io/instance={pool.picker}"
        )
        message = f"no replica of its endpoint picker is available{_words(deployment)}"
        yield Fault(message, subject=describe(deployment), hint=hint)


def _words(deployment: Object) -> str:
    """Return what the Deployment says of itself, where it says what went wrong."""
    conditions = mappings(mapping(deployment.get("status")).get("conditions"))
    wrong = {"ReplicaFailure": "True", "Progressing": "False"}
    said = [
        str(one.get("message") or "")
        for one in conditions
        if wrong.get(str(one.get("type"))) == one.get("status")
    ]
    return f" ({'; '.join(said)})" if said else ""
