"""Kubernetes objects as plain data: references, names, ownership, order, and the published types."""

from gwdeployer.objects.identity import IdentityCache
from gwdeployer.objects.names import dns_label, is_dns_subdomain, label_value
from gwdeployer.objects.order import tier
from gwdeployer.objects.ownership import is_namespaced, is_owned_by, owned, owner_reference
from gwdeployer.objects.refs import (
    KindRef,
    Object,
    ObjectRef,
    describe,
    metadata_of,
    name_of,
    namespace_of,
    plain,
)
from gwdeployer.objects.selectors import matches
from gwdeployer.objects.strategic_merge import strategic_merge

__all__ = [
    "IdentityCache",
    "KindRef",
    "Object",
    "ObjectRef",
    "describe",
    "dns_label",
    "is_dns_subdomain",
    "is_namespaced",
    "is_owned_by",
    "label_value",
    "matches",
    "metadata_of",
    "name_of",
    "namespace_of",
    "owned",
    "owner_reference",
    "plain",
    "strategic_merge",
    "tier",
]
