"""The picker's command line: what is generated, what users add, and each flag once.

A flag is written as one argument, ``--name=value``. A boolean in an argument of its own would end the flags
for the pickers whose parser is Go's, and set nothing for the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gwdeployer.errors import Fault, nearest, shown
from gwdeployer.provenance import bare
from gwdeployer_inference.profiles import Profile

#: Flags that parameters of their own, or the pool, decide.
RESERVED = {
    "pool-name": "it is the pool's",
    "pool-namespace": "it is the pool's",
    "pool-group": "it is the pool's",
    "endpoint-selector": "it is the pool's",
    "endpoint-target-ports": "it is the pool's",
    "grpc-port": "set spec.ports.grpc",
    "grpc-health-port": "set spec.ports.health",
    "metrics-port": "set spec.ports.metrics",
    "config-file": "set spec.config",
    "config-text": "set spec.config",
    "cert-path": "set spec.tls",
}
_REMOVED = {
    "total-queued-requests-metric": "set spec.modelServer.metrics",
    "total-running-requests-metric": "set spec.modelServer.metrics",
    "kv-cache-usage-percentage-metric": "set spec.modelServer.metrics",
    "lora-info-metric": "set spec.modelServer.metrics",
    "cache-info-metric": "set spec.modelServer.metrics",
    "model-server-metrics-port": "it is the pool's target port",
    "model-server-metrics-path": "set spec.modelServer.metricsEndpoint.path",
    "model-server-metrics-scheme": "set spec.modelServer.metricsEndpoint.scheme",
    "model-server-metrics-https-insecure-skip-verify": "set spec.modelServer.metricsEndpoint",
}
_NAME = re.compile(r"--?([^=]+)")

Flags = Mapping[str, Any]


def named(profile: Profile, flags: Flags) -> dict[str, Any]:
    """Return a user's flags by the names of the profiles' table, however the generation spells them."""
    names = {profile.spelled(flag).lstrip("-"): flag for flag in profile.flags}
    return {names.get(name, name): value for name, value in flags.items()}


def arguments(profile: Profile, generated: Flags, added: Flags) -> list[str]:
    """Return the command line: generated flags that the generation knows, over which a user's win."""
    known = {name: value for name, value in generated.items() if name in profile.flags and value is not None}
    return [f"{profile.spelled(name)}={text(value)}" for name, value in {**known, **added}.items()]


def text(value: Any) -> str:
    """Return a flag's value as Go's parsers read it."""
    value = bare(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_true(value: Any) -> bool:
    """Return what a boolean flag's value means."""
    return text(value).lower() in ("true", "1", "t")


def flag_faults(profile: Profile, parameters: Mapping[str, Any]) -> Iterator[Fault]:
    """Find flags that are not the user's to set, or that this generation would end with a usage message."""
    flags = parameters.get("flags") or {}
    for written, name in zip(flags, named(profile, flags), strict=True):
        if fault := _fault(profile, written, name, f"spec.flags.{written}"):
            yield fault
    for index, argument in enumerate(parameters.get("extraArgs") or ()):
        match = _NAME.match(argument)
        if match and (name := next(iter(named(profile, {match[1]: ""})))) in {*RESERVED, *profile.flags}:
            hint = RESERVED.get(name) or f"set spec.flags.{match[1]}"
            yield Fault(f"{shown(match[1])} would be there twice", f"spec.extraArgs[{index}]", hint=hint)


def _fault(profile: Profile, written: str, name: str, path: str) -> Fault | None:
    if name in RESERVED:
        return Fault(f"flag {shown(written)} is not to be set here", path, hint=RESERVED[name])
    if name in profile.flags:
        return None
    spellings = [profile.spelled(flag).lstrip("-") for flag in profile.flags]
    hint = _REMOVED.get(name) or nearest(written, spellings) or "name the profile that knows it"
    return Fault(f"profile {profile.name} knows no flag {shown(written)}", path, hint=hint)
