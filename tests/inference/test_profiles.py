"""The generations of pickers: command lines, configuration, health checks, permissions."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer_inference import PROFILES, Profile
from gwdeployer_inference.profiles import profile_of_image, rules_of
from tests.inference.numbers import case
from tests.inference.scenarios import (
    ALPHA,
    STABLE,
    alpha_pool,
    args,
    container,
    deployed,
    flags,
    parameters,
    planned,
    pool,
)
from tests.support.schema import ALL_VERSIONS, validate_object

READ = {"get", "list", "watch"}
Permission = tuple[str, str, str]

COMMON = [
    "--pool-name=qwen",
    "--pool-namespace=ml",
    "--pool-group=inference.networking.k8s.io",
    "--grpc-port=9002",
    "--grpc-health-port=9003",
    "--metrics-port=9090",
    "--zap-encoder=json",
]
CONFIGURED = [*COMMON, "--config-file=/config/config.yaml", "--secure-serving=true"]
FULL = [*CONFIGURED, "--metrics-endpoint-auth=false", "--tracing=false"]
COMMAND_LINES = {
    "gie-1.0": CONFIGURED,
    "gie-1.1": FULL,
    "gie-1.2": FULL,
    "gie-1.3": FULL,
    "gie-1.5": FULL,
    "llm-d-0.8": FULL,
    "lwepp-1.6": [*COMMON, "--secure-serving=true"],
    "router-0.9": FULL,
    "router-0.10": FULL,
}


def needed(profile: Profile, group: str, *, elects: bool) -> set[Permission]:
    """Say what a generation needs, from what is known of it, apart from how the Role is written."""
    name = profile.name
    lists = {("", "pods"), (group, "inferencepools")}
    early = name in ("gie-0.1", "gie-0.2", "gie-0.4", "gie-0.5")
    if early:
        lists.add((ALPHA, "inferencemodels"))
    if name in ("gie-0.1", "gie-0.2"):
        lists.add(("discovery.k8s.io", "endpointslices"))
    if not early and name != "lwepp-1.6":
        lists.add((ALPHA, "inferenceobjectives"))
    if name in ("gie-1.3", "gie-1.5", "llm-d-0.8") or name.startswith("router"):
        lists.add((ALPHA, "inferencemodelrewrites"))
    if name.startswith("router"):
        lists |= {("llm-d.ai", "inferenceobjectives"), ("llm-d.ai", "inferencemodelrewrites")}
    found = {(group, plural, verb) for group, plural in lists for verb in READ}
    if elects:
        written = READ | {"create", "update", "patch", "delete"}
        found |= {("coordination.k8s.io", "leases", verb) for verb in written}
        found |= {("", "events", "create"), ("", "events", "patch")}
    return found


def granted(rules: list[dict[str, Any]]) -> set[Permission]:
    return {
        (group, plural, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for plural in rule["resources"]
        for verb in rule["verbs"]
    }


@case(9)
@pytest.mark.parametrize("elects", [False, True])
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_permissions_are_enough_and_no_more(profile: Profile, elects: bool) -> None:
    for group in profile.pools:
        rules = rules_of(profile, group, elects=elects)
        assert granted(rules) == needed(profile, group, elects=elects)


@case(9)
@pytest.mark.parametrize("name", COMMAND_LINES)
def test_the_command_line_of_each_generation(name: str) -> None:
    assert args(deployed(profile=name)) == COMMAND_LINES[name]


def of(profile: Profile) -> dict[str, Any]:
    owner = pool() if STABLE in profile.pools else alpha_pool()
    return deployed(owner, profile=profile.name)


@case(9)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_flag_is_unknown_to_its_generation(profile: Profile) -> None:
    known = {profile.spelled(flag).lstrip("-") for flag in profile.flags}
    assert flags(of(profile)).keys() <= known


@case(9)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_configuration_is_of_the_kind_that_the_generation_reads(profile: Profile) -> None:
    objects = of(profile)
    if "ConfigMap" in objects:
        assert f"apiVersion: {profile.config}" in objects["ConfigMap"]["data"]["config.yaml"].replace('"', "")
    else:
        assert not profile.config or profile.name == "gie-0.5"


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_probes_ask_for_health_services_that_the_generation_knows(profile: Profile) -> None:
    probed = container(of(profile))
    services = [probed[f"{probe}Probe"]["grpc"]["service"] for probe in ("liveness", "readiness")]
    one = profile.camel_case or profile.name.startswith("lwepp")
    assert services == (["inference-extension"] * 2 if one else ["liveness", "readiness"])


FULL_SPEC: dict[str, Any] = {
    "resources": {"requests": {"cpu": "2"}},
    "env": [{"name": "HF_HOME", "value": "/cache"}],
    "pod": {
        "affinity": {"nodeAffinity": {}},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "imagePullSecrets": [{"name": "registry"}],
        "extraVolumes": [{"name": "cache", "emptyDir": {}}],
    },
    "extraVolumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    "metrics": {"serviceMonitor": {"enabled": True}},
    "destinationRule": {"enabled": True},
    "overlays": {
        "podDisruptionBudget": {"spec": {"maxUnavailable": 1}},
        "horizontalPodAutoscaler": {"spec": {"minReplicas": 1, "maxReplicas": 3}},
    },
}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_kubernetes_accepts_what_each_generation_needs(profile: Profile) -> None:
    authenticating = {"authentication": True} if "metrics-endpoint-auth" in profile.flags else {}
    owner = pool() if STABLE in profile.pools else alpha_pool()
    owner["metadata"]["annotations"]["gwdeployer.dev/parameters"] = "full"
    spec = FULL_SPEC | {"metrics": FULL_SPEC["metrics"] | authenticating, "profile": profile.name}
    objects = planned(owner, [parameters("full", **spec)]).objects
    checked = {obj["kind"] for obj in objects if validate_object(obj, ALL_VERSIONS)}
    assert {"Deployment", "Service", "Role", "PodDisruptionBudget", "HorizontalPodAutoscaler"} <= checked
    assert {obj["kind"] for obj in objects} - checked == {"ServiceMonitor", "DestinationRule"} - (
        set() if "secure-serving" in profile.flags else {"DestinationRule"}
    )


@case(20)
def test_the_selector_is_the_same_in_every_generation() -> None:
    selectors = [of(profile)["Deployment"]["spec"]["selector"] for profile in PROFILES]
    assert selectors == [selectors[0]] * len(PROFILES)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_generation_follows_from_the_published_image(profile: Profile) -> None:
    repository, _, tag = profile.image.rpartition(":")
    assert profile_of_image(repository, tag) is profile
    assert profile_of_image(f"mirror.example.com/{repository.rpartition('/')[2]}", f"{tag}-rc.1") is profile


@pytest.mark.parametrize(
    ("repository", "tag", "name"),
    [
        ("epp", "v0.3.2", "gie-0.4"),
        ("epp", "v1.4.0", "gie-1.5"),
        ("epp", "main", ""),
        ("other", "v1.5.0", ""),
    ],
)
def test_versions_between_and_unknown_ones(repository: str, tag: str, name: str) -> None:
    found = profile_of_image(repository, tag)
    assert (found.name if found else "") == name
