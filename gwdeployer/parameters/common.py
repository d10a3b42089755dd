"""Models that parameters of every kind can have: a container image, maps of text, and overlays.

An overlay is a strategic merge patch of one rendered object; ``gwdeployer.overlays`` applies it.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator

from gwdeployer.parameters.model import ParametersModel, drop_nulls
from gwdeployer.parameters.policies import PerLayer, Replace, Rivals, Union

__all__ = [
    "ConfigMapOverlay",
    "Image",
    "KubernetesResourceOverlay",
    "Overlay",
    "OverlayMetadata",
    "RawObject",
    "ServiceAccountOverlay",
    "StringMap",
]

StringMap = Annotated[dict[str, str], BeforeValidator(drop_nulls), Union()]
RawObject = Annotated[dict[str, Any], Replace(raw=True)]


class OverlayMetadata(ParametersModel):
    """Labels and annotations to patch in; null removes one."""

    labels: Annotated[dict[str, str | None], Replace(raw=True)] | None = None
    annotations: Annotated[dict[str, str | None], Replace(raw=True)] | None = None


class KubernetesResourceOverlay(ParametersModel):
    """A strategic merge patch. Applied per layer after rendering, so layers don't merge theirs."""

    metadata: OverlayMetadata | None = None
    spec: RawObject | None = None


class ServiceAccountOverlay(KubernetesResourceOverlay):
    """A patch of a ServiceAccount, which has no spec: its fields stand beside the metadata."""

    automount_service_account_token: bool | None = None
    image_pull_secrets: Annotated[list[dict[str, Any]], Replace(raw=True)] | None = None
    secrets: Annotated[list[dict[str, Any]], Replace(raw=True)] | None = None


class ConfigMapOverlay(ParametersModel):
    """A patch of the ConfigMap that holds the configuration; null removes a file."""

    metadata: OverlayMetadata | None = None
    data: Annotated[dict[str, str | None], Replace(raw=True)] | None = None
    binary_data: Annotated[dict[str, str | None], Replace(raw=True)] | None = None


Overlay = Annotated[KubernetesResourceOverlay, PerLayer()]


class Image(ParametersModel):
    """A container image. The tag or the digest, whichever a layer sets last, replaces the other one."""

    merge_rules: ClassVar = (Rivals("tag", "digest"),)

    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None
    pull_policy: str | None = None
