"""References to certificates: are they allowed, are they of a kind we read, and is what they name sound?

Source: ``ListenerTLSConfig.certificateRefs``, ``FrontendTLSValidation.caCertificateRefs``,
``GatewayBackendTLS.clientCertificateRef``, ``ReferenceGrant``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gwdeployer.objects import KindRef, Object
from gwdeployer.store import Index, Lookup, ObjectStore
from gwdeployer_gateway.api import GROUP
from gwdeployer_gateway.attachment import home_of
from gwdeployer_gateway.kinds import CONFIG_MAP, REFERENCE_GRANT, SECRET
from gwdeployer_gateway.status.api import ObjectReference
from gwdeployer_gateway.status.certificates import authority_problem, key_pair_problem
from gwdeployer_gateway.status.conditions import Reason


class Role(NamedTuple):
    """What a reference is for: what it may name, and which reasons the API has for one that is wrong."""

    kind: KindRef
    problem_of: Callable[[Object], str]
    wrong_kind: str
    invalid: str


SERVER_CERTIFICATE = Role(SECRET, key_pair_problem, "InvalidCertificateRef", "InvalidCertificateRef")
CLIENT_CERTIFICATE = Role(
    SECRET, key_pair_problem, "InvalidClientCertificateRef", "InvalidClientCertificateRef"
)
CLIENT_AUTHORITY = Role(CONFIG_MAP, authority_problem, "InvalidCACertificateKind", "InvalidCACertificateRef")


def problems_of(
    holder: Object, references: Sequence[ObjectReference], role: Role, path: str, store: ObjectStore
) -> list[Reason]:
    """Return what is wrong with references in ``path`` of ``holder``, at most one reason for each."""
    found = (
        problem_of(holder, reference, role, f"{path}[{position}]", store)
        for position, reference in enumerate(references)
    )
    return [problem for problem in found if problem]


def problem_of(
    holder: Object, reference: ObjectReference, role: Role, path: str, store: ObjectStore
) -> Reason | None:
    """Return what is wrong with the reference in ``path`` of ``holder``.

    Whether it is permitted comes first: nothing is told of an object that the holder may not look at.
    """
    namespace = reference.namespace or home_of(holder)
    kind = KindRef(reference.group, "", reference.kind)
    if namespace != home_of(holder) and not _granted(holder, kind, namespace, reference.name, store):
        what = f"{kind} {namespace}/{reference.name}"
        whose = f"{holder.get('kind')}s of namespace {home_of(holder)}"
        hint = f"a ReferenceGrant in namespace {namespace} for {whose} would permit it"
        return Reason("RefNotPermitted", f"{path}: {what} may not be referred to; {hint}")
    if kind.group_kind != role.kind.group_kind:
        return Reason(role.wrong_kind, f"{path}: refers to a {kind}; refer to a {role.kind}")
    found = store.get(role.kind, namespace, reference.name)
    problem = role.problem_of(found) if found else "does not exist"
    what = f"{role.kind.kind} {namespace}/{reference.name}"
    return Reason(role.invalid, f"{path}: {what} {problem}") if problem else None


def _granted(holder: Object, kind: KindRef, namespace: str, name: str, store: ObjectStore) -> bool:
    key = (GROUP, str(holder.get("kind")), home_of(holder), namespace)
    grants = store.list(REFERENCE_GRANT, lookup=Lookup(BY_GRANTEE, key))
    return any(_lets_in(entry, kind, name) for grant in grants for entry in _entries(grant, "to"))


def _lets_in(entry: Mapping[str, Any], kind: KindRef, name: str) -> bool:
    """Return whether a ``to`` entry means the object; without a name it means all of the kind."""
    named = entry.get("name")
    return (entry.get("group") or "", entry.get("kind")) == kind.group_kind and named in (None, "", name)


def _grantees(grant: Object) -> Iterable[Hashable]:
    return {
        (entry.get("group"), entry.get("kind"), entry.get("namespace"), home_of(grant))
        for entry in _entries(grant, "from")
        if all(isinstance(entry.get(key), str) for key in ("group", "kind", "namespace"))
    }


#: Finds ReferenceGrants by who is let in (group, kind, namespace), and the namespace they are let into.
BY_GRANTEE = Index("grantee", _grantees)


def _entries(grant: Object, side: str) -> Iterator[Mapping[str, Any]]:
    spec = grant.get("spec")
    entries = spec.get(side) if isinstance(spec, Mapping) else None
    yield from (entry for entry in entries or () if isinstance(entry, Mapping))
