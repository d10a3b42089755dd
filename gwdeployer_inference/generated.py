"""The flags that parameters come to, by the names of the profiles' table, whatever the generation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gwdeployer_inference.configuration import needs_experimental
from gwdeployer_inference.profiles import LEADER_ELECTION, METRICS_AUTH, SECURE_SERVING
from gwdeployer_inference.settings import Settings

#: Where the picker finds what is mounted for it.
CONFIG_FOLDER, CERTIFICATE_FOLDER = "/config", "/certificate"
CONFIG_FILE = "config.yaml"

_METRIC_FLAGS = {
    "queuedRequests": "total-queued-requests-metric",
    "runningRequests": "total-running-requests-metric",
    "kvCacheUsage": "kv-cache-usage-percentage-metric",
    "loraInfo": "lora-info-metric",
    "cacheInfo": "cache-info-metric",
}
#: What engines other than vLLM call the metrics, for generations that are told by flags.
_ENGINE_METRICS = {
    "sglang": {
        "queuedRequests": "sglang:num_queue_reqs",
        "runningRequests": "sglang:num_running_reqs",
        "kvCacheUsage": "sglang:token_usage",
        "loraInfo": "",
    },
    "triton-tensorrt-llm": {
        "queuedRequests": "nv_trt_llm_request_metrics{request_type=waiting}",
        "runningRequests": "nv_trt_llm_request_metrics{request_type=scheduled}",
        "kvCacheUsage": "nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type=fraction}",
        "loraInfo": "",
    },
    "trtllm-serve": {
        "queuedRequests": "trtllm_num_requests_waiting",
        "runningRequests": "trtllm_num_requests_running",
        "kvCacheUsage": "trtllm_kv_cache_utilization",
        "loraInfo": "",
    },
}
_ENDPOINT_FLAGS = {
    "scheme": "model-server-metrics-scheme",
    "path": "model-server-metrics-path",
    "insecureSkipVerify": "model-server-metrics-https-insecure-skip-verify",
}


def generated_flags(parameters: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the flags that parameters come to; those that a generation lacks are left out later."""
    tls = parameters.get("tls") or {}
    flags: dict[str, Any] = {
        "grpc-port": settings.ports["grpc"],
        "grpc-health-port": settings.ports["health"],
        "metrics-port": settings.ports["metrics"],
        "zap-encoder": "json",
        "v": parameters.get("verbosity"),
        "config-file": f"{CONFIG_FOLDER}/{CONFIG_FILE}" if settings.config is not None else None,
        SECURE_SERVING: settings.secure,
        METRICS_AUTH: settings.authenticates,
        "tracing": bool((parameters.get("tracing") or {}).get("enabled")),
        LEADER_ELECTION: _leader_flag(parameters, settings),
        "tls-min-version": tls.get("minVersion"),
        "tls-cipher-suites": ",".join(tls.get("cipherSuites") or ()) or None,
    }
    if tls.get("mode") == "Secret":
        flags |= {"cert-path": CERTIFICATE_FOLDER, "enable-cert-reload": tls.get("reload")}
    if settings.config is not None and needs_experimental(settings.config):
        flags["allow-experimental-plugins"] = True
    return flags | _model_server_flags(parameters.get("modelServer") or {})


def _leader_flag(parameters: Mapping[str, Any], settings: Settings) -> bool | None:
    """Say so where leaders are elected, and where they expressly are not."""
    if settings.elects:
        return True
    return False if parameters.get("highAvailability") == "ActiveActive" else None


def _model_server_flags(server: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags by which earlier generations learn what model servers call their metrics."""
    names = {**_ENGINE_METRICS.get(server.get("type", "vllm"), {}), **(server.get("metrics") or {})}
    endpoint = server.get("metricsEndpoint") or {}
    return {_METRIC_FLAGS[name]: value for name, value in names.items()} | {
        _ENDPOINT_FLAGS[name]: value for name, value in endpoint.items()
    }
