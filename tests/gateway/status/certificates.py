"""Secrets and ConfigMaps with certificates, sound and otherwise, and who grants the use of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gwdeployer import Object
from tests import support

CERTIFICATE = Path(support.__file__).with_name("ca.crt").read_text(encoding="ascii")
#: What a private key looks like from outside: PEM around one DER sequence.
PRIVATE_KEY = (
    f"-----BEGIN PRIVATE KEY-----\n{b64encode(bytes([0x30, 1, 0])).decode()}\n-----END PRIVATE KEY-----\n"
)


def secret(name: str = "cert", namespace: str = "shop", data: Mapping[str, str] | None = None) -> Object:
    """Return a Secret; of a certificate and its key, if nothing else is said."""
    content = {"tls.crt": CERTIFICATE, "tls.key": PRIVATE_KEY} if data is None else data
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/tls",
        "data": {key: b64encode(text.encode()).decode() for key, text in content.items()},
    }


def config_map(name: str = "ca", namespace: str = "shop", data: Mapping[str, str] | None = None) -> Object:
    """Return a ConfigMap; of a CA's certificate, if nothing else is said."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"ca.crt": CERTIFICATE} if data is None else data,
    }


def grant(
    *,
    namespace: str,
    from_namespace: str = "shop",
    from_kind: str = "Gateway",
    to: Mapping[str, str] | None = None,
) -> Object:
    """Return a ReferenceGrant for Gateways of a namespace; to all Secrets, if nothing else is said."""
    return {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": {"name": "grant", "namespace": namespace},
        "spec": {
            "from": [{"group": "gateway.networking.k8s.io", "kind": from_kind, "namespace": from_namespace}],
            "to": [dict(to or {"group": "", "kind": "Secret"})],
        },
    }


def https(
    *references: Mapping[str, Any], port: int = 443, name: str = "https", **more: Any
) -> dict[str, Any]:
    """Return an HTTPS listener with these certificateRefs; the Secret ``cert``, if none is given."""
    tls = {"certificateRefs": [dict(one) for one in references] or [{"name": "cert"}]}
    return {"name": name, "protocol": "HTTPS", "port": port, "tls": tls, **more}
