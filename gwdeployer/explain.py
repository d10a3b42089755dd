"""Provenance of a plan: for each leaf of values and objects, who set it.

A second run over traced values (see :mod:`gwdeployer.provenance`) tells where rendered leaves came from. What
a post-processor changed afterwards is found by comparing, and blamed on the last patch that names the place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gwdeployer.generator import Context, Patch, Skip
from gwdeployer.objects import Object, ObjectRef, describe, name_of
from gwdeployer.plan import Leaf, Plan, Provenance, Recipe, release_of
from gwdeployer.provenance import LeafPath, Origin, bare, leaves, origin_of
from gwdeployer.store import ObjectStore

_OWNED = (("metadata", "namespace"), ("metadata", "ownerReferences"))


def explain(recipe: Recipe, owner: Object, store: ObjectStore, plan: Plan) -> Provenance:
    """Return the provenance of a plan that ``recipe`` made for ``owner``. Pure; costs a few plans."""
    context = Context(store, trace=True)
    generator = Origin("generator", type(recipe.generator).__name__)
    values = recipe.generator.get_values(owner, context)
    if isinstance(values, Skip):
        return Provenance({}, {}, {})
    release = release_of(owner)
    rendered = recipe.chart.render(plan.values, release)
    traced = zip(rendered, recipe.chart.trace(values, release), strict=True)
    origins = {_identity(obj): found for obj, found in traced}
    before = {_identity(obj): dict(leaves(obj)) for obj in rendered}
    recipe.generator.post_process(owner, rendered, context)
    finder = _Finder(origins, before, context.patches, Origin("owner", describe(owner)), generator)
    known = {path: origin_of(leaf) for path, leaf in leaves(values)}
    return Provenance(
        _leaves_of_parameters(context.parameters, generator),
        {path: Leaf(value, known.get(path) or generator) for path, value in leaves(plan.values)},
        {ObjectRef.of(obj): finder.leaves_of(obj) for obj in plan.objects},
    )


def _leaves_of_parameters(parameters: Mapping[str, Any], otherwise: Origin) -> dict[LeafPath, Leaf]:
    return {path: Leaf(bare(value), origin_of(value) or otherwise) for path, value in leaves(parameters)}


def _identity(obj: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(obj.get("apiVersion")), str(obj.get("kind")), name_of(obj)


class _Finder(NamedTuple):
    """Finds the origin of each leaf of the finished objects."""

    origins: Mapping[tuple[str, str, str], Mapping[LeafPath, Origin]]
    before: Mapping[tuple[str, str, str], Mapping[LeafPath, Any]]
    patches: list[Patch]
    owner: Origin
    generator: Origin

    def leaves_of(self, obj: Object) -> dict[LeafPath, Leaf]:
        """Return every leaf of a finished object with its origin."""
        identity = _identity(obj)
        patched = [
            (dict(leaves(_said(patch.content))), patch.origin)
            for patch in reversed(self.patches)
            if patch.object == identity
        ]
        found = {
            path: Leaf(value, self._origin(path, value, identity, patched)) for path, value in leaves(obj)
        }
        for content, origin in patched:
            for path, value in content.items():
                if value is None:  # what a patch took away
                    found.setdefault(path, Leaf(None, origin))
        return found

    def _origin(
        self,
        path: LeafPath,
        value: Any,
        identity: tuple[str, str, str],
        patched: list[tuple[dict[LeafPath, Any], Origin]],
    ) -> Origin:
        """The last patch that says just this; else the template, if it rendered it; else the patch around."""
        if path[:2] in _OWNED:
            return self.owner
        for content, origin in patched:
            if path in content and content[path] == value:
                return origin
        rendered = self.before.get(identity, {})
        if path in rendered and rendered[path] == value:
            return self.origins[identity].get(path, self.generator)
        for content, origin in patched:
            if any(path[: len(place)] == place for place in content):
                return origin
        return Origin("post-processing", self.generator.source)


def _said(patch: Any) -> Any:
    """Return what a patch says, without its directives, so that list items are named as in the result."""
    if isinstance(patch, Mapping):
        return {key: _said(value) for key, value in patch.items() if not str(key).startswith("$")}
    if isinstance(patch, (list, tuple)):
        return [_said(item) for item in patch if not (isinstance(item, Mapping) and set(item) == {"$patch"})]
    return patch
