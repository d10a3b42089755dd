"""The further part of the Gateway API that statuses look at: hostnames, TLS, and which routes are allowed.

Plans do without it, so their models stay small.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from gwdeployer_gateway.api import AllowedNamespaces, ApiModel, GatewaySpec, Listener, ListenerSetSpec

TERMINATE = "Terminate"
INSECURE_FALLBACK = "AllowInsecureFallback"


class ObjectReference(ApiModel):
    """A reference to an object that holds certificates."""

    group: str = ""
    kind: str = "Secret"
    namespace: str | None = None
    name: str = ""


class ListenerTls(ApiModel):
    """How a listener ends TLS, if it does."""

    mode: str = TERMINATE
    certificate_refs: list[ObjectReference] | None = None


class RouteKind(ApiModel):
    """A kind of route; without a group it is the Gateway API's."""

    group: str | None = None
    kind: str = ""


class AllowedRoutes(ApiModel):
    """Which routes may attach: those of the Gateway's namespace by default."""

    namespaces: AllowedNamespaces | None = None
    kinds: list[RouteKind] | None = None


class FullListener(Listener):
    """A listener of a Gateway or ListenerSet."""

    hostname: str | None = None
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes | None = None


class FrontendValidation(ApiModel):
    """How clients' certificates are checked."""

    ca_certificate_refs: list[ObjectReference] | None = None
    mode: str = "AllowValidOnly"


class FrontendTls(ApiModel):
    """What holds for listeners of one port, or for all."""

    validation: FrontendValidation | None = None


class FrontendPort(ApiModel):
    """What holds for listeners of one port, in place of the default."""

    port: int
    tls: FrontendTls | None = None


class Frontend(ApiModel):
    """TLS towards clients."""

    default: FrontendTls | None = None
    per_port: list[FrontendPort] | None = None


class Backend(ApiModel):
    """TLS towards backends."""

    client_certificate_ref: ObjectReference | None = None


class GatewayTls(ApiModel):
    """TLS of a whole Gateway."""

    frontend: Frontend | None = None
    backend: Backend | None = None


class FullGatewaySpec(GatewaySpec):
    """``spec`` of a Gateway."""

    listeners: list[FullListener] | None = None  # type: ignore[assignment]  # read only, and frozen
    tls: GatewayTls | None = None


class FullListenerSetSpec(ListenerSetSpec):
    """``spec`` of a ListenerSet."""

    listeners: list[FullListener] | None = None  # type: ignore[assignment]  # read only, and frozen
