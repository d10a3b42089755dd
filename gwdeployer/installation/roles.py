"""Rights as objects: roles, and the bindings that give them to a controller's account. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import Rights, Rule
from gwdeployer.objects import Object

_GROUP = "rbac.authorization.k8s.io"
LABELS = {"app.kubernetes.io/name": "gwdeployer"}


def role_objects(rights: Rights, account: Account, namespaces: Sequence[str] = ()) -> list[Object]:
    """Return the roles that give ``rights`` to an account, each followed by its binding.

    Owners are looked after in all namespaces, or in ``namespaces`` alone: then all that a namespace holds is
    allowed there and nowhere else.
    """
    everywhere = rights.cluster if namespaces else (*rights.cluster, *rights.namespaced)
    objects = list(_bound("", account.cluster_name, everywhere, account))
    for namespace in dict.fromkeys(namespaces):
        objects += _bound(namespace, account.name, rights.namespaced, account)
    if namespaces:
        objects += _bound("default", account.cluster_name, rights.default, account)
    return [*objects, *_bound(account.namespace, f"{account.name}-leader-election", rights.home, account)]


def _bound(namespace: str, name: str, rules: Iterable[Rule], account: Account) -> Iterator[Object]:
    """Yield a Role (without a namespace, a ClusterRole) and its binding; nothing where it allows nothing."""
    rules = list(rules)
    if not rules:
        return
    kind = "Role" if namespace else "ClusterRole"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": LABELS}
    yield {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": metadata, "rules": rules}
    yield {
        "apiVersion": f"{_GROUP}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _GROUP, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "namespace": account.namespace, "name": account.name}],
    }
