"""Kubernetes objects as plain data: references, names, ownership, order, and the published types.

The strategic merge patch is loaded on first use: objects that nothing is laid over need none of it.
"""

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports
from gwdeployer.objects.identity import IdentityCache
from gwdeployer.objects.names import dns_label, is_dns_subdomain, is_namespace_name, label_value
from gwdeployer.objects.order import tier
from gwdeployer.objects.ownership import all_owned, is_namespaced, is_owned_by, owned, owner_reference
from gwdeployer.objects.refs import (
    KindRef,
    Object,
    ObjectRef,
    describe,
    is_mapping,
    mapping_of,
    metadata_of,
    name_of,
    namespace_of,
    plain,
    same_but_for_status,
)
from gwdeployer.objects.selectors import matches

if TYPE_CHECKING:
    from gwdeployer.objects.patch_merge import strategic_merge

__all__ = [
    "IdentityCache",
    "KindRef",
    "Object",
    "ObjectRef",
    "all_owned",
    "describe",
    "dns_label",
    "is_dns_subdomain",
    "is_mapping",
    "is_namespace_name",
    "is_namespaced",
    "is_owned_by",
    "label_value",
    "mapping_of",
    "matches",
    "metadata_of",
    "name_of",
    "namespace_of",
    "owned",
    "owner_reference",
    "plain",
    "same_but_for_status",
    "strategic_merge",
    "tier",
]

__getattr__, _ = lazy_exports(__name__, {"patch_merge": ("strategic_merge",)})


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
