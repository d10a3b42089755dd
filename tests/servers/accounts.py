"""Accounts with exactly the rights that a controller is given, by the objects that are printed for it."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from functools import partial
from pathlib import Path

from gwdeployer.installation.accounts import Account
from gwdeployer.installation.resources import Resources
from gwdeployer.installation.rights import Rights, Rule
from gwdeployer.installation.roles import role_objects
from gwdeployer.objects import KindRef, Object, namespace_of
from tests.servers.control_plane import kubeconfig_of
from tests.servers.http_client import Client
from tests.servers.servers import Server, eventually, token_of

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class LimitedAccount:
    """An account that may do what ``rights`` say where it is let in, and nothing else.

    Where a server asks nobody who they are, it is the administrator.
    """

    def __init__(self, server: Server, rights: Rights, folder: Path) -> None:
        """Make the account, in a namespace of its own; its kubeconfig lies in ``folder``."""
        self._server, self._rights = server, rights
        self.kubeconfig = server.kubeconfig
        self.namespace = server.namespace()
        if not server.has_rbac:
            return
        self._account = Account(self.namespace, f"user-{secrets.token_hex(4)}")
        with server.client() as client:
            path = f"/api/v1/namespaces/{self._account.namespace}/serviceaccounts"
            client.post(path, {"metadata": {"name": self._account.name}}).object()
            self._endpoint = replace(server.endpoint, token=token_of(client, *self._account))
        self.kubeconfig = folder / f"{self._account.name}.kubeconfig"
        self.kubeconfig.write_text(json.dumps(kubeconfig_of(self._endpoint)))

    def let_in(self, *namespaces: str) -> None:
        """Give the rights in these namespaces (none: all), by the objects that ``gwdeployer rbac`` prints."""
        if not self._server.has_rbac:
            return
        objects = role_objects(self._rights, self._account, namespaces)
        with self._server.client() as client:
            for obj in objects:
                client.post(_collection(obj), obj)  # what is there from another time is the same
        with Client(self._endpoint) as client:
            for role, rule in [(obj, obj["rules"][0]) for obj in objects if "rules" in obj]:
                look = partial(_is_allowed, client, role, rule)
                eventually(f"{role['metadata']['name']} holds", look)


def _collection(obj: Object) -> str:
    inside = f"/namespaces/{namespace_of(obj)}" if namespace_of(obj) else ""
    return f"/apis/{obj['apiVersion']}{inside}/{Resources().of(KindRef.of_object(obj)).plural}"


def _is_allowed(client: Client, role: Object, rule: Rule) -> bool:
    """Ask the server, which takes a moment to learn of new roles, whether it allows what a rule says."""
    plural, _, subresource = rule["resources"][0].partition("/")
    wanted = {
        "namespace": namespace_of(role),
        "group": rule["apiGroups"][0],
        "resource": plural,
        "subresource": subresource,
        "verb": rule["verbs"][0],
        "name": (rule.get("resourceNames") or [""])[0],
    }
    answer = client.post(_REVIEWS, {"spec": {"resourceAttributes": wanted}}).object()
    return bool(answer["status"]["allowed"])
