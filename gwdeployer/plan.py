"""The pure half: from an owner and a store to a plan.

::

    owner + store -> get_values -> chart.render -> post_process -> own + order + guard = Plan
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from gwdeployer.chart import Chart, Release
from gwdeployer.documents import copy
from gwdeployer.errors import Fault, GwdeployerError, PlanError
from gwdeployer.generator import Context, HelmValuesGenerator, Skip
from gwdeployer.guards import guard
from gwdeployer.objects import (
    KindRef,
    Object,
    ObjectRef,
    all_owned,
    describe,
    dns_label,
    name_of,
    namespace_of,
    tier,
)
from gwdeployer.objects.owners import Owner
from gwdeployer.provenance import LeafPath, Origin
from gwdeployer.store import ObjectStore

#: One for all plans: most have nothing to name, and each empty set of its own takes 200 bytes.
_NONE: frozenset[Any] = frozenset()


class Recipe(NamedTuple):
    """How owners of one kind are deployed: which chart, and who makes its values."""

    owner: KindRef
    chart: Chart
    generator: HelmValuesGenerator

    @property
    def kinds(self) -> tuple[KindRef, ...]:
        """Every kind that a plan of this recipe may hold."""
        declared = self.generator.kinds()
        return self.chart.kinds if declared is None else tuple(declared)

    @property
    def reads_status(self) -> bool:
        """Whether the status of an owner can change its values."""
        owner = self.owner.group_kind
        return any(watch.status and watch.kind.group_kind == owner for watch in self.generator.watches())


class Leaf(NamedTuple):
    """One leaf, and who set it."""

    value: Any
    origin: Origin

    def __repr__(self) -> str:
        """Return who set it; never the value, which may be secret."""
        return f"<Leaf of {self.origin}>"


class Provenance(NamedTuple):
    """Where everything in a plan came from: effective parameters, values, and each object."""

    parameters: Mapping[LeafPath, Leaf]
    values: Mapping[LeafPath, Leaf]
    objects: Mapping[ObjectRef, Mapping[LeafPath, Leaf]]


@dataclass(frozen=True)
class Plan:
    """The objects to apply for one owner, ready and guarded. What ``render`` prints and the cluster applies.

    It is for reading only: its objects have parts in common with other plans, and with what is live. Who has
    to change them does so in a generator's ``post_process``, or takes ``Deployer.get_objs_to_deploy``.

    ``skip`` is set, and ``objects`` empty, where nothing is to be deployed. ``kinds`` are all kinds that
    could have been planned: what is there of them, is the owner's and is not in ``objects`` may be pruned.
    ``create_only`` names the objects that are made once and then left alone, ``optional`` the kinds that the
    API server may lack. ``made_from`` are the values as the generator has them, for reading only. ``claim``
    is what the owner says to those who write to a cluster. ``provenance`` is there where it was asked for.
    """

    owner: ObjectRef
    objects: tuple[Object, ...] = ()
    create_only: frozenset[ObjectRef] = frozenset()
    optional: frozenset[KindRef] = frozenset()
    made_from: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    skip: Skip | None = None
    kinds: tuple[KindRef, ...] = ()
    warnings: tuple[Fault, ...] = ()
    provenance: Provenance | None = field(default=None, compare=False)
    claim: Owner | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        """Agree with equality: plans for one owner that would apply the same."""
        return hash((self.owner, self.digest))

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The Helm-like values that the objects were rendered from; a copy, for whoever looks at them."""
        copied: Mapping[str, Any] = copy(self.made_from)
        return copied

    @cached_property
    def refs(self) -> tuple[ObjectRef, ...]:
        """The references to the objects, in the same order."""
        return tuple(map(ObjectRef.of, self.objects))

    @cached_property
    def digest(self) -> str:
        """A hash of the objects: equal for plans that would apply the same."""
        text = json.dumps(self.objects, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def __repr__(self) -> str:
        """Return the owner and the names of the objects; never their content, which may be secret."""
        what = self.skip.reason if self.skip else ", ".join(describe(obj) for obj in self.objects)
        return f"<Plan for {self.owner}: {what}>"


def render(
    recipe: Recipe, owner: Object, context: Context, *, shared: bool = False
) -> tuple[Mapping[str, Any] | Skip, list[Object]]:
    """Return the values of an owner and the objects rendered and post-processed from them.

    With ``shared`` the objects are for reading only. Raises ParametersError or ChartError, with the owner
    named.
    """
    try:
        return _rendered(recipe, owner, context, shared and recipe.generator.only_reads)
    except GwdeployerError as error:
        raise error.about(owner=describe(owner)) from error.__cause__


def _rendered(
    recipe: Recipe, owner: Object, context: Context, shared: bool
) -> tuple[Mapping[str, Any] | Skip, list[Object]]:
    values = recipe.generator.get_values(owner, context)
    if isinstance(values, Skip):
        return values, []
    _returned(recipe, "get_values", values, isinstance(values, Mapping), "a mapping or a Skip")
    rendered = recipe.chart.render(values, release_of(owner), shared=shared)
    objects = recipe.generator.post_process(owner, rendered, context)
    sound = isinstance(objects, list) and all(isinstance(obj, dict) for obj in objects)
    _returned(recipe, "post_process", objects, sound, "a list of objects")
    return values, objects


def _returned(recipe: Recipe, method: str, value: object, sound: bool, wanted: str) -> None:
    """Refuse what a third party's method may not return, by name: it would fail later with fewer words."""
    if not sound:
        name = type(recipe.generator).__name__
        message = f"{name}.{method} must return {wanted}, not {type(value).__name__}"
        raise PlanError(Fault(message, subject="generator"))


def release_of(owner: Object) -> Release:
    """Return what the owner's chart sees as ``Release``."""
    return Release(dns_label(name_of(owner)), namespace_of(owner) or "default")


def plan(recipe: Recipe, owner: Object, store: ObjectStore) -> Plan:
    """Return what is to be deployed for ``owner``. Pure: reads ``store``, changes nothing.

    Raises TerminalErrors with all faults at once, NotSynced where the store does not know enough yet.
    """
    if not name_of(owner):
        raise PlanError(Fault("has no name", "metadata.name", recipe.owner.kind, hint="give it one"))
    context = Context(store)
    values, rendered = render(recipe, owner, context, shared=True)
    claim = Owner.of(owner, recipe.owner)
    warnings = (*context.warnings, *claim.faults)
    if isinstance(values, Skip):
        return Plan(claim.ref, skip=values, kinds=recipe.kinds, warnings=warnings, claim=claim)
    objects = sorted(all_owned(rendered, owner, recipe.owner), key=tier)
    kinds = recipe.kinds
    guard(objects, claim.namespace, kinds, describe(owner))
    return Plan(
        claim.ref,
        tuple(objects),
        frozenset(context.create_only) if context.create_only else _NONE,
        frozenset(context.optional) if context.optional else _NONE,
        values,
        kinds=kinds,
        warnings=warnings,
        claim=claim,
    )
