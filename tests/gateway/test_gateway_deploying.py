"""Where the plugin's deployers deploy to, and what they prune there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from gwdeployer import Deployer, MemoryStore, PlanError, builtin_chart
from gwdeployer.cluster import Cluster, Listing
from gwdeployer.objects import KindRef, Object
from gwdeployer.plugins import configure
from gwdeployer_gateway import AgentgatewayGenerator, EnvoyGenerator, GatewayInputs, GatewayPlugin
from gwdeployer_gateway.kinds import DEPLOYED
from tests.gateway.scenarios import gateway, gateway_class

KINDS = {kind.group_kind for kind in DEPLOYED}


class Empty:
    """A cluster with nothing in it, which remembers what it was asked to list."""

    def __init__(self) -> None:
        self.listed: set[tuple[str, str]] = set()

    def list(
        self,
        kind: KindRef,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> Listing:
        self.listed.add(kind.group_kind)
        return Listing([], "1")


def deployer_of(owner: dict[str, Any], cluster: Empty | None, **inputs: Any) -> tuple[Deployer, MemoryStore]:
    [plugin] = configure([GatewayPlugin], inputs, cluster=cast("Cluster | None", cluster))
    store = MemoryStore([owner, gateway_class()])
    deployer = plugin.route(owner, store)
    assert isinstance(deployer, Deployer)
    return deployer, store


def test_all_kinds_that_a_data_plane_deploys_are_pruned_by_the_others() -> None:
    generators = (EnvoyGenerator(GatewayInputs()), AgentgatewayGenerator(GatewayInputs()))
    assert {kind.group_kind for generator in generators for kind in generator.kinds()} == KINDS
    for name in ("envoy", "agentgateway"):
        assert {kind.group_kind for kind in builtin_chart(name).kinds} <= KINDS


@pytest.mark.parametrize("data_plane", ["envoy", "agentgateway"])
def test_a_plugin_deploys_to_the_cluster_it_is_given_and_prunes_there(data_plane: str) -> None:
    cluster, owner = Empty(), gateway()
    owner["metadata"]["uid"] = "1"
    deployer, store = deployer_of(owner, cluster, dataPlane=data_plane)
    assert deployer.prune(deployer.plan(owner, store)).errors == ()
    assert cluster.listed == KINDS


def test_a_preview_has_nowhere_to_deploy_to() -> None:
    owner = gateway()
    owner["metadata"]["uid"] = "1"
    deployer, store = deployer_of(owner, None)
    with pytest.raises(PlanError, match="no cluster to deploy to"):
        deployer.reconcile(owner, store)
