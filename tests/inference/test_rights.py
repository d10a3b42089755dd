"""The rights that a controller of pools needs beyond those that follow from kinds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import Object
from gwdeployer.plugins import configure
from gwdeployer_inference import INFERENCE_POOL, INFERENCE_POOL_ALPHA, PROFILES, InferencePlugin, Profile
from tests.inference.scenarios import STABLE, alpha_pool, parameters, planned, pool


def plugin(**inputs: Any) -> InferencePlugin:
    [made] = configure([InferencePlugin], {"inference": inputs})
    assert isinstance(made, InferencePlugin)
    return made


def rights(rules: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for rule in rules:
        for verb in rule["verbs"]:
            for url in rule.get("nonResourceURLs", ()):
                yield url, verb
            for group in rule.get("apiGroups", ()):
                for resource in rule["resources"]:
                    yield group, resource, verb


def everything(profile: Profile, kind: str) -> list[Object]:
    make = pool if kind == STABLE else alpha_pool
    spec: dict[str, Any] = {"profile": profile.name, "replicas": 2 if profile.elects_leaders else 1}
    if profile.authenticates_metrics:
        spec["metrics"] = {"serviceMonitor": {"enabled": True}}
        if "metrics-endpoint-auth" in profile.flags:
            spec["metrics"]["authentication"] = True
    owner = make(annotations={"gwdeployer.dev/parameters": "p"})
    return list(planned(owner, [parameters("p", **spec)]).objects)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_whatever_a_picker_is_granted_the_controller_may_grant(profile: Profile) -> None:
    held = set(rights(plugin().permissions()))
    for group in profile.pools:
        for obj in everything(profile, group):
            assert set(rights(obj.get("rules", ()))) <= held
            if obj["kind"] == "ClusterRoleBinding" and ":metrics" not in obj["roleRef"]["name"]:
                assert obj["roleRef"]["name"] == "system:auth-delegator"


def test_nothing_is_held_that_no_picker_is_granted() -> None:
    granted = {
        right
        for profile in PROFILES
        for group in profile.pools
        for obj in everything(profile, group)
        for right in rights(obj.get("rules", ()))
    }
    bind = ("rbac.authorization.k8s.io", "clusterroles", "bind")
    assert set(rights(plugin().permissions())) == granted | {bind}


def test_one_cluster_role_may_be_bound_and_no_other() -> None:
    [rule] = [rule for rule in plugin().permissions() if "bind" in rule["verbs"]]
    assert rule["resourceNames"] == ["system:auth-delegator"]


@pytest.mark.parametrize(("inputs", "may"), [({}, False), ({"wireRef": True}, True)])
def test_pools_are_patched_only_where_references_are_given(inputs: dict[str, bool], may: bool) -> None:
    patching = (INFERENCE_POOL.group, "inferencepools", "patch")
    assert (patching in set(rights(plugin(**inputs).permissions()))) is may


@pytest.mark.parametrize(("mode", "may"), [("deploy", False), ("gateway", True)])
def test_statuses_of_pools_are_written_only_by_gateways(mode: str, may: bool) -> None:
    rules = rights_of([plugin(mode=mode)], lease="pickers").namespaced
    held = set(rights(rules))
    assert ((INFERENCE_POOL.group, "inferencepools/status", "patch") in held) is may
    assert ("inference.gwdeployer.dev", "endpointpickerparameters/status", "patch") in held


def test_routes_are_read_only_where_the_inputs_need_them() -> None:
    assert "HTTPRoute" not in {kind.kind for kind in (*plugin().reads, *plugin().observes)}
    assert "HTTPRoute" in {kind.kind for kind in plugin(deployWhen="referenced").reads}
    assert "Gateway" in {kind.kind for kind in plugin(mode="gateway").observes}


@pytest.mark.parametrize("kind", [INFERENCE_POOL, INFERENCE_POOL_ALPHA])
def test_a_cleaner_knows_all_that_a_pool_may_have(kind: Any) -> None:
    made = plugin()
    cleaner = made.cleaner(kind)
    assert cleaner is not None
    assert set(cleaner.kinds) == set(made.deploys())
