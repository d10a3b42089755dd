"""What the plugin knows of why a Gateway does not work: its class, its listeners, what they refer to."""

from __future__ import annotations

from typing import Any

from gwdeployer import KindRef, Object
from gwdeployer.errors import Fault
from tests.gateway.scenarios import HTTP, gateway, gateway_class, listener, listener_set
from tests.gateway.status.certificates import https
from tests.gateway.status.world import World

CLASS = KindRef("gateway.networking.k8s.io", "v1", "GatewayClass")


def diagnosed(world: World, name: str = "web") -> list[Fault]:
    return list(world.plugin.diagnose(world.gateway(name), world.store))


def of(*objects: Object, mode: str = "gateway", **spec: Any) -> list[Fault]:
    return diagnosed(World(gateway(**spec), *objects, mode=mode))


def test_nothing_is_found_where_all_is_right() -> None:
    assert of() == []


def test_a_class_that_is_missing_is_named_with_one_of_ours_that_is_like_it() -> None:
    [fault] = of(gatewayClassName="gwdeploye")
    assert str(fault) == (
        "spec.gatewayClassName: GatewayClass gwdeploye does not exist; did you mean 'gwdeployer'?"
    )


def test_a_class_that_is_missing_where_there_is_none_of_ours_is_to_be_created() -> None:
    world = World(gateway(gatewayClassName="none"))
    for found in world.store.list(CLASS):
        world.store.remove(found)
    [fault] = diagnosed(world)
    assert fault.hint == "create it, with controllerName: gwdeployer.dev/gateway-controller"


def test_a_class_of_another_controller_names_whose_it_is() -> None:
    world = World(gateway())
    world.add({**gateway_class(), "spec": {"controllerName": "istio.io/gateway-controller"}})
    [fault] = diagnosed(world)
    assert "belongs to istio.io/gateway-controller" in fault.message
    assert "name a class of gwdeployer.dev/gateway-controller" in fault.hint


def test_a_class_that_is_not_accepted_says_why() -> None:
    world = World(gateway())
    refused = {"type": "Accepted", "status": "False", "reason": "InvalidParameters", "message": "no such"}
    world.add({**gateway_class(), "status": {"conditions": [refused]}})
    [fault] = diagnosed(world)
    assert (fault.subject, fault.message) == (
        "GatewayClass gwdeployer",
        "is not accepted: InvalidParameters: no such",
    )


def test_a_listener_that_cannot_be_served_says_why() -> None:
    [fault] = of(listeners=[HTTP, listener(81, "WEIRD", "odd")])
    assert (fault.subject, fault.path) == ("Gateway shop/web", "listener odd")
    assert fault.message.startswith("UnsupportedProtocol: ")
    assert "use one of" in fault.message


def test_a_certificate_of_another_namespace_needs_a_reference_grant() -> None:
    [fault] = of(listeners=[https({"name": "cert", "namespace": "vault"})])
    assert fault.message.startswith("RefNotPermitted: ")
    assert "a ReferenceGrant in namespace vault" in fault.message


def test_a_listener_set_that_is_not_let_in_is_told_how_it_would_be() -> None:
    [fault] = of(listener_set(listener(81, "HTTP", "more")))
    assert fault.subject == "ListenerSet shop/team"
    assert "spec.allowedListeners" in fault.hint


def test_beside_a_translator_listeners_are_its_matter() -> None:
    assert of(mode="deploy", listeners=[listener(81, "WEIRD", "odd")]) == []


def test_a_gateway_of_others_is_not_judged_further() -> None:
    [fault] = of(gatewayClassName="nobodys", listeners=[listener(81, "WEIRD", "odd")])
    assert "does not exist" in fault.message
