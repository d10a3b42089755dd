"""Is what an object holds as certificates and keys well formed? What is found out is remembered.

Certificates are parsed by the TLS library. Of private keys only the form is looked at (PEM around one DER
structure); whether a key belongs to its certificate, and dates, are for the proxy to say.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Mapping

from gwdeployer.objects import IdentityCache, Object

CERTIFICATE_KEY = "tls.crt"
PRIVATE_KEY_KEY = "tls.key"
AUTHORITY_KEY = "ca.crt"

_PRIVATE_KEY = re.compile(
    r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----(?P<body>[A-Za-z0-9+/=\s]+)-----END \1-----"
)
#: The DER tag of a structure, which every private key is.
_SEQUENCE = 0x30
_LONG_LENGTH = 0x80

_known: IdentityCache[str] = IdentityCache()


def key_pair_problem(secret: Object) -> str:
    """Return what is wrong with a Secret's certificate and key; empty if nothing is."""
    return _known.get((secret,), lambda: _key_pair_problem(secret))


def authority_problem(config_map: Object) -> str:
    """Return what is wrong with a ConfigMap's bundle of CA certificates; empty if nothing is."""
    return _known.get((config_map,), lambda: _authority_problem(config_map))


def _key_pair_problem(secret: Object) -> str:
    missing = [key for key in (CERTIFICATE_KEY, PRIVATE_KEY_KEY) if not _data(secret).get(key)]
    if missing:
        return f"has no {' and no '.join(missing)}"
    if not _is_certificates(_decoded(secret, CERTIFICATE_KEY)):
        return f"has no valid certificate in {CERTIFICATE_KEY}"
    if not _is_private_key(_decoded(secret, PRIVATE_KEY_KEY)):
        return f"has no valid private key in {PRIVATE_KEY_KEY}"
    return ""


def _authority_problem(config_map: Object) -> str:
    text = _data(config_map).get(AUTHORITY_KEY)
    if not text:
        return f"has no {AUTHORITY_KEY}"
    return "" if _is_certificates(str(text)) else f"has no valid certificate in {AUTHORITY_KEY}"


def _data(obj: Object) -> Mapping[str, object]:
    data = obj.get("data")
    return data if isinstance(data, Mapping) else {}


def _decoded(secret: Object, key: str) -> str:
    """Return a Secret's text; empty where it is none."""
    try:
        return base64.b64decode(str(_data(secret)[key]), validate=True).decode("ascii")
    except ValueError:
        return ""


def _is_certificates(text: str) -> bool:
    """Return whether a text is one certificate or more, in PEM."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError):
        return False
    return True


def _is_private_key(text: str) -> bool:
    found = _PRIVATE_KEY.search(text)
    if found is None:
        return False
    try:
        der = base64.b64decode("".join(found["body"].split()), validate=True)
    except binascii.Error:
        return False
    return _is_structure(der)


def _is_structure(der: bytes) -> bool:
    """Return whether the bytes are one DER sequence, whole and nothing behind it."""
    if len(der) < 2 or der[0] != _SEQUENCE:  # noqa: PLR2004 - a tag and a length
        return False
    if der[1] < _LONG_LENGTH:
        return len(der) == 2 + der[1]
    size = der[1] - _LONG_LENGTH
    return size > 0 and len(der) == 2 + size + int.from_bytes(der[2 : 2 + size])
