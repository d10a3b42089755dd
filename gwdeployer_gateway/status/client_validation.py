"""How a Gateway checks clients' certificates, and with which it introduces itself to backends.

Source: ``GatewayTLSConfig`` (GEP-91, GEP-3155).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gwdeployer.objects import Object
from gwdeployer.store import ObjectStore
from gwdeployer_gateway.status.api import (
    INSECURE_FALLBACK,
    FrontendTls,
    FrontendValidation,
    FullGatewaySpec,
    FullListener,
)
from gwdeployer_gateway.status.conditions import Reason
from gwdeployer_gateway.status.references import (
    CLIENT_AUTHORITY,
    CLIENT_CERTIFICATE,
    problem_of,
    problems_of,
)


class AuthorityCheck(NamedTuple):
    """What is wrong with the CAs that clients of a listener are checked by, and whether none is left."""

    problems: Sequence[Reason] = ()
    none_left: bool = False


def authority_check(
    gateway: Object, spec: FullGatewaySpec, listener: FullListener, number: int, store: ObjectStore
) -> AuthorityCheck:
    """Check the CAs for a listener on a port; they concern HTTPS alone.

    They are the Gateway's, whoever has the listener, so the Gateway's references must be permitted.
    """
    validation, path = _validation(spec, number) if listener.protocol == "HTTPS" else (None, "")
    references = (validation.ca_certificate_refs if validation else None) or ()
    problems = problems_of(gateway, references, CLIENT_AUTHORITY, f"{path}.caCertificateRefs", store)
    return AuthorityCheck(problems, bool(problems) and len(problems) == len(references))


def client_certificate_problem(gateway: Object, spec: FullGatewaySpec, store: ObjectStore) -> Reason | None:
    """Return what is wrong with the certificate that backends are shown."""
    backend = spec.tls.backend if spec.tls else None
    if backend is None or backend.client_certificate_ref is None:
        return None
    path = "spec.tls.backend.clientCertificateRef"
    return problem_of(gateway, backend.client_certificate_ref, CLIENT_CERTIFICATE, path, store)


def is_insecure(spec: FullGatewaySpec) -> bool:
    """Return whether clients without a valid certificate are let in, on any port."""
    frontend = spec.tls.frontend if spec.tls else None
    if frontend is None:
        return False
    parts = [frontend.default, *(port.tls for port in frontend.per_port or ())]
    found = (part.validation for part in parts if part)
    return any(one is not None and one.mode == INSECURE_FALLBACK for one in found)


def _validation(spec: FullGatewaySpec, number: int) -> tuple[FrontendValidation | None, str]:
    """Return what holds for a port, and where it stands; what a port says takes the place of the default."""
    frontend = spec.tls.frontend if spec.tls else None
    if frontend is None:
        return None, ""
    tls: FrontendTls | None = frontend.default
    path = "spec.tls.frontend.default"
    for position, port in enumerate(frontend.per_port or ()):
        if port.port == number:
            tls, path = port.tls, f"spec.tls.frontend.perPort[{position}].tls"
    return (tls.validation if tls else None), f"{path}.validation"
