"""``spec.tls`` of a Gateway: how clients are checked, and the certificate that backends see."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Object
from tests.gateway.scenarios import HTTP, listener_set
from tests.gateway.status.certificates import config_map, grant, https, secret
from tests.gateway.status.world import conditions, listener_of, message, running, web

CA = {"group": "", "kind": "ConfigMap", "name": "ca"}
GONE = {**CA, "name": "gone"}


def validation(*references: dict[str, str], mode: str = "AllowValidOnly") -> dict[str, Any]:
    return {"validation": {"caCertificateRefs": [*references], "mode": mode}}


def checked(*objects: Object, listeners: Any = None, **frontend: Any) -> dict[str, Any]:
    """Return the status of a Gateway with this ``spec.tls.frontend``, and an HTTPS listener by default."""
    given = listeners or [https()]
    return web(secret(), config_map(), *objects, listeners=given, tls={"frontend": frontend})


def test_a_ca_that_is_there_is_resolved() -> None:
    found = listener_of(checked(default=validation(CA)), "https")
    assert conditions(found)["ResolvedRefs"] == ("True", "ResolvedRefs")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


@pytest.mark.parametrize(
    ("reference", "reason", "words"),
    [
        (GONE, "InvalidCACertificateRef", "ConfigMap shop/gone does not exist"),
        ({**CA, "name": "empty"}, "InvalidCACertificateRef", "ConfigMap shop/empty has no ca.crt"),
        ({**CA, "name": "bad"}, "InvalidCACertificateRef", "has no valid certificate in ca.crt"),
        ({**CA, "kind": "Service"}, "InvalidCACertificateKind", "refers to a Service; refer to a ConfigMap"),
        ({**CA, "group": "x.io"}, "InvalidCACertificateKind", "refers to a ConfigMap.x.io"),
        ({**CA, "namespace": "vault"}, "RefNotPermitted", "ConfigMap vault/ca may not be referred to"),
    ],
)
def test_without_any_valid_ca_an_https_listener_is_not_accepted(
    reference: dict[str, str], reason: str, words: str
) -> None:
    others = [
        config_map("empty", data={}),
        config_map("bad", data={"ca.crt": "no PEM"}),
        config_map(namespace="vault"),
    ]
    found = listener_of(checked(*others, default=validation(reference)), "https")
    assert conditions(found)["ResolvedRefs"] == ("False", reason)
    assert "spec.tls.frontend.default.validation.caCertificateRefs[0]" in message(found, "ResolvedRefs")
    assert words in message(found, "ResolvedRefs")
    assert conditions(found)["Accepted"] == ("False", "NoValidCACertificate")
    assert conditions(found)["Programmed"] == ("False", "Invalid")


def test_with_one_valid_ca_an_https_listener_is_served() -> None:
    found = listener_of(checked(default=validation(GONE, CA)), "https")
    assert conditions(found)["ResolvedRefs"] == ("False", "InvalidCACertificateRef")
    assert conditions(found)["Accepted"] == ("True", "Accepted")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


def test_a_ca_of_another_namespace_may_be_granted() -> None:
    to = {"group": "", "kind": "ConfigMap", "name": "ca"}
    others = [config_map(namespace="vault"), grant(namespace="vault", to=to)]
    found = listener_of(checked(*others, default=validation({**CA, "namespace": "vault"})), "https")
    assert conditions(found)["ResolvedRefs"] == ("True", "ResolvedRefs")


def test_listeners_without_tls_are_not_concerned() -> None:
    status = checked(listeners=[HTTP, https()], default=validation(GONE))
    assert conditions(listener_of(status, "http"))["Programmed"] == ("True", "Programmed")
    assert conditions(listener_of(status, "https"))["Programmed"] == ("False", "Invalid")
    assert conditions(status)["Accepted"] == ("True", "ListenersNotValid")
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_what_a_port_says_takes_the_place_of_the_default() -> None:
    ports = [{"port": 8443, "tls": validation(GONE)}, {"port": 9443, "tls": {}}]
    listeners = [https(), https(port=8443, name="b"), https(port=9443, name="c")]
    status = checked(listeners=listeners, default=validation(CA), perPort=ports)
    resolved = {one["name"]: conditions(one)["ResolvedRefs"][0] for one in status["listeners"]}
    assert resolved == {"https": "True", "b": "False", "c": "True"}
    assert "perPort[0].tls.validation" in message(listener_of(status, "b"), "ResolvedRefs")


def test_listeners_of_listener_sets_are_checked_by_the_gateways_cas() -> None:
    theirs = listener_set(https({"name": "cert"}, port=8443), namespace="till")
    world = running(
        secret(),
        secret(namespace="till"),
        theirs,
        listeners=[https()],
        allowedListeners={"namespaces": {"from": "All"}},
        tls={"frontend": {"default": validation(GONE)}},
    )
    world.status()
    status = world.listener_set_status(namespace="till")
    assert status is not None
    assert conditions(listener_of(status, "https"))["Accepted"] == ("False", "NoValidCACertificate")


INSECURE = validation(CA, mode="AllowInsecureFallback")


@pytest.mark.parametrize(
    "frontend", [{"default": INSECURE}, {"default": {}, "perPort": [{"port": 443, "tls": INSECURE}]}]
)
def test_that_clients_are_let_in_without_a_valid_certificate_is_told(frontend: dict[str, Any]) -> None:
    status = checked(**frontend)
    assert conditions(status)["InsecureFrontendValidationMode"] == ("True", "ConfigurationChanged")


def test_that_clients_are_let_in_is_told_no_longer_once_they_are_not() -> None:
    world = running(secret(), config_map(), listeners=[https()], tls={"frontend": {"default": INSECURE}})
    assert "InsecureFrontendValidationMode" in conditions(world.status())
    world.edit(tls={"frontend": {"default": validation(CA)}})
    assert "InsecureFrontendValidationMode" not in conditions(world.status())


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ({"name": "gone"}, "InvalidClientCertificateRef"),
        ({"group": "wrong.example.com", "kind": "Secret", "name": "cert"}, "InvalidClientCertificateRef"),
        ({"kind": "WrongKind", "name": "cert"}, "InvalidClientCertificateRef"),
        ({"name": "empty"}, "InvalidClientCertificateRef"),
        ({"name": "cert", "namespace": "vault"}, "RefNotPermitted"),
    ],
)
def test_a_bad_certificate_for_backends_is_an_unresolved_reference_and_no_more(
    reference: dict[str, str], reason: str
) -> None:
    status = web(
        secret(),
        secret("empty", data={}),
        secret(namespace="vault"),
        tls={"backend": {"clientCertificateRef": reference}},
    )
    assert conditions(status)["ResolvedRefs"] == ("False", reason)
    assert message(status, "ResolvedRefs").startswith("spec.tls.backend.clientCertificateRef: ")
    assert conditions(status)["Accepted"] == ("True", "Accepted")
    assert conditions(status)["Programmed"] == ("True", "Programmed")


def test_a_good_certificate_for_backends_is_resolved() -> None:
    status = web(secret(), tls={"backend": {"clientCertificateRef": {"name": "cert"}}})
    assert conditions(status)["ResolvedRefs"] == ("True", "ResolvedRefs")
