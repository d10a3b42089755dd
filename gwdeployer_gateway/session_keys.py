"""The key with which an agentgateway's replicas encrypt sessions: made once for a Gateway, and then kept.

A plan is pure, so the key comes from a function given from outside, and only where the store has no Secret.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import TypeAlias

from gwdeployer.errors import Fault, ParametersError
from gwdeployer.generator import Context
from gwdeployer.objects import Object, ObjectRef, describe, dns_label, name_of, namespace_of
from gwdeployer_gateway.kinds import SECRET
from gwdeployer_gateway.stored_text import text_of

_BYTES = 32
_DATA_KEY = "key"
_HEX = rf"\s*[0-9A-Fa-f]{{{2 * _BYTES}}}\s*"

#: Makes the key of an owner that has none yet: 32 bytes in hex.
SessionKey: TypeAlias = Callable[[Object], str]


def random_key(owner: Object) -> str:  # noqa: ARG001 - a SessionKey; who it is for makes no difference
    """Return a key that nobody can guess, another one each time."""
    return secrets.token_hex(_BYTES)


def seeded_key(seed: str) -> SessionKey:
    """Return a function that makes the same key for the same owner each time: for previews and tests."""

    def key_of(owner: Object) -> str:
        place = f"{namespace_of(owner) or 'default'}/{name_of(owner)}"
        return hashlib.sha256(f"{len(seed)} {seed} {place}".encode("utf-8", "surrogatepass")).hexdigest()

    return key_of


def secret_name(owner: Object) -> str:
    """Return the name of an owner's Secret."""
    return dns_label(f"{dns_label(name_of(owner))}-session-key")


def session_secret(
    owner: Object, labels: Mapping[str, str], make: SessionKey, context: Context
) -> tuple[Object, str]:
    """Return an owner's Secret, with the key the store has or else a new one; and the key's checksum.

    The plan creates the Secret where there is none and leaves it alone where there is one. Raises
    ParametersError where the Secret holds no key, for nobody but the user may replace it.
    """
    namespace, name = namespace_of(owner) or "default", secret_name(owner)
    reference = ObjectRef(SECRET, namespace, name)
    stored = context.store.get(SECRET, namespace, name)
    key = make(owner) if stored is None else _key_in(stored)
    context.create_only.add(reference)
    secret = {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {"name": name, "labels": dict(labels)},
        "type": "Opaque",
        "data": {_DATA_KEY: base64.b64encode(key.encode()).decode()},
    }
    return secret, hashlib.sha256(key.encode()).hexdigest()


def _key_in(secret: Object) -> str:
    """Return the key a Secret holds; what it holds is never shown."""
    text = text_of(secret, _DATA_KEY)
    if not re.fullmatch(_HEX, text):
        hint = "delete the Secret and a new one is made, or set SESSION_KEY in the parameters' env"
        message = f"holds no session key ({_BYTES} bytes in hex)"
        raise ParametersError(Fault(message, f"data.{_DATA_KEY}", describe(secret), hint=hint))
    return text
