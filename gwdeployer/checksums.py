"""Pods that restart when their configuration changes: its checksum, written on the pods' template.

For programs that read a ConfigMap once, when they start. Computed last, so that it covers what overlays did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from gwdeployer.objects import Object
from gwdeployer.overlays import WORKLOADS

CONFIG_CHECKSUM = "gwdeployer.dev/config-checksum"


def with_config_checksum(objects: Iterable[Object], *, without: frozenset[str] = frozenset()) -> list[Object]:
    """Return objects with the checksum of the ConfigMaps among them on the pod templates among them.

    Keys in ``without``, those that the program watches by itself, do not count. Changes none of ``objects``.
    """
    objects = list(objects)
    config_maps = [obj for obj in objects if obj.get("kind") == "ConfigMap"]
    return with_pod_annotations(
        objects, {CONFIG_CHECKSUM: content_checksum(config_maps, without=without)[:16]}
    )


def content_checksum(config_maps: Iterable[Object], *, without: frozenset[str] = frozenset()) -> str:
    """Return the SHA-256 of what ConfigMaps hold, in hex; keys in ``without`` do not count."""
    digest = hashlib.sha256()
    for config_map in config_maps:
        for part in ("data", "binaryData"):
            for key, text in sorted((config_map.get(part) or {}).items()):
                if key not in without:
                    digest.update(f"{len(key)} {key}{len(text)} {text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def with_pod_annotations(objects: Iterable[Object], annotations: Mapping[str, str]) -> list[Object]:
    """Return objects with annotations on the pod templates of the workloads among them. Changes none."""
    return [_annotated(obj, annotations) if obj.get("kind") in WORKLOADS else obj for obj in objects]


def _annotated(workload: Object, annotations: Mapping[str, str]) -> Object:
    spec = workload["spec"]
    template = spec["template"]
    metadata = template.get("metadata") or {}
    metadata = {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}
    return {**workload, "spec": {**spec, "template": {**template, "metadata": metadata}}}
