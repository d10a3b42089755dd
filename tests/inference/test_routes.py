"""Which routes refer to a pool, and pools whose pickers are there only while one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer.objects import Object
from gwdeployer.store import MemoryStore
from gwdeployer_inference.kinds import DEPLOYMENT
from gwdeployer_inference.pools import pool_of
from gwdeployer_inference.routes import BY_POOL, BY_TARGET
from gwdeployer_inference.serving import Serving, gateways_serving
from tests.cli.running import run
from tests.inference.gateways import (
    GATEWAY_API,
    OURS,
    backend,
    gateway,
    gateway_class,
    grant,
    listener_set,
    route,
)
from tests.inference.numbers import case
from tests.inference.scenarios import ALPHA, alpha_pool, planned, pool
from tests.inference.world import World
from tests.servers.servers import Server

ELSEWHERE = "web"
EXAMPLE = Path(__file__).parents[2] / "examples/inference/pool.yaml"
MIRROR = {"type": "RequestMirror", "requestMirror": {"backendRef": backend()}}
OTHER = {"kind": "Service", "name": "web", "port": 80}


def is_deployed(*others: Object, owner: Object | None = None) -> bool:
    plan = planned(owner or pool(), others, deployWhen="referenced")
    assert plan.skip is None or "no route of a Gateway refers to it" in plan.skip.reason
    assert plan.skip is None or plan.skip.cleanup
    return plan.skip is None


@case(20)
@pytest.mark.parametrize(
    "rules",
    [
        [{"backendRefs": [backend()]}],
        [{"backendRefs": [OTHER]}, {"backendRefs": [OTHER, backend()]}],
        [{"backendRefs": [OTHER], "filters": [MIRROR]}],
        [{"backendRefs": [{**OTHER, "filters": [MIRROR]}]}],
        [{"backendRefs": [backend(namespace="ml")]}],
    ],
    ids=["first rule", "second rule", "mirror", "mirror of a backend", "with its namespace"],
)
def test_a_reference_in_any_rule_counts(rules: list[dict[str, Any]]) -> None:
    assert is_deployed(route(rules=rules))


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"backendRefs": [OTHER]}],
        [{"backendRefs": [backend("llama")]}],
        [{"backendRefs": [backend(group="example.com")]}],
        [{"backendRefs": [backend(group=ALPHA)]}],
        [{"backendRefs": [backend(namespace="other")]}],
        [{"backendRefs": "qwen"}],
        "qwen",
    ],
    ids=[
        "no rule",
        "a Service",
        "another pool",
        "another group",
        "alpha",
        "elsewhere",
        "no list",
        "no rules",
    ],
)
def test_a_reference_to_something_else_does_not_count(rules: Any) -> None:
    assert not is_deployed(route(rules=rules))


def test_a_pool_of_the_alpha_api_is_referred_to_by_its_group() -> None:
    assert is_deployed(route(rules=[{"backendRefs": [backend(group=ALPHA)]}]), owner=alpha_pool())
    assert not is_deployed(route(), owner=alpha_pool())


def test_a_grpc_route_counts_too() -> None:
    assert is_deployed(route(kind="GRPCRoute"))


@pytest.mark.parametrize(
    ("parents", "counts"),
    [
        ([{"name": "web"}], True),
        ([{"name": "set", "kind": "ListenerSet"}], True),
        ([{"name": "mesh", "group": "", "kind": "Service"}, {"name": "web"}], True),
        ([{"name": "mesh", "group": "", "kind": "Service"}], False),
        ([], False),
        (None, False),
    ],
)
def test_only_a_route_of_a_gateway_counts(parents: list[dict[str, str]] | None, counts: bool) -> None:
    assert is_deployed(route(parents=parents)) is counts


def from_elsewhere(kind: str = "HTTPRoute") -> Object:
    return route(kind=kind, namespace=ELSEWHERE, rules=[{"backendRefs": [backend(namespace="ml")]}])


@case(20)
@pytest.mark.parametrize(
    ("grants", "counts"),
    [
        ([], False),
        ([grant()], True),
        ([grant(to={"name": "qwen"})], True),
        ([grant(to={"name": "llama"})], False),
        ([grant(to={"kind": "Service"})], False),
        ([grant(to={"group": ALPHA})], False),
        ([grant(source={"kind": "GRPCRoute"})], False),
        ([grant(source={"group": ""})], False),
        ([grant(source={"namespace": "other"})], False),
        ([grant(namespace="other")], False),
        ([grant(to={"name": "llama"}), grant("second")], True),
    ],
)
def test_a_route_of_another_namespace_needs_a_grant(grants: list[Object], counts: bool) -> None:
    assert is_deployed(from_elsewhere(), *grants) is counts


def test_a_grant_is_for_one_kind_of_route() -> None:
    assert not is_deployed(from_elsewhere("GRPCRoute"), grant())


def test_routes_are_not_read_where_nobody_asks_for_them() -> None:
    assert planned(pool(), [route(rules=[])], deployWhen="always").skip is None


@pytest.mark.parametrize(
    "broken", [{}, {"spec": None}, {"spec": {"rules": [None], "to": [None], "parentRefs": 1}}]
)
def test_what_is_no_route_is_indexed_as_nothing(broken: Mapping[str, Any]) -> None:
    assert not BY_POOL.keys_of(dict(broken))
    assert not BY_TARGET.keys_of(dict(broken))


# --- Gateways that serve a pool ---------------------------------------------------------------------------


def serving(*objects: Object) -> list[Serving]:
    return gateways_serving(pool_of(pool()), MemoryStore(objects), OURS)


def test_gateways_of_our_classes_serve_a_pool() -> None:
    others = gateway("foreign", gatewayClassName="foreign"), gateway("classless", gatewayClassName="gone")
    names = [{"name": name} for name in ("web", "foreign", "classless", "gone")]
    classes = gateway_class(), gateway_class("foreign", "example.com/other")
    assert serving(*classes, gateway(), *others, route(parents=names)) == [Serving("ml", "web")]


def test_a_gateway_serves_once_by_whatever_leads_to_it() -> None:
    routes = (
        route(parents=[{"name": "web", "sectionName": "a"}, {"name": "web", "sectionName": "b"}]),
        route(
            "second",
            parents=[{"name": "set", "kind": "ListenerSet"}, {"name": "gone", "kind": "ListenerSet"}],
        ),
    )
    assert serving(gateway_class(), gateway(), listener_set(), *routes) == [Serving("ml", "web")]


def refused(parent: dict[str, str], controller: str = OURS, status: str = "False") -> dict[str, Any]:
    conditions = [{"type": "Accepted", "status": status}]
    return {"parents": [{"parentRef": parent, "controllerName": controller, "conditions": conditions}]}


@pytest.mark.parametrize(
    ("status", "accepted"),
    [
        (refused({"name": "web"}), False),
        (refused({"name": "web", "group": GATEWAY_API, "kind": "Gateway", "namespace": "ml"}), False),
        (refused({"name": "web"}, status="True"), True),
        (refused({"name": "web"}, controller="example.com/other"), True),
        (refused({"name": "web", "sectionName": "other"}), True),
        ({}, True),
    ],
)
def test_a_gateway_that_takes_no_route_says_so(status: dict[str, Any], accepted: bool) -> None:
    found = serving(gateway_class(), gateway(), {**route(), "status": status})
    assert found == [Serving("ml", "web", accepted)]


def test_one_route_that_is_taken_is_enough() -> None:
    refusing = {**route(), "status": refused({"name": "web"})}
    assert serving(gateway_class(), gateway(), refusing, route("second")) == [Serving("ml", "web")]


# --- On a server ------------------------------------------------------------------------------------------


@case(20)
def test_a_picker_comes_with_the_first_route_and_goes_with_the_last(
    routes: Server, make_world: Callable[..., World]
) -> None:
    world = make_world(deployWhen="referenced")
    world.look_everywhere()
    world.put(pool())
    world.reconcile()
    assert world.written == []
    made = world.put(route())
    world.reconcile()
    assert world.there(DEPLOYMENT, "qwen-epp") is not None
    world.delete(made)
    world.reconcile()
    assert world.there(DEPLOYMENT, "qwen-epp") is None


@case(20)
@pytest.mark.parametrize(("kept", "found"), [(True, True), (False, False)], ids=["routed", "not routed"])
def test_render_reads_routes_from_files(kept: bool, found: bool, tmp_path: Path) -> None:
    objects = [obj for obj in yaml.safe_load_all(EXAMPLE.read_text()) if kept or obj["kind"] != "HTTPRoute"]
    (tmp_path / "pool.yaml").write_text(yaml.safe_dump_all(objects))
    (tmp_path / "inputs.yaml").write_text("inference: {deployWhen: referenced}")
    files = "-f", str(tmp_path / "pool.yaml"), "--inputs", str(tmp_path / "inputs.yaml")
    done = run("render", *files, "-o", "name")
    assert done.code == 0
    assert ("deployment.apps/qwen-epp" in done.out) is found
    assert ("is left alone: no route of a Gateway refers to it" in done.err) is not found
