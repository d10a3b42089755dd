"""What a CustomResourceDefinition is made from: a kind, its models, and how people find its objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from gwdeployer.errors import Fault, PluginError
from gwdeployer.objects import KindRef

if TYPE_CHECKING:
    from pydantic import BaseModel

#: How words end that are no plural though they end in s.
_SINGULAR = ("ss", "us", "is")


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """A column of ``kubectl get``; ``path`` is a JSONPath. ``priority`` above 0: only with ``-o wide``."""

    name: str
    path: str
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class CrdDefinition:
    """One kind, in one version, as its author declares it.

    ``spec`` and ``status`` are the models of these two parts; without a status model the status is there and
    holds nothing yet. ``plural`` and ``singular`` are made from the kind if they aren't given. Raises
    PluginError for a kind without a group or version, which no CRD can have.
    """

    kind: KindRef
    spec: type[BaseModel]
    status: type[BaseModel] | None = None
    plural: str = ""
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    scope: Literal["Namespaced", "Cluster"] = "Namespaced"
    printer_columns: tuple[PrinterColumn, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    description: str = ""

    def __post_init__(self) -> None:
        """Fill in the names."""
        if not (self.kind.group and self.kind.version and self.kind.kind):
            hint = "give it all three"
            raise PluginError(
                Fault("needs a group, a version and a kind", subject=f"CRD {self.kind}", hint=hint)
            )
        object.__setattr__(self, "singular", self.singular or self.kind.kind.lower())
        object.__setattr__(self, "plural", self.plural or plural_of(self.singular))

    @property
    def name(self) -> str:
        """The name of the CustomResourceDefinition, which Kubernetes prescribes."""
        return f"{self.plural}.{self.kind.group}"

    def is_called(self, name: str) -> bool:
        """Say whether people mean this kind by ``name``: kind, plural, singular, short name or full name."""
        names = (self.kind.kind, self.plural, self.singular, self.name, str(self.kind), *self.short_names)
        return name.lower() in {known.lower() for known in names}

    def names(self) -> dict[str, Any]:
        """Return the ``names`` of the CRD."""
        names: dict[str, Any] = {
            "kind": self.kind.kind,
            "listKind": f"{self.kind.kind}List",
            "plural": self.plural,
            "singular": self.singular,
        }
        lists = {"shortNames": list(self.short_names), "categories": list(self.categories)}
        return names | {key: value for key, value in lists.items() if value}


def plural_of(singular: str) -> str:
    """Return an English plural as Kubernetes' own generators make them; what is one already stays as it is.

    So ``endpoints`` and ``parameters`` do, by the rule that kubebuilder follows.
    """
    if singular.endswith("s") and not singular.endswith(_SINGULAR):
        return singular
    if singular.endswith(("s", "x", "z", "ch", "sh")):
        return f"{singular}es"
    if singular.endswith("y") and singular[-2:-1] not in set("aeiou"):
        return f"{singular[:-1]}ies"
    return f"{singular}s"
