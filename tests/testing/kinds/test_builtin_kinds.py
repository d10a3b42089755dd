"""What the built-in kinds do beyond single objects."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.objects import KindRef
from gwdeployer.testing.apiserver.kinds import Invalid, Kind, builtin_kinds

Json = dict[str, Any]


def kind_of(api_version: str, name: str) -> Kind:
    return next(kind for kind in builtin_kinds() if kind.resource.kind == KindRef.of(api_version, name))


def service(name: str, **spec: Any) -> Json:
    known = {"selector": {"a": "b"}, "ports": [{"port": 80}], **spec}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": known}


def created(kind: Kind, obj: Json) -> Json:
    decoded, _ = kind.decode(obj)
    return kind.prepare_create(kind.default(decoded))


def test_each_kind_is_served_once() -> None:
    served = [kind.resource.kind for kind in builtin_kinds()]
    assert len(served) == len(set(served))
    assert KindRef("apps", "v1", "Deployment") in served


def test_every_kind_knows_its_type() -> None:
    for kind in builtin_kinds():
        body = {"apiVersion": kind.resource.kind.api_version, "kind": kind.resource.kind.kind, "metadata": {}}
        decoded, _ = kind.decode(body)
        assert kind.default(decoded)["metadata"] is not body["metadata"]


def test_services_have_addresses_and_node_ports_of_their_own() -> None:
    services = kind_of("v1", "Service")
    made = [created(services, service(f"s{number}", type="NodePort")) for number in range(5)]
    assert len({one["spec"]["clusterIP"] for one in made}) == 5
    assert len({one["spec"]["ports"][0]["nodePort"] for one in made}) == 5


def test_an_address_is_given_once_until_it_is_released() -> None:
    services = kind_of("v1", "Service")
    first = created(services, service("first", clusterIP="10.0.0.9"))
    with pytest.raises(Invalid, match=r"failed to allocate IP 10\.0\.0\.9: provided IP is already allocated"):
        created(services, service("second", clusterIP="10.0.0.9"))
    services.release(first)
    assert created(services, service("second", clusterIP="10.0.0.9"))["spec"]["clusterIP"] == "10.0.0.9"


def test_two_servers_do_not_share_addresses() -> None:
    one, other = (created(kind_of("v1", "Service"), service("s", clusterIP="10.0.0.9")) for _ in range(2))
    assert one == other


def test_an_event_is_one_object_in_two_forms() -> None:
    core, new = kind_of("v1", "Event"), kind_of("events.k8s.io/v1", "Event")
    about = {"kind": "Pod", "name": "p", "namespace": "default"}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": about}
    stored, _ = core.decode(event | {"message": "m", "source": {"component": "c"}, "reason": "R"})
    converted = new.convert(stored)
    assert (converted["regarding"], converted["note"]) == (about, "m")
    assert converted["apiVersion"] == "events.k8s.io/v1"
    assert core.convert(converted) == stored
    assert core.storage == new.storage == ("", "events")


def test_a_write_through_the_object_does_not_own_the_status_nor_the_other_way_round() -> None:
    deployments = kind_of("apps/v1", "Deployment")
    assert deployments.reset_fields() == {("status",)}
    assert deployments.reset_fields("status") == {("spec",), ("metadata", "labels")}
    assert kind_of("v1", "ConfigMap").reset_fields() == set()


def test_only_some_kinds_are_created_by_a_put() -> None:
    assert kind_of("v1", "Service").creates_on_put
    assert not kind_of("apps/v1", "Deployment").creates_on_put


def test_only_some_kinds_are_replaced_without_a_version() -> None:
    assert kind_of("v1", "ConfigMap").unconditional_update
    assert not kind_of("coordination.k8s.io/v1", "Lease").unconditional_update
