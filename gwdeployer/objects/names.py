"""Names that Kubernetes accepts, made from names that it accepts elsewhere.

A name that is legal is never changed. One that is not (too long, a dot where a Service allows none) is
shortened or cleaned, and a hash of the whole name is put at its end, so that distinct names stay distinct.
"""

from __future__ import annotations

import hashlib
import re

#: Longest DNS-1035/1123 label and longest label value.
MAX_LABEL = 63
_KEPT = 50
_HASH = 12

#: Longest name of an object.
MAX_NAME = 253

_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_DNS_1035 = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?")


def is_dns_subdomain(name: str) -> bool:
    """Return whether ``name`` is a DNS-1123 subdomain, as the names of almost all objects must be."""
    return len(name) <= MAX_NAME and _SUBDOMAIN.fullmatch(name) is not None


def is_namespace_name(name: str) -> bool:
    """Return whether ``name`` is a DNS-1123 label, as the names of namespaces must be."""
    return len(name) <= MAX_LABEL and "." not in name and is_dns_subdomain(name)


def dns_label(name: str) -> str:
    """Return ``name`` if it is a DNS-1035 label, else one made of it: at most 50 characters, ``-``, a hash.

    Such a name is legal for every kind of object (a Service's is the strictest) and as a label value. For a
    name that is only too long the result is the one kgateway gives it, so that both find the same objects.
    """
    if _DNS_1035.fullmatch(name):
        return name if len(name) <= MAX_LABEL else _shortened(name, name)
    cleaned = re.sub(r"[^a-z0-9-]", "-", name.lower()).strip("-")
    return _shortened(cleaned if cleaned[:1].isalpha() else f"x-{cleaned}".rstrip("-"), name)


def label_value(text: str) -> str:
    """Return ``text`` if it is a legal label value, else one made of it in the same way.

    As Helm does for versions, ``+`` becomes ``_`` without a hash.
    """
    text = text.replace("+", "_")
    if _LABEL_VALUE.fullmatch(text):
        return text if len(text) <= MAX_LABEL else _shortened(text, text)
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "-", text).strip("._-")
    return _shortened(cleaned or "x", text)


def _shortened(text: str, whole: str) -> str:
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    kept = text[:_KEPT]
    return f"{kept.removesuffix('-')}-{digest}"
