"""The CA that proxies trust for their control plane: given as text, or by a reference that is followed.

What a reference names is read through the store by each plan: a certificate that is rotated makes new plans.
"""

from __future__ import annotations

from gwdeployer.errors import Fault, InputsError
from gwdeployer.inputs import ControlPlane
from gwdeployer.objects import KindRef
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.kinds import CONFIG_MAP, SECRET
from gwdeployer_gateway.stored_text import text_of

_KINDS = {kind.kind: kind for kind in (CONFIG_MAP, SECRET)}


def kind_of_ca(control_plane: ControlPlane) -> KindRef | None:
    """Return the kind of object that holds the CA's certificate; None where none does."""
    reference = control_plane.xds_ca_ref
    return _KINDS[reference.kind] if reference and control_plane.xds_tls else None


def ca_certificate(control_plane: ControlPlane, store: ObjectStore) -> str:
    """Return the CA's certificate in PEM; empty where nobody gave one.

    Raises InputsError where what the inputs refer to is not there, or has no such key, and NotSynced.
    """
    reference, kind = control_plane.xds_ca_ref, kind_of_ca(control_plane)
    if reference is None or kind is None:
        return control_plane.xds_ca_cert
    subject = f"{kind.kind} {reference.namespace}/{reference.name}"
    found = store.get(kind, reference.namespace, reference.name)
    text = text_of(found, reference.key) if found else ""
    if text:
        return text
    message = f"has no certificate under {reference.key!r}" if found else "does not exist"
    hint = "the inputs' controlPlane.xdsCaRef names it, for the CA of the control plane"
    raise InputsError(Fault(message, subject=subject, hint=hint))
