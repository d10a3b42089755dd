"""What a status is computed from: each question is for one object, or for those that an index files."""

from __future__ import annotations

from gwdeployer import RecordingStore
from gwdeployer_gateway import LISTENER_SET
from tests.gateway.scenarios import HTTP, listener, listener_set
from tests.gateway.status.certificates import https, secret
from tests.gateway.status.world import NOW, World, running


def reads_of(world: World) -> list[str]:
    """Return the questions that are asked for the statuses of the Gateway and its ListenerSet."""
    store = RecordingStore(world.store)
    outcome = world.reconcile(world.gateway())
    world.plugin.status(world.gateway(), outcome, store, NOW)
    [reporter] = [one for one in world.plugin.reporters() if one.kind == LISTENER_SET]
    [obj] = world.store.list(LISTENER_SET)
    reporter.status(obj, store, NOW)
    whole = [read for read in store.reads if read.verb == "list" and read.lookup is None]
    assert not whole, "ten thousand Gateways must not each look through all objects of a kind"
    return [read.kind.kind for read in store.reads]


def test_no_list_is_read_whole() -> None:
    abroad = {"name": "cert", "namespace": "vault"}
    world = running(
        secret(),
        listener_set(listener(8080)),
        listeners=[HTTP, https(), https(abroad, port=8443, name="abroad"), listener(5000, "TCP")],
        allowedListeners={"namespaces": {"from": "Selector", "selector": {}}},
    )
    read = set(reads_of(world))
    assert {
        "HTTPRoute",
        "GRPCRoute",
        "TCPRoute",
        "ReferenceGrant",
        "Secret",
        "Namespace",
        "Deployment",
    } <= read


def test_only_kinds_of_routes_that_listeners_take_are_asked_for() -> None:
    world = running(listener_set(listener(8080)))
    assert {kind for kind in reads_of(world) if kind.endswith("Route")} == {"HTTPRoute", "GRPCRoute"}


def test_what_is_read_is_observed() -> None:
    plugin = running().plugin
    observed = {kind.kind for kind in (*plugin.owners, *plugin.reads, *plugin.observes, *plugin.deploys())}
    routes = {f"{name}Route" for name in ("HTTP", "GRPC", "TLS", "TCP", "UDP")}
    assert {
        *routes,
        "ReferenceGrant",
        "ConfigMap",
        "Secret",
        "Namespace",
        "ListenerSet",
        "Service",
    } <= observed
