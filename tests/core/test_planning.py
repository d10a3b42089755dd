"""From an owner to a plan: ownership, order, guards, skips and warnings, for an owner that is no Gateway."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any

import pytest

from gwdeployer import (
    ChartError,
    Context,
    Fault,
    HelmValuesGenerator,
    KindRef,
    MemoryStore,
    Object,
    ObjectRef,
    ParametersError,
    PlanError,
    Skip,
    Watch,
    reads_only,
)
from gwdeployer.generator import Context as ContextClass
from tests.core.sites import (
    SITE,
    TEMPLATES,
    SiteValues,
    chart,
    config,
    deployer,
    kinds_of,
    site,
    tenant,
    text_of,
)

STORE = MemoryStore()
REFERENCE = {"apiVersion": "example.com/v1", "kind": "Site", "name": "shop", "uid": "u-1", "controller": True}
CLUSTER_ROLE = "ClusterRole"


def test_what_others_need_comes_first() -> None:
    plan = deployer().plan(site(), STORE)
    assert kinds_of(plan.objects) == ["ServiceAccount", "ConfigMap", "ClusterRole", "Service", "Deployment"]


def test_objects_of_an_owner_with_a_uid_are_owned_by_it() -> None:
    plan = deployer().plan(site(uid="u-1"), STORE)
    for obj in plan.objects:
        if obj["kind"] != CLUSTER_ROLE:
            assert obj["metadata"]["namespace"] == "prod"
            assert obj["metadata"]["ownerReferences"] == [REFERENCE]


def test_objects_of_an_owner_from_a_file_are_in_its_namespace_without_an_owner_reference() -> None:
    plan = deployer().plan(site(), STORE)
    for obj in plan.objects:
        assert "ownerReferences" not in obj["metadata"]
        assert obj["metadata"].get("namespace") == (None if obj["kind"] == CLUSTER_ROLE else "prod")


def test_an_owner_without_a_namespace_is_in_default() -> None:
    owner = site()
    del owner["metadata"]["namespace"]
    plan = deployer().plan(owner, STORE)
    assert {obj["metadata"].get("namespace") for obj in plan.objects} == {"default", None}


def test_a_cluster_scoped_object_carries_its_owner_in_labels_and_annotations() -> None:
    [role] = [obj for obj in deployer().plan(site(uid="u-1"), STORE).objects if obj["kind"] == CLUSTER_ROLE]
    assert role["metadata"] == {
        "name": "shop",
        "labels": {"mine": "yes", "gwdeployer.dev/owner-uid": "u-1"},
        "annotations": {
            "mine": "no",
            "gwdeployer.dev/owner-namespace": "prod",
            "gwdeployer.dev/owner-name": "shop",
        },
    }


def test_a_plan_says_what_it_is_for_and_what_it_may_hold() -> None:
    plan = deployer().plan(site(), STORE)
    assert plan.owner == ObjectRef(SITE, "prod", "shop")
    assert {kind.kind for kind in plan.kinds} == {
        "Deployment",
        "Service",
        "ClusterRole",
        "ConfigMap",
        "ServiceAccount",
    }
    assert plan.values["name"] == "shop"
    assert plan.create_only == frozenset()
    assert plan.skip is None


def test_equal_objects_have_one_digest_and_others_another() -> None:
    first, second = deployer().plan(site(), STORE), deployer().plan(site(), STORE)
    changed = deployer().plan(site(spec={"config": "c"}), MemoryStore([config("x", "c")]))
    assert first.digest == second.digest != changed.digest


def test_a_repr_shows_names_and_no_content() -> None:
    plan = deployer().plan(site(), MemoryStore([config("s3cret")]))
    assert repr(plan).startswith("<Plan for Site prod/shop: ServiceAccount prod/shop, ConfigMap prod/shop")
    assert "s3cret" not in repr(plan)
    assert "u-1: no" in repr(deployer().plan(site(spec={"skip": "u-1: no"}), STORE))


def test_a_skip_says_why_and_keeps_the_kinds_for_cleaning_up() -> None:
    plan = deployer().plan(site(spec={"skip": "not today"}), STORE)
    assert plan.skip == Skip("not today", cleanup=True)
    assert plan.objects == ()
    assert len(plan.kinds) == 5
    assert deployer().get_objs_to_deploy(site(spec={"skip": "not today"}), STORE) == []


def test_warnings_come_with_the_plan() -> None:
    plan = deployer().plan(site(spec={"warning": "odd"}), STORE)
    assert plan.warnings == (Fault("odd", "spec.warning", hint="do not"),)


def test_objects_to_deploy_are_as_rendered() -> None:
    objects = deployer().get_objs_to_deploy(site(uid="u-1"), STORE)
    assert kinds_of(objects) == ["Deployment", "Service", "ClusterRole", "ConfigMap", "ServiceAccount"]
    assert all("ownerReferences" not in obj["metadata"] for obj in objects)


# --- What may be handed in --------------------------------------------------------------------------------


def frozen(value: Any) -> Any:
    """Return a read-only view all the way down, as kopf hands bodies to handlers."""
    if isinstance(value, dict):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    return value


def test_read_only_mappings_are_accepted() -> None:
    owner = site(uid="u-1")
    assert deployer().plan(frozen(owner), STORE).digest == deployer().plan(owner, STORE).digest
    assert len(deployer().get_objs_to_deploy(frozen(owner), STORE)) == 5


def test_an_owner_that_lost_its_kind_gets_it_back() -> None:
    """Typed clients drop apiVersion and kind of what they read."""
    owner = {key: value for key, value in site(uid="u-1").items() if key in ("metadata", "spec")}
    [first, *_] = deployer().plan(owner, STORE).objects
    assert first["metadata"]["ownerReferences"] == [REFERENCE]


def test_neither_owner_nor_store_is_changed() -> None:
    owner, held = site(uid="u-1"), config("x")
    before = repr((owner, held))
    deployer().plan(owner, MemoryStore([held]))
    assert repr((owner, held)) == before


# --- Guards -----------------------------------------------------------------------------------------------


class Posting(SiteValues):
    """Adds objects after rendering, as overlays and strangers do."""

    def __init__(self, *objects: Object) -> None:
        super().__init__()
        self.objects = objects

    def post_process(self, owner: Object, objects: list[Object], context: ContextClass) -> list[Object]:
        return [*objects, *self.objects]


def obj(kind: Any = "ConfigMap", name: Any = "extra", **metadata: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **metadata}}


GUARDED = [
    (obj(name="shop"), "ConfigMap prod/shop: is rendered twice; give one of the two another name"),
    (
        obj(namespace="other"),
        "ConfigMap other/extra metadata.namespace: is in namespace 'other', not in its owner's, 'prod'",
    ),
    (
        obj("Secret"),
        "Secret prod/extra: kind Secret is not one that this deployer produces; "
        "add it to the generator's kinds(), or it would never be pruned",
    ),
    (
        obj(labels={"a": 1}),
        "ConfigMap prod/extra metadata.labels[a]: 1 is not text; quote it",
    ),
    (
        obj(annotations={"a": True}),
        "ConfigMap prod/extra metadata.annotations[a]: True is not text; quote it",
    ),
    *[
        (obj(name=name), f"{name!r} is not a name Kubernetes accepts")
        for name in ("Upper", "a b", "", None, 7, "-a", "a-", "a" * 254, "a/b", "a\n")
    ],
]


@pytest.mark.parametrize(("added", "message"), GUARDED, ids=[message[:50] for _, message in GUARDED])
def test_what_may_not_be_deployed_is_refused(added: Object, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        deployer(Posting(added)).plan(site(), STORE)
    assert message in str(caught.value)
    assert caught.value.owner == "Site prod/shop"


def test_a_name_of_253_characters_is_a_name() -> None:
    assert len(deployer(Posting(obj(name="a" * 253))).plan(site(), STORE).objects) == 6


def test_all_refusals_come_at_once() -> None:
    with pytest.raises(PlanError) as caught:
        deployer(Posting(obj("Secret"), obj(name="A"), obj(name="shop"))).plan(site(), STORE)
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize("field", ["labels", "annotations"])
def test_labels_that_are_no_mapping_are_refused(field: str) -> None:
    with pytest.raises(PlanError, match=f"metadata.{field}"):
        deployer(Posting(obj(**{field: ["a"]}))).plan(site(), STORE)


@pytest.mark.parametrize("name", ["a..b", "a.-b", "a-.b"])
def test_every_part_of_a_name_must_be_a_label(name: str) -> None:
    with pytest.raises(PlanError, match="is not a name Kubernetes accepts"):
        deployer(Posting(obj(name=name))).plan(site(), STORE)


# --- A stranger's generator -------------------------------------------------------------------------------


class Stranger(HelmValuesGenerator):
    """Overrides every method."""

    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any]:
        context.state["found"] = "in get_values"
        context.create_only.add(ObjectRef(KindRef("", "v1", "Secret"), "prod", "once"))
        context.optional.add(KindRef("example.com", "v1", "Monitor"))
        return {"name": "stranger"}

    def post_process(self, owner: Object, objects: list[Object], context: Context) -> list[Object]:
        objects[-1]["metadata"]["annotations"] = {"state": context.state["found"]}
        return [*objects[-2:], obj("Secret", "once")]

    def kinds(self) -> list[KindRef]:
        return [KindRef("", "v1", kind) for kind in ("ConfigMap", "ServiceAccount", "Secret")]

    def watches(self) -> list[Watch]:
        return [Watch(KindRef("", "v1", "Node"))]


def test_a_generator_may_override_everything() -> None:
    machine = deployer(Stranger())
    plan = machine.plan(site(), STORE)
    assert kinds_of(plan.objects) == ["ServiceAccount", "ConfigMap", "Secret"]
    assert plan.objects[0]["metadata"]["annotations"] == {"state": "in get_values"}
    assert plan.create_only == {ObjectRef(KindRef("", "v1", "Secret"), "prod", "once")}
    assert plan.optional == {KindRef("example.com", "v1", "Monitor")}
    assert [kind.kind for kind in machine.kinds] == ["ConfigMap", "ServiceAccount", "Secret"]
    assert [watch.kind.kind for watch in machine.generator.watches()] == ["Node"]


def test_what_a_generator_does_by_default() -> None:
    generator = SiteValues()
    assert generator.kinds() is None
    assert generator.watches() == ()
    rendered = [obj()]
    assert generator.post_process(site(), rendered, Context(STORE)) is rendered
    with pytest.raises(TypeError, match="get_values"):
        HelmValuesGenerator()  # type: ignore[abstract]


def test_post_processing_gets_objects_of_its_own() -> None:
    machine = deployer(Stranger())
    first = machine.get_objs_to_deploy(site(), STORE)
    first[0]["metadata"]["name"] = "changed"
    assert machine.get_objs_to_deploy(site(), STORE)[0]["metadata"]["name"] == "stranger"


DEEP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ Values.name }}", labels: {app: web, tier: "{{ Values.text }}"}}
data: {list: !json [1, 2]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ Values.name }}"}
spec:
  replicas: {{ Values.replicas }}
  template: {spec: {containers: [{name: web, env: [{name: A, value: "1"}]}]}}
"""


class Reading(SiteValues):
    """Puts something on an object, and leaves the one it was given as it is."""

    @reads_only
    def post_process(self, owner: Object, objects: list[Object], context: ContextClass) -> list[Object]:
        return [{**one, "metadata": {**one["metadata"], "annotations": {"note": "a"}}} for one in objects]


class Writing(Reading):
    """Changes the objects it is given, deep down."""

    def post_process(self, owner: Object, objects: list[Object], context: ContextClass) -> list[Object]:
        objects[-1]["spec"]["template"]["spec"]["containers"][0]["env"].append(owner["metadata"]["name"])
        return objects


class Wrapping(Reading):
    """Does what it wraps does, and more."""

    @wraps(Reading.post_process)
    def post_process(self, owner: Object, objects: list[Object], context: ContextClass) -> list[Object]:
        objects[-1]["spec"]["template"]["spec"]["containers"][0]["env"].append(owner["metadata"]["name"])
        return super().post_process(owner, objects, context)


def containers_of(generator: HelmValuesGenerator) -> list[Any]:
    """Return the containers that are planned for some Sites, one after the other."""
    machine = deployer(generator, {"all.yaml.j2": DEEP})
    plans = [machine.plan(site(name), STORE) for name in ("a", "b", "c", "d")]
    return [plan.objects[-1]["spec"]["template"]["spec"]["containers"] for plan in plans]


@pytest.mark.parametrize("generator", [SiteValues(), Reading()])
def test_plans_have_in_common_what_is_the_same_for_all_owners(generator: HelmValuesGenerator) -> None:
    first, *others = containers_of(generator)
    assert generator.only_reads
    assert first == [{"name": "web", "env": [{"name": "A", "value": "1"}]}]
    assert all(containers is first for containers in others[:1])
    assert others[1] is others[2]  # by now, templates are not run any more
    assert others[1] == first


@pytest.mark.parametrize("generator", [Writing(), Wrapping()])
def test_who_changes_objects_is_given_others_each_time(generator: HelmValuesGenerator) -> None:
    assert not generator.only_reads  # although what it overrides is marked
    env = [containers[0]["env"] for containers in containers_of(generator)]
    assert env == [[{"name": "A", "value": "1"}, name] for name in ("a", "b", "c", "d")]


def test_objects_to_deploy_are_the_callers_own() -> None:
    machine = deployer(Reading(), {"all.yaml.j2": DEEP})
    for name in ("a", "b", "c", "d"):
        objects = machine.get_objs_to_deploy(site(name), STORE)
        [container] = objects[-1]["spec"]["template"]["spec"]["containers"]
        assert container == {"name": "web", "env": [{"name": "A", "value": "1"}]}
        container["env"].clear()


class Failing(HelmValuesGenerator):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_values(self, owner: Object, context: Context) -> Mapping[str, Any]:
        raise self.error


def test_errors_carry_the_owner() -> None:
    with pytest.raises(ParametersError, match=r"^wrong$") as caught:
        deployer(Failing(ParametersError("wrong"))).plan(site(), STORE)
    assert caught.value.owner == "Site prod/shop"
    with pytest.raises(ParametersError) as caught:
        deployer(Failing(ParametersError("wrong", owner="Somebody"))).get_objs_to_deploy(site(), STORE)
    assert caught.value.owner == "Somebody"


def test_a_strangers_bug_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError, match="oops"):
        deployer(Failing(ZeroDivisionError("oops"))).plan(site(), STORE)


def test_a_chart_with_a_typo_names_file_and_expression_and_guesses() -> None:
    broken = {**TEMPLATES, "b-service.yaml.j2": TEMPLATES["b-service.yaml.j2"].replace("name }}", "nam }}")}
    with pytest.raises(ChartError) as caught:
        deployer(templates=broken).plan(site(), STORE)
    assert "b-service.yaml.j2:4" in str(caught.value)
    assert "Values.nam" in str(caught.value)
    assert "did you mean 'name'?" in str(caught.value)
    assert caught.value.owner == "Site prod/shop"


def test_what_a_plan_reads_comes_from_the_store() -> None:
    store = MemoryStore([config("hello"), tenant("a"), tenant("b"), tenant("c", "other")])
    assert text_of(deployer().plan(site(), store).objects) == "hello 2"


def test_a_release_is_ours_whatever_the_chart() -> None:
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {text: '{{ Release.Service }}'}\n"
    assert text_of(deployer(templates={"x.yaml.j2": template}).plan(site(), STORE).objects) == "gwdeployer"


def test_a_chart_knows_its_kinds_and_release() -> None:
    machine = deployer(
        templates={
            "x.yaml.j2": 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ Release.Name }}"}\n'
            'data: {text: "{{ Release.Namespace }}"}\n'
        }
    )
    [found] = machine.plan(site("Long.name"), STORE).objects
    assert found["metadata"]["name"].startswith("long-name-")
    assert found["data"]["text"] == "prod"
    assert chart().kinds != machine.kinds == (KindRef("", "v1", "ConfigMap"),)


@pytest.mark.parametrize(
    ("method", "returned", "message"),
    [
        ("get_values", [], "get_values must return a mapping or a Skip, not list"),
        ("post_process", [None], "post_process must return a list of objects, not list"),
        ("post_process", None, "post_process must return a list of objects, not NoneType"),
    ],
)
def test_what_a_generator_may_not_return_is_refused_by_name(
    method: str, returned: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = deployer()
    monkeypatch.setattr(machine.generator, method, lambda *_: returned)
    with pytest.raises(PlanError, match=message):
        machine.plan(site(), STORE)


def test_an_owner_without_a_name_is_refused() -> None:
    with pytest.raises(PlanError, match=r"Site metadata\.name: has no name"):
        deployer().plan({"metadata": None}, STORE)


def test_the_values_of_a_plan_are_its_own() -> None:
    machine = deployer()
    first = machine.plan(site(), STORE)
    dict.clear(first.values)  # type: ignore[arg-type]
    machine.forget(site())
    assert machine.plan(site(), STORE).values != {}


def test_plans_can_be_kept_in_sets() -> None:
    machine = deployer()
    first, traced = machine.plan(site(), STORE), machine.plan(site(), STORE, trace=True)
    assert len({first, traced}) == 1
