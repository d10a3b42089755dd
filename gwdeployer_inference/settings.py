"""What parameters come to for one generation of pickers: which image, who leads, what is secured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gwdeployer.errors import Fault, ParametersError, nearest, shown
from gwdeployer.provenance import bare
from gwdeployer_inference.configuration import completed, config_faults, default_config, parser_of
from gwdeployer_inference.flags import flag_faults, is_true, named
from gwdeployer_inference.pools import Pool
from gwdeployer_inference.profiles import (
    BY_NAME,
    DEFAULTS,
    LEADER_ELECTION,
    METRICS_AUTH,
    SECURE_SERVING,
    Profile,
    profile_of_image,
)

PORTS = {"grpc": 9002, "health": 9003, "metrics": 9090}

#: What can only be said to a generation that has the flag.
_NEEDED = {
    ("verbosity",): "v",
    ("tls", "reload"): "enable-cert-reload",
    ("tls", "minVersion"): "tls-min-version",
    ("tls", "cipherSuites"): "tls-cipher-suites",
    ("tracing", "enabled"): "tracing",
}

Parameters = Mapping[str, Any]


class Settings(NamedTuple):
    """The decisions behind a picker's objects.

    ``config`` is the EndpointPickerConfig to mount (None: the picker's own default holds). ``elects``:
    replicas elect the one that works. ``secure``: gateways reach it by TLS. ``authenticates``: metrics are
    for clients that the API server knows.
    """

    profile: Profile
    image: Mapping[str, Any]
    ports: Mapping[str, int]
    config: Mapping[str, Any] | None
    elects: bool
    secure: bool
    authenticates: bool


def settings_of(pool: Pool, parameters: Parameters, *, scaled: bool = False) -> Settings:
    """Return the decisions for a pool, whose replicas may be ``scaled`` by an autoscaler.

    Flags that say the same as a parameter win over it, and what depends on it follows. Raises
    ParametersError with all that is contradictory.
    """
    profile = _profile(pool, parameters)
    faults = [*_faults(pool, profile, parameters), *flag_faults(profile, parameters)]
    if faults:
        raise ParametersError(faults)
    config = parameters.get("config")
    if config is None:
        config = default_config(profile, parameters.get("modelServer") or {})
    flags = named(profile, parameters.get("flags") or {})
    tls = parameters.get("tls") or {}
    monitoring = parameters.get("metrics") or {}
    secure = SECURE_SERVING in profile.flags and tls.get("mode") != "Disabled"
    asked = is_true(flags.get(METRICS_AUTH, monitoring.get("authentication", False)))
    return Settings(
        profile,
        _image(profile, parameters.get("image") or {}),
        {**PORTS, **(parameters.get("ports") or {})},
        None if config is None else completed(config, profile),
        is_true(flags.get(LEADER_ELECTION, _elects(profile, parameters, scaled))),
        is_true(flags.get(SECURE_SERVING, secure)),
        asked if METRICS_AUTH in profile.flags else profile.authenticates_metrics,
    )


def _profile(pool: Pool, parameters: Parameters) -> Profile:
    """Return the generation: as named, or by the image, or the newest that reads the pool."""
    name, image = parameters.get("profile"), parameters.get("image") or {}
    default = DEFAULTS[pool.kind.group]
    if name is not None:
        if name not in BY_NAME:
            hint = nearest(str(name), BY_NAME) or f"one of {', '.join(BY_NAME)}"
            raise ParametersError(Fault(f"unknown profile {shown(name)}", "spec.profile", hint=hint))
        return BY_NAME[name]
    if not image.keys() & {"repository", "tag", "digest"}:
        return default
    repository, tag = image.get("repository") or default.repository, str(image.get("tag") or "")
    found = profile_of_image(repository, tag)
    if found is None:
        message = f"unknown image {shown(f'{repository}:{tag}')}"
        hint = f"name the profile it understands: one of {', '.join(BY_NAME)}"
        raise ParametersError(Fault(message, "spec.image", hint=hint))
    return found


def _image(profile: Profile, image: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the image in parts; what parameters do not say is the profile's."""
    registry, _, repository = profile.repository.partition("/")
    parts = {"registry": registry, "repository": repository}
    if not (image.get("tag") or image.get("digest")):
        parts["tag"] = profile.image.rpartition(":")[2]
    return {**parts, **{key: value for key, value in image.items() if value is not None}}


def _elects(profile: Profile, parameters: Parameters, scaled: bool) -> bool:
    """Return whether replicas elect a leader: where asked for, and where there may be several."""
    asked = parameters.get("highAvailability")
    if asked is not None:
        return bool(asked == "LeaderElection")
    return profile.elects_leaders and (scaled or (parameters.get("replicas") or 1) > 1)


def _faults(pool: Pool, profile: Profile, parameters: Parameters) -> Iterator[Fault]:
    if pool.kind.group not in profile.pools:
        message = f"profile {profile.name} reads no pools of {pool.kind.group}"
        names = [one.name for one in BY_NAME.values() if pool.kind.group in one.pools]
        yield Fault(message, "spec.profile", hint=f"use one of {', '.join(names)}")
    if parameters.get("highAvailability") == "LeaderElection" and not profile.elects_leaders:
        hint = "use ActiveActive, or a newer profile"
        yield Fault(f"profile {profile.name} elects no leader", "spec.highAvailability", hint=hint)
    yield from _port_faults(parameters)
    yield from _missing_flags(profile, parameters)
    yield from _security_faults(profile, parameters)
    yield from _model_server_faults(profile, parameters)
    if parameters.get("config") is not None:
        yield from config_faults(parameters["config"], profile)


def _port_faults(parameters: Parameters) -> Iterator[Fault]:
    given = parameters.get("ports") or {}
    taken: dict[int, str] = {}
    # Defaults first: what is at fault is what somebody has set.
    for name, port in {**{name: PORTS[name] for name in PORTS.keys() - given.keys()}, **given}.items():
        if port in taken:
            yield Fault(
                f"port {port} is the {taken[port]} port", f"spec.ports.{name}", hint="use another one"
            )
        taken[port] = name


def _missing_flags(profile: Profile, parameters: Parameters) -> Iterator[Fault]:
    for path, flag in _NEEDED.items():
        value: Any = parameters
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        said = value is not None and bare(value) is not False
        if said and flag not in profile.flags:
            message = f"profile {profile.name} has no flag for this"
            yield Fault(message, ".".join(("spec", *path)), hint="remove it, or use a newer profile")


def _security_faults(profile: Profile, parameters: Parameters) -> Iterator[Fault]:
    mode = (parameters.get("tls") or {}).get("mode")
    if mode == "Secret" and "cert-path" not in profile.flags:
        hint = "use SelfSigned"
        yield Fault(f"profile {profile.name} takes no certificate", "spec.tls.mode", hint=hint)
    wanted = (parameters.get("metrics") or {}).get("authentication")
    if wanted is not None and METRICS_AUTH not in profile.flags and wanted != profile.authenticates_metrics:
        always = "always" if profile.authenticates_metrics else "never"
        message = f"profile {profile.name} {always} authenticates those who read metrics"
        yield Fault(message, "spec.metrics.authentication", hint="remove it")


def _model_server_faults(profile: Profile, parameters: Parameters) -> Iterator[Fault]:
    server = parameters.get("modelServer") or {}
    if parser_of(server) and not profile.reads_data_layer:
        message = f"profile {profile.name} reads no requests of such model servers"
        yield Fault(message, "spec.modelServer", hint="use gie-1.5 or newer")
    if server.get("metrics") and not profile.reads_data_layer and not _names_metrics(profile):
        message = f"profile {profile.name} takes no names of metrics"
        yield Fault(message, "spec.modelServer.metrics", hint="remove them")


def _names_metrics(profile: Profile) -> bool:
    return "total-queued-requests-metric" in profile.flags
