"""Pods that restart when their configuration changes: its checksum, written on the pods' template.

For programs that read a ConfigMap once, when they start. Computed last, so that it covers what overlays did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from gwdeployer.objects import Object
from gwdeployer.overlays import WORKLOADS

CONFIG_CHECKSUM = "gwdeployer.dev/config-checksum"


def stamp_config_checksum(objects: Iterable[Object], *, without: frozenset[str] = frozenset()) -> None:
    """Write the checksum of the ConfigMaps among ``objects`` onto the pod templates among them, in place.

    Keys in ``without``, those that the program watches by itself, do not count.
    """
    objects = list(objects)
    config_maps = [obj for obj in objects if obj.get("kind") == "ConfigMap"]
    annotate_pods(objects, {CONFIG_CHECKSUM: content_checksum(config_maps, without=without)[:16]})


def content_checksum(config_maps: Iterable[Object], *, without: frozenset[str] = frozenset()) -> str:
    """Return the SHA-256 of what ConfigMaps hold, in hex; keys in ``without`` do not count."""
    digest = hashlib.sha256()
    for config_map in config_maps:
        for part in ("data", "binaryData"):
            for key, text in sorted((config_map.get(part) or {}).items()):
                if key not in without:
                    digest.update(f"{len(key)} {key}{len(text)} {text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def annotate_pods(objects: Iterable[Object], annotations: Mapping[str, str]) -> None:
    """Put annotations on the pod templates of the workloads among ``objects``, in place."""
    for obj in objects:
        if obj.get("kind") in WORKLOADS:
            metadata = obj["spec"]["template"].setdefault("metadata", {})
            metadata["annotations"] = {**(metadata.get("annotations") or {}), **annotations}
