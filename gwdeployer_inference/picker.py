"""What the chart is told about one picker: settings as values, the pool's own and those that pools share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.objects import dns_label, label_value
from gwdeployer.parameters import Layer
from gwdeployer_inference.configuration import document_of
from gwdeployer_inference.flags import arguments, named
from gwdeployer_inference.generated import CERTIFICATE_FOLDER, CONFIG_FOLDER, generated_flags
from gwdeployer_inference.inputs import InferenceInputs
from gwdeployer_inference.layers import PickerParameters
from gwdeployer_inference.pools import Pool
from gwdeployer_inference.profiles import rules_of
from gwdeployer_inference.settings import Settings, settings_of

_FIELDS = {"NAMESPACE": "metadata.namespace", "POD_NAME": "metadata.name"}
_MAX_PORT = 65535


class Shared(NamedTuple):
    """What depends on parameters and the pool's API alone; ``arguments`` lack the pool's name."""

    settings: Settings
    arguments: Sequence[str]
    values: Mapping[str, Any]


def shared_values(pool: Pool, merged: PickerParameters, inputs: InferenceInputs) -> Shared:
    """Return what pools of these parameters and this API share. Raises ParametersError."""
    parameters = merged.values
    try:
        settings = settings_of(pool, parameters, scaled=any(map(_scales, merged.layers)))
    except ParametersError as error:
        raise ParametersError(_blamed(fault, merged) for fault in error.faults) from None
    profile = settings.profile
    values = {
        "managedBy": label_value(inputs.managed_by),
        "version": label_value(inputs.version),
        "image": settings.image,
        "ports": settings.ports,
        "probes": dict(zip(("liveness", "readiness"), profile.probes, strict=True)),
        "config": None if settings.config is None else document_of(settings.config),
        "rules": rules_of(profile, pool.kind.group, elects=settings.elects),
        "authenticatesMetrics": settings.authenticates,
        "replicas": parameters.get("replicas"),
        "strategy": parameters.get("strategy") or _strategy(parameters),
        "env": _environment(parameters, settings),
        "resources": parameters.get("resources"),
        "securityContext": parameters.get("securityContext"),
        "pod": {key: value for key, value in parameters["pod"].items() if key != "extraVolumes"},
    }
    added = named(profile, parameters.get("flags") or {})
    written = arguments(profile, generated_flags(parameters, settings), added)
    written += parameters.get("extraArgs") or ()
    return Shared(settings, written, {key: value for key, value in values.items() if value is not None})


def own_values(
    pool: Pool, merged: PickerParameters, shared: Shared, inputs: InferenceInputs
) -> dict[str, Any]:
    """Return the values that are this pool's own."""
    parameters, settings = merged.values, shared.settings
    flags = {"pool-name": pool.name, "pool-namespace": pool.namespace, "pool-group": pool.kind.group}
    own = {
        "name": pool.picker,
        # A namespace has no colon in its name, so no two pools have one name.
        "clusterName": f"{pool.namespace}:{pool.picker}",
        "namespace": pool.namespace,
        "args": [*arguments(settings.profile, flags, {}), *shared.arguments],
        "service": {**parameters["service"], **_service(pool, settings)},
        **_mounted(pool, parameters, settings),
    }
    if (monitor := _service_monitor(pool, parameters, settings)) is not None:
        own["serviceMonitor"] = monitor
    if (parameters.get("destinationRule") or {}).get("enabled") and settings.secure:
        own["destinationHost"] = f"{pool.service}.{pool.namespace}.svc.{inputs.cluster_domain}"
    return own


def _service(pool: Pool, settings: Settings) -> dict[str, Any]:
    """Return the Service's name and ports; metrics make way for the port that the pool names."""
    metrics = settings.ports["metrics"]
    return {
        "name": pool.service,
        "port": pool.port,
        "metricsPort": metrics if metrics != pool.port else metrics % _MAX_PORT + 1,
    }


def _service_monitor(pool: Pool, parameters: Mapping[str, Any], settings: Settings) -> dict[str, Any] | None:
    monitor = (parameters.get("metrics") or {}).get("serviceMonitor") or {}
    if not monitor.get("enabled"):
        return None
    wanted = {key: monitor[key] for key in ("interval", "extraLabels") if key in monitor}
    if settings.authenticates:
        wanted["token"] = dns_label(f"{pool.picker}-metrics-reader")
    return wanted


def _strategy(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the strategy: new pods serve once the old leader is gone, and a rollout would wait."""
    return None if parameters.get("highAvailability") == "ActiveActive" else {"type": "Recreate"}


def _environment(parameters: Mapping[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Return the environment; what a user names is the user's."""
    tracing = parameters.get("tracing") or {}
    ours: list[dict[str, Any]] = [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in _FIELDS.items()
    ]
    plain = dict(settings.profile.environment)
    if tracing.get("enabled"):
        plain |= {
            "OTEL_SERVICE_NAME": "endpoint-picker",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": tracing.get("endpoint") or "http://localhost:4317",
            "OTEL_TRACES_SAMPLER": tracing.get("sampler") or "parentbased_traceidratio",
            "OTEL_TRACES_SAMPLER_ARG": tracing.get("samplerArgument") or "0.1",
        }
    ours += [{"name": name, "value": value} for name, value in plain.items()]
    theirs = parameters.get("env") or []
    taken = {variable.get("name") for variable in theirs}
    return [*(variable for variable in ours if variable["name"] not in taken), *theirs]


def _mounted(pool: Pool, parameters: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return volumes and their mounts: configuration, certificate, and the user's."""
    volumes: list[dict[str, Any]] = []
    mounts: list[dict[str, Any]] = []
    if settings.config is not None:
        volumes.append({"name": "config", "configMap": {"name": pool.picker}})
        mounts.append({"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True})
    tls = parameters.get("tls") or {}
    if tls.get("mode") == "Secret":
        volumes.append({"name": "certificate", "secret": {"secretName": tls["secretName"]}})
        mounts.append({"name": "certificate", "mountPath": CERTIFICATE_FOLDER, "readOnly": True})
    volumes += parameters["pod"].get("extraVolumes") or ()
    mounts += parameters.get("extraVolumeMounts") or ()
    return {"volumes": volumes, "volumeMounts": mounts}


def _scales(layer: Layer) -> bool:
    overlays = layer.values.get("overlays")
    return isinstance(overlays, Mapping) and overlays.get("horizontalPodAutoscaler") is not None


def _blamed(fault: Fault, merged: PickerParameters) -> Fault:
    """Name the object and the layer that set what is at fault; the last one, where several did."""
    for layer in reversed(merged.layers):
        place: Any = {"spec": layer.values}
        for name in fault.path.split("[", 1)[0].split("."):
            place = place.get(name) if isinstance(place, Mapping) else None
        if place is not None and layer.source:
            return Fault(fault.message, fault.path, layer.source, layer.name, fault.hint)
    return fault
