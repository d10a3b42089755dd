"""What the server asks of a kind of object: its resource, and what each step of a request makes of an object.

A request runs a body through ``decode``, ``default``, ``prepare_create`` or ``prepare_update``, and
``validate``, in this order. ``metadata``'s own rules (uid, resourceVersion, times, managedFields) are the
server's, who sets what a new object gets (uid, creationTimestamp) before it is prepared.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from gwdeployer.objects import KindRef, Object
from gwdeployer.testing.apiserver.kinds.causes import BadRequest, Cause

if TYPE_CHECKING:
    from gwdeployer.testing.apiserver.fields import Schema

#: What is made of unknown fields: a 400; a warning; nothing. In the latter two they are dropped.
Validation = Literal["Strict", "Warn", "Ignore"]

#: One field path, from the root: ``("metadata", "labels")``.
FieldPath = tuple[str, ...]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True)
class Resource:
    """One kind as discovery names it."""

    kind: KindRef
    plural: str
    singular: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: frozenset[str] = frozenset()


class Kind(ABC):
    """One served group, version and kind. Stateless but for the addresses that Services take."""

    #: Whether objects are of one of the server's own types, rather than plain JSON.
    is_builtin = False
    #: Whether a PUT creates an object that is not there.
    creates_on_put = False
    #: Whether a PUT without a resourceVersion replaces whatever is there.
    unconditional_update = False

    def __init__(self, resource: Resource) -> None:
        """Keep the resource."""
        self.resource = resource

    @property
    def storage(self) -> tuple[str, str]:
        """Return group and plural under which objects are kept: kinds that share it are forms of one kind."""
        return self.resource.kind.group, self.resource.plural

    @cached_property
    @abstractmethod
    def schema(self) -> Schema:
        """Return how values are structured for server-side apply."""

    @abstractmethod
    def open_api(self) -> dict[str, Any]:
        """Return the schema that OpenAPI publishes; references lead to ``#/components/schemas/``."""

    @property
    def type_meta(self) -> Object:
        """Return apiVersion and kind."""
        return {"apiVersion": self.resource.kind.api_version, "kind": self.resource.kind.kind}

    @property
    def empty(self) -> Object:
        """Return what an object is printed as before anything is set; nobody comes to own what it has."""
        return self.type_meta

    @abstractmethod
    def reset_fields(self, subresource: str = "") -> frozenset[FieldPath]:
        """Return what a write through the object, or through one of its subresources, does not own."""

    @abstractmethod
    def parsed(self, obj: Object) -> tuple[Object, list[str]]:
        """Return the object in canonical form, with its unknown fields dropped and told.

        Raises ``BadRequest`` with the decoder's own message if a value has a wrong type.
        """

    def applied(self, obj: Object) -> Object:
        """Return what a server-side apply made, in canonical form. Raises ``BadRequest``."""
        return self.parsed(obj)[0]

    def stored(self, obj: Object) -> Object:
        """Return an object as it comes back from the storage."""
        return obj

    @abstractmethod
    def default(self, obj: Object) -> Object:
        """Return a copy of a decoded object with defaults, in the form that is stored."""

    @abstractmethod
    def prepare_create(self, obj: Object) -> Object:
        """Return what is stored of a new object; may raise ``Invalid``."""

    @abstractmethod
    def prepare_update(self, new: Object, old: Object, subresource: str = "") -> Object:
        """Return what is stored of ``new`` in place of ``old``; may raise ``Invalid``."""

    @abstractmethod
    def validate(self, obj: Object, old: Object | None = None, subresource: str = "") -> list[Cause]:
        """Return everything wrong with a prepared object, as a new one or in place of ``old``."""

    def convert(self, obj: Object) -> Object:
        """Return an object of the same storage in the form of this kind."""
        kind = self.resource.kind
        return {**obj, "apiVersion": kind.api_version, "kind": kind.kind}

    def release(self, obj: Object) -> None:  # noqa: B027 - most kinds hold nothing
        """Give back what an object held beyond itself, once it is deleted or was not stored."""

    def revert(self, new: Object, old: Object) -> None:  # noqa: B027 - most kinds hold nothing
        """Undo what ``prepare_update`` took and gave back for an object that was not stored in the end."""

    def decode(self, obj: Object, *, validation: Validation = "Strict") -> tuple[Object, list[str]]:
        """Return the object as its Go type holds it, and the warnings for unknown fields.

        Raises ``BadRequest`` for a value of a wrong type and, with ``Strict``, for unknown fields. Nothing of
        the input is aliased.
        """
        try:
            result, unknown = self.parsed(obj)
        except BadRequest as error:
            raise self._undecodable(str(error)) from None
        if unknown and validation == "Strict":
            raise self._undecodable("strict decoding error: " + ", ".join(unknown))
        return result, unknown if validation == "Warn" else []

    def _undecodable(self, why: str) -> BadRequest:
        kind = self.resource.kind
        return BadRequest(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}'
        )
