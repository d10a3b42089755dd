"""Certificates of listeners: references, what they name, and who grants them (ReferenceGrant)."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer import Object
from tests.gateway.status.certificates import CERTIFICATE, PRIVATE_KEY, grant, https, secret
from tests.gateway.status.world import conditions, message, web


def one(*objects: Object, references: Any = ({"name": "cert"},), **more: Any) -> dict[str, Any]:
    """Return what is said of the only listener, an HTTPS one with these certificateRefs."""
    [found] = web(*objects, listeners=[https(*references, **more)])["listeners"]
    return dict(found)


def resolved(listener: dict[str, Any]) -> tuple[str, str]:
    return conditions(listener)["ResolvedRefs"]


def test_a_secret_with_a_certificate_and_a_key_is_resolved() -> None:
    found = one(secret())
    assert resolved(found) == ("True", "ResolvedRefs")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


def test_a_secret_that_does_not_exist_is_an_invalid_reference() -> None:
    found = one()
    assert resolved(found) == ("False", "InvalidCertificateRef")
    path = "spec.listeners[0].tls.certificateRefs[0]"
    assert message(found, "ResolvedRefs") == f"{path}: Secret shop/cert does not exist"
    assert conditions(found)["Accepted"] == ("True", "Accepted")
    assert conditions(found)["Programmed"] == ("False", "Invalid")


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ({"group": "wrong.example.com", "kind": "Secret", "name": "cert"}, "Secret.wrong.example.com"),
        ({"group": "", "kind": "WrongKind", "name": "cert"}, "WrongKind"),
    ],
)
def test_a_reference_to_another_group_or_kind_is_invalid(reference: dict[str, str], named: str) -> None:
    found = one(secret(), references=[reference])
    assert resolved(found) == ("False", "InvalidCertificateRef")
    assert f"refers to a {named}; refer to a Secret" in message(found, "ResolvedRefs")


def pem(label: str, body: str) -> str:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "has no tls.crt and no tls.key"),
        ({"tls.crt": CERTIFICATE}, "has no tls.key"),
        ({"tls.key": PRIVATE_KEY}, "has no tls.crt"),
        ({"tls.crt": "", "tls.key": ""}, "has no tls.crt and no tls.key"),
        ({"tls.crt": "Hello world\n", "tls.key": "Hello world\n"}, "has no valid certificate in tls.crt"),
        (
            {"tls.crt": pem("CERTIFICATE", "AAAA"), "tls.key": PRIVATE_KEY},
            "has no valid certificate in tls.crt",
        ),
        ({"tls.crt": "Zertifikät", "tls.key": PRIVATE_KEY}, "has no valid certificate in tls.crt"),
        ({"tls.crt": CERTIFICATE, "tls.key": "Hello world\n"}, "has no valid private key in tls.key"),
        ({"tls.crt": CERTIFICATE, "tls.key": CERTIFICATE}, "has no valid private key in tls.key"),
        ({"tls.crt": CERTIFICATE, "tls.key": pem("PRIVATE KEY", "A")}, "has no valid private key in tls.key"),
        (
            {"tls.crt": CERTIFICATE, "tls.key": pem("PRIVATE KEY", "AAAA")},
            "has no valid private key in tls.key",
        ),
        (
            {"tls.crt": CERTIFICATE, "tls.key": pem("PRIVATE KEY", "MIIB")},
            "has no valid private key in tls.key",
        ),
        (
            {"tls.crt": CERTIFICATE, "tls.key": pem("ENCRYPTED PRIVATE KEY", "MAEA")},
            "has no valid private key in tls.key",
        ),
    ],
)
def test_a_malformed_secret_is_an_invalid_reference(data: dict[str, str], problem: str) -> None:
    found = one(secret(data=data))
    assert resolved(found) == ("False", "InvalidCertificateRef")
    assert message(found, "ResolvedRefs").endswith(f"Secret shop/cert {problem}")


@pytest.mark.parametrize(
    "data", [None, "text", {"tls.crt": 7, "tls.key": ["x"]}, {"tls.crt": "%", "tls.key": "%"}]
)
def test_a_secret_of_no_form_is_an_invalid_reference(data: Any) -> None:
    assert resolved(one({**secret(), "data": data})) == ("False", "InvalidCertificateRef")


@pytest.mark.parametrize("label", ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
def test_keys_come_in_several_forms_short_and_long(label: str) -> None:
    parameters = pem("EC PARAMETERS", "BggqhkjOPQMBBw==")
    short = secret(data={"tls.crt": CERTIFICATE, "tls.key": parameters + pem(label, "MAEA")})
    assert resolved(one(short)) == ("True", "ResolvedRefs")
    long = secret(data={"tls.crt": CERTIFICATE, "tls.key": pem(label, "MIGA" + "A" * 171 + "=")})
    assert resolved(one(long)) == ("True", "ResolvedRefs")


def test_a_certificate_may_bring_its_chain() -> None:
    chain = secret(data={"tls.crt": CERTIFICATE * 2, "tls.key": PRIVATE_KEY})
    assert resolved(one(chain)) == ("True", "ResolvedRefs")


def test_a_secret_that_is_mended_is_looked_at_again() -> None:
    assert resolved(one(secret(data={}))) == ("False", "InvalidCertificateRef")
    assert resolved(one(secret())) == ("True", "ResolvedRefs")


def test_one_certificate_that_is_left_is_served() -> None:
    found = one(secret(), references=[{"name": "gone"}, {"name": "cert"}])
    assert resolved(found) == ("False", "InvalidCertificateRef")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


@pytest.mark.parametrize("protocol", ["HTTPS", "TLS"])
@pytest.mark.parametrize("tls", [None, {}, {"certificateRefs": []}, {"options": {"a.example.com/x": "y"}}])
def test_where_tls_ends_a_certificate_is_needed(protocol: str, tls: Any) -> None:
    [found] = web(listeners=[{"name": "x", "protocol": protocol, "port": 443, "tls": tls}])["listeners"]
    assert conditions(found)["Accepted"] == ("False", "UnsupportedValue")
    assert "tls.certificateRefs names no certificate" in message(found, "Accepted")


def test_where_tls_passes_through_certificates_are_ignored() -> None:
    tls = {"mode": "Passthrough", "certificateRefs": [{"name": "gone"}]}
    [found] = web(listeners=[{"name": "x", "protocol": "TLS", "port": 443, "tls": tls}])["listeners"]
    assert resolved(found) == ("True", "ResolvedRefs")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


ABROAD = {"name": "cert", "namespace": "vault"}


def abroad(*grants: Object, reference: Any = ABROAD) -> dict[str, Any]:
    return one(secret(namespace="vault"), *grants, references=[reference])


def test_a_secret_of_another_namespace_needs_a_grant() -> None:
    found = abroad()
    assert resolved(found) == ("False", "RefNotPermitted")
    assert message(found, "ResolvedRefs").endswith(
        "Secret vault/cert may not be referred to; "
        "a ReferenceGrant in namespace vault for Gateways of namespace shop would permit it"
    )
    assert conditions(found)["Programmed"] == ("False", "Invalid")


@pytest.mark.parametrize(
    "to",
    [
        {"group": "", "kind": "Secret"},
        {"group": "", "kind": "Secret", "name": "cert"},
        {"group": "", "kind": "Secret", "name": ""},
        {"kind": "Secret"},
    ],
)
def test_a_grant_is_for_all_secrets_or_for_one(to: dict[str, str]) -> None:
    found = abroad(grant(namespace="vault", to=to))
    assert resolved(found) == ("True", "ResolvedRefs")
    assert conditions(found)["Programmed"] == ("True", "Programmed")


@pytest.mark.parametrize(
    "other",
    [
        grant(namespace="vault", from_namespace="other"),
        grant(namespace="vault", from_kind="ListenerSet"),
        grant(namespace="vault", from_kind="HTTPRoute"),
        grant(namespace="shop"),
        grant(namespace="vault", to={"group": "", "kind": "Secret", "name": "other"}),
        grant(namespace="vault", to={"group": "", "kind": "ConfigMap"}),
        grant(namespace="vault", to={"group": "example.com", "kind": "Secret"}),
        {**grant(namespace="vault"), "spec": None},
        {**grant(namespace="vault"), "spec": {"from": "x", "to": [7]}},
        {**grant(namespace="vault"), "spec": {"from": [{"kind": ["Gateway"]}], "to": [{}]}},
    ],
)
def test_a_grant_for_something_else_does_not_do(other: Object) -> None:
    assert resolved(abroad(other)) == ("False", "RefNotPermitted")


def test_whether_a_reference_is_permitted_comes_before_what_it_names() -> None:
    """Nothing is told of what is in a namespace that has granted nothing."""
    for reference in ({"name": "gone", "namespace": "vault"}, {**ABROAD, "kind": "WrongKind"}):
        assert resolved(abroad(reference=reference)) == ("False", "RefNotPermitted")


def test_the_own_namespace_needs_no_grant_also_when_it_is_named() -> None:
    found = one(secret(), references=[{"name": "cert", "namespace": "shop"}])
    assert resolved(found) == ("True", "ResolvedRefs")
