"""What a cache keeps of an object: everything that may matter to somebody, in little space."""

from __future__ import annotations

from gwdeployer.objects import Object, metadata_of

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_HELM_RELEASE = "helm.sh/release.v1"


def reduced(live: Object) -> Object:
    """Return what is kept of an object; ``live`` stays as it is.

    All Secrets and ConfigMaps of a cluster are in a cache, though few are ever read. So objects that nobody
    controls lose two things that say nothing new: kubectl's copy of what it applied, and what Helm stores of
    a release (up to a megabyte for each revision).
    """
    if not any(reference.get("controller") for reference in metadata_of(live).get("ownerReferences") or ()):
        live = _without_copy(live)
        if live.get("type") == _HELM_RELEASE:
            live = {name: value for name, value in live.items() if name != "data"}
    return live


def _without_copy(live: Object) -> Object:
    annotations = metadata_of(live).get("annotations") or {}
    if _LAST_APPLIED not in annotations:
        return live
    kept = {name: value for name, value in annotations.items() if name != _LAST_APPLIED}
    return {**live, "metadata": {**live["metadata"], "annotations": kept}}
