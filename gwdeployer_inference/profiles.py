"""What each generation of endpoint pickers understands: flags, configuration, health checks, permissions.

Command lines of endpoint pickers changed incompatibly several times, so nothing here is guessed from a
version number: a generation is a row of :data:`PROFILES`. Sources: the releases v0.1.0 to v1.6.0 of
kubernetes-sigs/gateway-api-inference-extension, v0.9.0 and v0.10.0 of llm-d/llm-d-router.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gwdeployer_inference.kinds import INFERENCE_POOL, INFERENCE_POOL_ALPHA

STABLE, ALPHA = INFERENCE_POOL.group, INFERENCE_POOL_ALPHA.group
LLM_D = "llm-d.ai"

LEADER_ELECTION = "ha-enable-leader-election"
METRICS_AUTH = "metrics-endpoint-auth"
SECURE_SERVING = "secure-serving"

_READ = ["get", "list", "watch"]
_GIE = "registry.k8s.io/gateway-api-inference-extension/epp"

_ZAP = frozenset({"zap-devel", "zap-encoder", "zap-log-level", "zap-stacktrace-level", "zap-time-encoding"})
_PORTS = frozenset({"grpc-port", "grpc-health-port", "metrics-port"})
_POOL = frozenset({"pool-name", "pool-namespace"})
_V0_1 = _ZAP | _PORTS | _POOL | {"refresh-metrics-interval", "refresh-pods-interval", "target-endpoint-key"}
_V0_2 = _V0_1 | {SECURE_SERVING, "cert-path", "v"}
_METRIC_NAMES = frozenset(
    {"total-queued-requests-metric", "kv-cache-usage-percentage-metric", "lora-info-metric"}
)
_V0_4 = _V0_2 | _METRIC_NAMES
_MODEL_SERVER = frozenset(
    f"model-server-metrics-{part}" for part in ("port", "path", "scheme", "https-insecure-skip-verify")
)
_V0_5 = _V0_4 | _MODEL_SERVER | {"config-file", "config-text", "enable-pprof", "health-checking"}
_V1_0 = (_V0_5 - {"refresh-pods-interval", "target-endpoint-key"}) | {
    "pool-group",
    LEADER_ELECTION,
    "metrics-staleness-threshold",
    "refresh-prometheus-metrics-interval",
}
_V1_1 = _V1_0 | {METRICS_AUTH, "tracing", "cache-info-metric"}
_V1_2 = _V1_1 | {"endpoint-selector", "endpoint-target-ports"}
_V1_3 = _V1_2 | {"enable-cert-reload", "disable-endpoint-subset-filter", "total-running-requests-metric"}
_V1_5 = _V1_3 - _METRIC_NAMES - {"cache-info-metric", "total-running-requests-metric"}
_ROUTER_0_9 = _V1_5 | {"grpc-max-recv-msg-size", "grpc-max-send-msg-size", "enable-grpc-stream-metrics"}
_ROUTER_0_10 = (_ROUTER_0_9 - _MODEL_SERVER) | {
    "drain-timeout",
    "allow-experimental-plugins",
    "emit-endpoint-scores",
    "metrics-cert-dir",
    "metrics-client-ca-file",
    "tls-min-version",
    "tls-cipher-suites",
}
_LWEPP = _ZAP | _PORTS | _POOL | {"pool-group", "endpoint-target-ports", "health-checking", SECURE_SERVING}


class Profile(NamedTuple):
    """One generation of endpoint pickers.

    ``tags`` are the versions it covers, as ``major.minor``. ``flags`` are those its command line knows,
    spelled in kebab case; ``camel_case`` generations spell them otherwise (:meth:`spelled`). ``config`` is
    the apiVersion of its EndpointPickerConfig ("": it reads none). ``pools`` are the groups of the pools it
    reads. ``probes`` are the gRPC health services of liveness and readiness. ``readable`` are further kinds
    (group, plural) that it lists at start and must be allowed to.
    """

    name: str
    image: str
    tags: tuple[str, ...]
    flags: frozenset[str]
    pools: tuple[str, ...]
    config: str = ""
    camel_case: bool = False
    probes: tuple[str, str] = ("liveness", "readiness")
    readable: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    authenticates_metrics: bool = True

    @property
    def repository(self) -> str:
        """The image without its tag."""
        return self.image.rpartition(":")[0]

    @property
    def elects_leaders(self) -> bool:
        """Whether several replicas can agree on the one that works."""
        return LEADER_ELECTION in self.flags

    @property
    def reads_data_layer(self) -> bool:
        """Whether metrics are mapped in the configuration; before, flags named them."""
        return bool(self.config) and not _METRIC_NAMES & self.flags

    def spelled(self, flag: str) -> str:
        """Return a flag as this generation writes it, dashes included; those of logging never changed."""
        if not self.camel_case:
            return f"--{flag}"
        if flag in _ZAP:
            return f"-{flag}"
        first, *words = flag.split("-")
        return "-" + first + "".join(word.capitalize() for word in words)


_MODELS = ((ALPHA, "inferencemodels"),)
_SLICES = (("discovery.k8s.io", "endpointslices"),)
_OBJECTIVES = ((ALPHA, "inferenceobjectives"),)
_REWRITES = (*_OBJECTIVES, (ALPHA, "inferencemodelrewrites"))
_ROUTED = (*_REWRITES, (LLM_D, "inferenceobjectives"), (LLM_D, "inferencemodelrewrites"))
_ONE_SERVICE = ("inference-extension", "inference-extension")
_CONFIG_ALPHA = f"{ALPHA}/v1alpha1"
_CONFIG_LLM_D = f"{LLM_D}/v1alpha1"


def _early(version: str, tags: tuple[str, ...], flags: frozenset[str], **more: Any) -> Profile:
    """Return a row of the generations that read the alpha API alone and spell flags in camel case."""
    name, image = f"gie-{version}", f"{_GIE}:v{version}.0"
    readable = more.pop("readable", _MODELS)
    return Profile(
        name, image, tags, flags, (ALPHA,), camel_case=True, probes=_ONE_SERVICE, readable=readable, **more
    )


def _stable(version: str, tags: tuple[str, ...], flags: frozenset[str], **more: Any) -> Profile:
    return Profile(f"gie-{version}", f"{_GIE}:v{version}.0", tags, flags, config=_CONFIG_ALPHA, **more)


_EITHER = (STABLE, ALPHA)
_STREAMING = (("USE_STREAMING", "true"),)

PROFILES = (
    _early("0.1", ("0.1",), _V0_1, readable=(*_MODELS, *_SLICES)),
    _early("0.2", ("0.2",), _V0_2, readable=(*_MODELS, *_SLICES), environment=_STREAMING),
    _early("0.4", ("0.3", "0.4"), _V0_4),
    _early("0.5", ("0.5",), _V0_5, config=_CONFIG_ALPHA),
    _stable("1.0", ("1.0",), _V1_0, pools=_EITHER, readable=_OBJECTIVES),
    _stable("1.1", ("1.1",), _V1_1, pools=_EITHER, readable=_OBJECTIVES),
    _stable("1.2", ("1.2",), _V1_2, pools=_EITHER, readable=_OBJECTIVES),
    _stable("1.3", ("1.3",), _V1_3, pools=_EITHER, readable=_REWRITES),
    _stable("1.5", ("1.4", "1.5"), _V1_5, pools=(STABLE,), readable=_REWRITES),
    Profile(
        "lwepp-1.6",
        "registry.k8s.io/gateway-api-inference-extension/lwepp:v1.6.0",
        ("1.6",),
        _LWEPP,
        (STABLE,),
        probes=_ONE_SERVICE,
        authenticates_metrics=False,
    ),
    Profile(
        "llm-d-0.8",
        "ghcr.io/llm-d/llm-d-inference-scheduler:v0.8.0",
        ("0.8",),
        _V1_5,
        (STABLE,),
        _CONFIG_ALPHA,
        readable=_REWRITES,
    ),
    Profile(
        "router-0.9",
        "ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.9.0",
        ("0.9",),
        _ROUTER_0_9,
        (STABLE,),
        _CONFIG_LLM_D,
        readable=_ROUTED,
    ),
    Profile(
        "router-0.10",
        "ghcr.io/llm-d/llm-d-router-endpoint-picker:v0.10.0",
        ("0.10",),
        _ROUTER_0_10,
        (STABLE,),
        _CONFIG_LLM_D,
        readable=_ROUTED,
    ),
)
BY_NAME = {profile.name: profile for profile in PROFILES}
#: Deployed where parameters name neither a profile nor an image, by the group of the pool.
DEFAULTS = {STABLE: BY_NAME["router-0.10"], ALPHA: BY_NAME["gie-1.0"]}

_VERSION = re.compile(r"v?(\d+\.\d+)(\.\d+)?([-+].*)?")


def profile_of_image(repository: str, tag: str) -> Profile | None:
    """Return the generation of a published image, by the last part of its name (mirrors keep it) and tag."""
    version = _VERSION.fullmatch(tag)
    name = repository.rpartition("/")[2]
    if version is None:
        return None
    for profile in PROFILES:
        if profile.repository.rpartition("/")[2] == name and version[1] in profile.tags:
            return profile
    return None


def rules_of(profile: Profile, pool_group: str, *, elects: bool) -> list[dict[str, Any]]:
    """Return the rules of the picker's Role: what it lists at start, and the lease if it elects leaders."""
    return list(_rules(profile, pool_group, elects=elects))


def _rules(profile: Profile, pool_group: str, *, elects: bool) -> Iterator[dict[str, Any]]:
    yield _rule("", "pods", _READ)
    yield _rule(pool_group, "inferencepools", _READ)
    for group, plural in profile.readable:
        yield _rule(group, plural, _READ)
    if elects:
        verbs = [*_READ, "create", "update", "patch", "delete"]
        yield _rule("coordination.k8s.io", "leases", verbs)
        yield _rule("", "events", ["create", "patch"])


def _rule(group: str, plural: str, verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [plural], "verbs": list(verbs)}
