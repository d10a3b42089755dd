"""What each kind of object does in an API server: decoding, defaults, strategies, validation, CRDs."""

from gwdeployer.testing.apiserver.kinds.builtin import builtin_kinds
from gwdeployer.testing.apiserver.kinds.causes import BadRequest, Cause, Invalid
from gwdeployer.testing.apiserver.kinds.custom import crd_kinds
from gwdeployer.testing.apiserver.kinds.model import Kind, Resource

__all__ = ["BadRequest", "Cause", "Invalid", "Kind", "Resource", "builtin_kinds", "crd_kinds"]
