"""One model of everything that a schema is made from. Each field is a feature; its description says which.

``python -m tests.crd.all_features`` writes what becomes of it.
"""

# ruff: noqa: RUF012 - pydantic copies a default that can be changed

from __future__ import annotations

from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from gwdeployer import documents
from gwdeployer.crd import CrdDefinition, PrinterColumn, crd_of
from gwdeployer.objects import KindRef
from gwdeployer.objects.types import KubernetesType
from gwdeployer.parameters import (
    ByKey,
    Constraint,
    Distinct,
    DistinctBy,
    ExactlyOneOf,
    MaxItemsPerLayer,
    ParametersModel,
    Published,
    Rule,
    Validation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).with_suffix(".yaml")


class Color(Enum):
    RED = "red"
    GREEN = "green"


class Entry(ParametersModel):
    """An entry of a list."""

    name: str
    protocol: Literal["TCP", "UDP"] | None = None


class Tree(ParametersModel):
    """A model that contains itself."""

    value: int
    left: Tree | None = None
    right: Tree | None = None


class Open(BaseModel):
    """A model that is not strict.

    This second paragraph is not for kubectl explain.
    """

    model_config = ConfigDict(extra="allow")

    known: str = "default"


class Choice(ParametersModel):
    rules: ClassVar = (ExactlyOneOf("one", "namespace"),)

    one: str | None = None
    namespace: str | None = None


class Ordered(Rule):
    """A rule with both forms."""

    def faults(self, model: BaseModel) -> Iterator[Any]:
        yield from ()

    def validations(self) -> Iterator[Validation]:
        yield Validation(
            "!has(self.low) || !has(self.high) || self.low <= self.high", "low must be at most high"
        )


class OnlyOurs(Rule):
    """A rule that CEL cannot say."""

    def faults(self, model: BaseModel) -> Iterator[Any]:
        yield from ()


class NotEmpty(Constraint):
    """A constraint of one's own."""

    def faults(self, value: Any, *, merged: bool) -> Iterator[Any]:
        yield from ()

    def keywords(self) -> dict[str, Any]:
        return {"minProperties": 1}


class AllFeatures(ParametersModel):
    """The spec; its rules follow below."""

    rules: ClassVar = (Ordered(), OnlyOurs())
    merged_rules: ClassVar = (ExactlyOneOf("text", "flag"),)

    text: Annotated[str, Field(description="Required, since it has no default.")]
    flag: Annotated[bool | None, Field(description="Optional, not nullable.")] = None
    low: Annotated[int | None, Field(description="No bounds: int64.")] = None
    high: Annotated[int, Field(ge=0, le=100, description="Bounds within int32.")] | None = None
    big: Annotated[int, Field(gt=0, le=2**40, description="Beyond int32; an exclusive bound.")] | None = None
    full: Annotated[int, Field(ge=-(2**31), le=2**31 - 1, description="Said by the format.")] | None = None
    wide: Annotated[
        int, Field(ge=0, le=9), Published({"format": "int64"}), Field(description="A format that was said.")
    ] = 0
    ratio: Annotated[float, Field(ge=0, lt=1.5, description="A number; an exclusive bound.")] | None = None
    step: Annotated[int, Field(multiple_of=5, description="multipleOf")] | None = None
    word: Annotated[str, Field(min_length=1, max_length=9, pattern=r"^[a-z]+$", description="Bounds.")] = "a"
    choice: Annotated[Literal["a", "b"], Field(description="Literals are an enum.")] = "a"
    only: Annotated[Literal["x"], Field(description="One literal, too.")] = "x"
    color: Annotated[Color, Field(description="And an Enum.")] = Color.RED
    since: Annotated[datetime | None, Field(description="A format that API servers check.")] = None
    port: Annotated[int | str, Field(description="int-or-string")] = 80
    either: Annotated[bool | list[str], Field(description="Another union: free-form.")] = False
    anything: Annotated[Any, Field(description="Any: free-form.")] = None
    raw: Annotated[dict[str, Any], Field(description="A free-form object.")] = {}
    labels: Annotated[dict[str, str] | None, Field(description="A map.")] = None
    patch: Annotated[dict[str, str | None], Field(description="A map whose values may be null.")] = {}
    levels: Annotated[dict[str, int], NotEmpty(), Field(description="A constraint's keywords.")] = {}
    names: Annotated[list[str], Field(min_length=1, description="A list: atomic.")] = []
    gaps: Annotated[list[int | None], Field(description="A list whose items may be null.")] = []
    few: Annotated[list[str], MaxItemsPerLayer(3), Field(description="maxItems of each layer.")] = []
    families: Annotated[list[str], Distinct(), Field(description="A list of type set.")] = []
    tags: Annotated[set[str], Field(description="A Python set, too.")] = set()
    by_name: Annotated[list[Entry], ByKey("name"), Field(description="A list map: the key is required.")] = []
    by_both: Annotated[
        list[Entry],
        ByKey("name", "protocol", defaults={"protocol": "TCP"}),
        Field(description="A list map: one key has a default, which the items get."),
    ] = []
    by_maybe: Annotated[
        list[Entry], ByKey("protocol"), Field(description="Atomic: an item may lack the key.")
    ] = []
    distinct: Annotated[list[Entry], DistinctBy("name"), Field(description="A list map by constraint.")] = []
    inner: Annotated[Choice | None, Field(description="A model, with a rule on a name that is CEL's.")] = None
    undocumented: Choice | None = None
    tree: Tree | None = None
    open: Open | None = None
    default: Annotated[int, Published({"default": 7}), Field(description="A default for the API server.")] = 0
    selector: Annotated[dict[str, Any], KubernetesType("meta.v1.LabelSelector")] | None = None
    env: list[Annotated[dict[str, Any], KubernetesType("core.v1.EnvVar")]] | None = None
    limit: Annotated[str, KubernetesType("api.resource.Quantity")] | None = None
    snake_ip_case: Annotated[str | None, Field(description="snakeIPCase")] = None


class Status(BaseModel):
    """What was found."""

    ready: bool = False


DEFINITION = CrdDefinition(
    KindRef("example.com", "v1beta1", "Feature"),
    spec=AllFeatures,
    status=Status,
    short_names=("feat",),
    categories=("all",),
    scope="Cluster",
    printer_columns=(
        PrinterColumn("Ready", ".status.ready", "boolean", "Whether it is."),
        PrinterColumn("Text", ".spec.text", priority=1),
    ),
    labels={"example.com/part": "crd"},
    annotations={"example.com/made-from": "a model"},
    description="Every feature once.",
)

if __name__ == "__main__":
    GOLDEN.write_text(documents.dump(crd_of(DEFINITION)))
