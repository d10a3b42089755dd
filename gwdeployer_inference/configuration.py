"""The EndpointPickerConfig: what a picker weighs, as a document.

A picker decodes it strictly and only when it starts, so a slip is a crash loop; what can be told from the
document alone is told before anything is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gwdeployer.documents import dump
from gwdeployer.errors import Fault, nearest, shown
from gwdeployer.provenance import bare, from_one, leaves, origin_of, together
from gwdeployer_inference.profiles import ALPHA, BY_NAME, Profile
from gwdeployer_inference.reading import mappings

KIND = "EndpointPickerConfig"
PATH = "spec.config"

_SECTIONS = frozenset(
    {
        "apiVersion",
        "kind",
        "featureGates",
        "plugins",
        "schedulingProfiles",
        "dataLayer",
        "data",
        "flowControl",
        "requestHandler",
        "saturationDetector",
        "parser",
    }
)
#: Plugins that the picker refuses unless experimental ones are allowed.
_EXPERIMENTAL = frozenset({"session-affinity-scorer"})
_REFERENCES = frozenset({"pluginRef", "usageLimitPolicyPluginRef", "crossReplicaSyncerPluginRef"})
_OLD_API = f"{ALPHA}/v1alpha1"
_WEIGHTS = {"queue-scorer": 2, "kv-cache-utilization-scorer": 2, "prefix-cache-scorer": 3}
_NO_WEIGHTS = (BY_NAME["gie-1.0"].name,)
_METRICS_ENDPOINT = {"scheme": "http", "path": "/metrics", "insecureSkipVerify": True}
_SPECS = {
    "queuedRequests": "queuedRequestsSpec",
    "runningRequests": "runningRequestsSpec",
    "kvCacheUsage": "kvUsageSpec",
    "loraInfo": "loraSpec",
    "cacheInfo": "cacheInfoSpec",
}


def default_config(profile: Profile, model_server: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document for model servers nobody wrote one for; None where the picker's own default holds.

    Scorers and weights are those of the upstream charts.
    """
    if not profile.config or profile.camel_case:
        return None
    plugins: list[dict[str, Any]] = [{"type": name} for name in _WEIGHTS]
    weighed = [
        {"pluginRef": name} | ({} if profile.name in _NO_WEIGHTS else {"weight": weight})
        for name, weight in _WEIGHTS.items()
    ]
    config = {
        "apiVersion": profile.config,
        "kind": KIND,
        "plugins": plugins,
        "schedulingProfiles": [{"name": "default", "plugins": weighed}],
    }
    if not profile.reads_data_layer:
        return config
    endpoint = {**_METRICS_ENDPOINT, **(model_server.get("metricsEndpoint") or {})}
    plugins += [{"type": "metrics-data-source", "parameters": endpoint}, _extractor(model_server)]
    if parser := parser_of(model_server):
        plugins.append({"type": parser})
        config |= _parsed_by(profile, parser)
    return config


def parser_of(model_server: Mapping[str, Any]) -> str:
    """Return the plugin that reads the model servers' requests; "": the picker's default."""
    if model_server.get("type") == "triton":
        return "passthrough-parser"
    if model_server.get("protocol") == "grpc" and model_server.get("type", "vllm") == "vllm":
        return "vllmgrpc-parser"
    return ""


def _parsed_by(profile: Profile, parser: str) -> dict[str, Any]:
    reference = {"pluginRef": parser}
    if profile.config == _OLD_API:
        return {"parser": reference}
    return {"requestHandler": {"parsers": [reference]}}


def _extractor(model_server: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plugin that knows what metrics are called; a mapping replaces all of an engine's names."""
    engine = model_server.get("type", "vllm")
    names = model_server.get("metrics")
    parameters: dict[str, Any] = {} if engine == "vllm" else {"defaultEngine": engine}
    if names:
        specs = {spec: names[name] for name, spec in _SPECS.items() if name in names}
        parameters["engineConfigs"] = [{"name": engine, **specs}]
    return {"type": "core-metrics-extractor"} | ({"parameters": parameters} if parameters else {})


def completed(config: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """Return a user's document with what its kind says of itself, where it doesn't, in a stable order."""
    whole: dict[str, Any] = _sorted({"apiVersion": profile.config, "kind": KIND, **config})
    return whole


def document_of(config: Mapping[str, Any]) -> str:
    """Return a document as text, which comes from whoever wrote the document."""
    text = dump(_bare(config))
    origins = [origin for _, leaf in leaves(config) if (origin := origin_of(leaf))]
    if not origins:
        return text
    whole = (origin._replace(source=re.sub(rf"{PATH}.*", PATH, origin.source)) for origin in origins)
    said: str = from_one(text, *together(whole))
    return said


def needs_experimental(config: Mapping[str, Any]) -> bool:
    """Return whether a document names a plugin that the picker refuses by default."""
    return any(plugin.get("type") in _EXPERIMENTAL for plugin in mappings(config.get("plugins")))


def config_faults(config: Mapping[str, Any], profile: Profile) -> Iterator[Fault]:
    """Find what the picker would refuse: another kind, unknown sections, plugins that are not declared."""
    if not profile.config:
        yield Fault(f"profile {profile.name} reads no configuration", PATH, hint="remove it")
        return
    yield from _kind_faults(config, profile)
    for key in config.keys() - _SECTIONS:
        hint = nearest(str(key), _SECTIONS)
        yield Fault(f"unknown section {shown(key)}", f"{PATH}.{key}", hint=hint)
    names: set[str] = set()
    for index, plugin in enumerate(mappings(config.get("plugins"))):
        name = str(plugin.get("name") or plugin.get("type") or "")
        if not plugin.get("type"):
            yield Fault("a plugin needs a type", f"{PATH}.plugins[{index}]", hint="set type")
        if name in names:
            hint = "give one of the two another name"
            yield Fault(f"plugin {shown(name)} is there twice", f"{PATH}.plugins[{index}]", hint=hint)
        names.add(name)
    for path, name in _references(config, PATH):
        if name not in names:
            hint = nearest(str(name), names) or "add it to plugins"
            yield Fault(f"plugin {shown(name)} is not declared", path, hint=hint)


def is_outdated(config: Mapping[str, Any], profile: Profile) -> bool:
    """Return whether the picker takes a document's apiVersion only for compatibility."""
    return bool(config.get("apiVersion", profile.config) != profile.config)


def _kind_faults(config: Mapping[str, Any], profile: Profile) -> Iterator[Fault]:
    accepted = {profile.config, _OLD_API}
    version = config.get("apiVersion", profile.config)
    if version not in accepted:
        message = f"profile {profile.name} does not read {shown(version)}"
        yield Fault(message, f"{PATH}.apiVersion", hint=f"write {profile.config}")
    kind = config.get("kind", KIND)
    if kind != KIND:
        yield Fault(f"{shown(kind)} is not an {KIND}", f"{PATH}.kind", hint=f"write {KIND}")


def _references(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield what refers to plugins, wherever it stands; a plugin's own parameters are its own business."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key in _REFERENCES:
                yield f"{path}.{key}", item
            elif key != "parameters":
                yield from _references(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, f"{path}[{index}]")


def _sorted(value: Any) -> Any:
    """Return a document that is the same text however its keys were written."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value, key=str)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _bare(value: Any) -> Any:
    """Return a document whose leaves do not know where they came from: only such can be written."""
    if isinstance(value, Mapping):
        return {str(key): _bare(item) for key, item in value.items()}
    return [_bare(item) for item in value] if isinstance(value, list) else bare(value)
