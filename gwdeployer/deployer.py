"""The Deployer: plans what an owner needs, and remembers the plans of owners that have not changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from gwdeployer.chart import Chart
from gwdeployer.explain import explain
from gwdeployer.generator import Context, HelmValuesGenerator
from gwdeployer.objects import KindRef, Object, metadata_of, name_of, namespace_of, plain
from gwdeployer.plan import Plan, Recipe, plan, render
from gwdeployer.store import ObjectStore, Read, RecordingStore, unchanged


class _Planned(NamedTuple):
    """A plan, and all that it was made of."""

    owner: Object
    reads: Mapping[Read, tuple[Object | None, ...] | None]
    plan: Plan


class Deployer:
    """Deploys a chart for owners of one kind, with values from a generator. Thread-safe and synchronous.

    ::

        deployer = Deployer(KindRef("example.com", "v1", "Site"), controller_name="example.com/sites",
                            chart=Chart.load("charts/site"), generator=SiteValues())
        plan = deployer.plan(site, store)
    """

    def __init__(
        self,
        owner: KindRef,
        *,
        controller_name: str,
        chart: Chart,
        generator: HelmValuesGenerator,
        managed_by: str = "gwdeployer",
    ) -> None:
        """``controller_name`` is the field manager of what is applied; ``managed_by`` the label's value."""
        self.owner = owner
        self.controller_name = controller_name
        self.managed_by = managed_by
        self._recipe = Recipe(owner, chart, generator)
        self._planned: dict[tuple[str, str], _Planned] = {}

    def __repr__(self) -> str:
        """Return what is deployed for whom."""
        return f"Deployer({self.owner}, {self._recipe.chart!r})"

    @property
    def chart(self) -> Chart:
        """The chart that is rendered."""
        return self._recipe.chart

    @property
    def generator(self) -> HelmValuesGenerator:
        """The generator that makes the values."""
        return self._recipe.generator

    @property
    def kinds(self) -> tuple[KindRef, ...]:
        """Every kind that may be produced."""
        return self._recipe.kinds

    def get_objs_to_deploy(self, owner: Mapping[str, Any], store: ObjectStore) -> list[Object]:
        """Return the objects rendered and post-processed for ``owner``; empty where nothing is deployed.

        Without namespace, ownerReferences, order or guards: see :meth:`plan`. Pure. The objects are the
        caller's own. Raises ParametersError and ChartError with all faults at once.
        """
        _, objects = render(self._recipe, self._as_object(owner), Context(store))
        return objects

    def plan(self, owner: Mapping[str, Any], store: ObjectStore, *, trace: bool = False) -> Plan:
        """Return what is to be deployed for ``owner``: objects owned, ordered and guarded. Pure.

        Where neither the owner nor anything the last plan read has changed, that plan is returned again
        (microseconds); otherwise a plan costs about 0.2 ms. Objects are compared by identity, the owner also
        by UID and resourceVersion. With ``trace`` the plan has its ``provenance``, which costs a few plans.
        Raises TerminalErrors with all faults at once, and NotSynced.
        """
        obj = self._as_object(owner)
        made = self._remembered(obj, store)
        return replace(made, provenance=explain(self._recipe, obj, store, made)) if trace else made

    def _remembered(self, obj: Object, store: ObjectStore) -> Plan:
        key = namespace_of(obj), name_of(obj)
        last = self._planned.get(key)
        if last is not None and _same_owner(last.owner, obj) and unchanged(last.reads, store):
            return last.plan
        recording = RecordingStore(store)
        made = plan(self._recipe, obj, recording)
        self._planned[key] = _Planned(obj, recording.reads, made)
        return made

    def forget(self, owner: Mapping[str, Any]) -> None:
        """Drop what is remembered of an owner; call it when the owner is gone."""
        self._planned.pop((namespace_of(owner), name_of(owner)), None)

    def close(self) -> None:
        """Drop everything that is remembered. The deployer can still be used."""
        self._planned.clear()

    def _as_object(self, owner: Mapping[str, Any]) -> Object:
        """Accept any mapping (kopf's bodies are read-only views), with or without its kind."""
        obj = owner if isinstance(owner, dict) else plain(owner)
        if "kind" in obj and "apiVersion" in obj:
            return obj
        return {"apiVersion": self.owner.api_version, "kind": self.owner.kind, **obj}


def _same_owner(before: Object, now: Object) -> bool:
    if before is now:
        return True
    old, new = metadata_of(before), metadata_of(now)
    version = old.get("resourceVersion")
    return bool(version) and version == new.get("resourceVersion") and old.get("uid") == new.get("uid")
