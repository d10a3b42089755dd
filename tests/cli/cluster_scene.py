"""A cluster with Gateways for the command line: kinds, a namespace of its own, and files."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from gwdeployer.cluster import KubernetesCluster
from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import KindRef, Object
from gwdeployer.plugins import configure, discover
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS, GATEWAY_PARAMETERS
from tests.cli.running import Done, run
from tests.servers.accounts import LimitedAccount
from tests.servers.servers import Server, eventually

CONTROLLER = "gwdeployer.dev/gateway-controller"
CONFIG_MAP = KindRef("", "v1", "ConfigMap")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
SECRET = KindRef("", "v1", "Secret")
SERVICE = KindRef("", "v1", "Service")


def any_fields(kind: KindRef, plural: str, scope: str) -> Object:
    """Return a CustomResourceDefinition that accepts whatever somebody writes, with a status."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {
        "plural": plural,
        "singular": kind.kind.lower(),
        "kind": kind.kind,
        "listKind": f"{kind.kind}List",
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{kind.group}",
            # The API server wants this on whatever ends in .k8s.io and is not its own.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {"group": kind.group, "names": names, "scope": scope, "versions": [version]},
    }


def install_gateway_api(server: Server) -> None:
    """Make the server know GatewayClasses and Gateways."""
    classes = any_fields(GATEWAY_CLASS, "gatewayclasses", "Cluster")
    install(server, classes, any_fields(GATEWAY, "gateways", "Namespaced"))


def install_kinds(server: Server) -> None:
    """Make the server know GatewayClasses, Gateways and the parameters of both data planes."""
    install_gateway_api(server)
    install(server, *parameters_crds())


def parameters_crds() -> list[Object]:
    """Return the definitions of all parameters, as users install them."""
    return list(yaml.safe_load_all(run("crds", "--no-descriptions").out))


def install(server: Server, *definitions: Object) -> None:
    """Install CustomResourceDefinitions, and wait until their kinds are served."""
    cluster = KubernetesCluster.connect(server.kubeconfig)
    for definition in definitions:
        cluster.apply(definition, manager="tests", force=True)
        spec = definition["spec"]
        kind = KindRef(spec["group"], spec["versions"][0]["name"], spec["names"]["kind"])
        eventually(f"{kind} is served", partial(served, server, kind))
    cluster.close()


def served(server: Server, kind: KindRef) -> bool:
    cluster = KubernetesCluster.connect(server.kubeconfig)
    try:
        return cluster.supports(kind)
    finally:
        cluster.close()


class ClusterScene:
    """A namespace with a GatewayClass, and files that name what is in it.

    Commands have the rights that are derived for a controller, and no others; ``cluster`` may do everything.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.namespace = server.namespace()
        account = LimitedAccount(server, rights_of(configure(discover()), lease="gateways"), folder)
        account.let_in()
        self.kubeconfig = account.kubeconfig
        self.class_name = f"class-{secrets.token_hex(4)}"
        self.cluster = KubernetesCluster.connect(server.kubeconfig)
        self.put(
            {
                "apiVersion": GATEWAY_CLASS.api_version,
                "kind": "GatewayClass",
                "metadata": {"name": self.class_name},
                "spec": {"controllerName": CONTROLLER},
            }
        )

    def close(self) -> None:
        self.cluster.close()

    def gateway(self, name: str = "web", *, port: int = 80, metadata: Any = None, **spec: Any) -> Object:
        """Return a Gateway as a file has it."""
        listeners = [{"name": "http", "port": port, "protocol": "HTTP"}]
        return {
            "apiVersion": GATEWAY.api_version,
            "kind": "Gateway",
            "metadata": {"name": name, "namespace": self.namespace, **(metadata or {})},
            "spec": {"gatewayClassName": self.class_name, "listeners": listeners, **spec},
        }

    def parameters(self, name: str = "web", **kube: Any) -> Object:
        return {
            "apiVersion": GATEWAY_PARAMETERS.api_version,
            "kind": "GatewayParameters",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"kube": kube},
        }

    def put(self, *objects: Object, manager: str = "tests") -> None:
        """Apply objects, by force, as somebody else does."""
        for obj in objects:
            self.cluster.apply(obj, manager=manager, force=True)

    def file(self, *objects: Object, name: str = "manifests.yaml") -> Path:
        """Write objects into a file."""
        path = self.folder / name
        path.write_text("---\n".join(yaml.safe_dump(obj) for obj in objects), encoding="utf-8")
        return path

    def deployed(self, *objects: Object, arguments: tuple[object, ...] = ()) -> Path:
        """Put objects into the cluster and apply them from a file, and see that nothing went wrong."""
        self.put(*objects)
        path = self.file(*objects)
        done = self.run("apply", path, *arguments)
        assert (done.code, done.errors) == (0, [])
        return path

    def run(self, command: str, path: Path, *arguments: object, **environment: str) -> Done:
        """Run a command on a file, against this server."""
        given = ("--kubeconfig", self.kubeconfig, *arguments)
        return run(command, "-f", path, *given, env=environment)

    def live(self, kind: KindRef, name: str) -> Object | None:
        return self.cluster.get(kind, self.namespace, name)

    def there(self, kind: KindRef, name: str) -> Object:
        found = self.live(kind, name)
        assert found is not None, f"{kind} {name} is not there"
        return found

    def state(self) -> list[Object]:
        """Return all that is planned, to be compared with what is there later."""
        kinds = (CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE, GATEWAY)
        return [_planned(obj) for kind in kinds for obj in self.cluster.list(kind, self.namespace).items]


def _planned(obj: Object) -> Object:
    """Return an object without what the server and its controllers write at any time."""
    theirs = {"resourceVersion", "managedFields", "annotations"}
    metadata = {name: value for name, value in obj["metadata"].items() if name not in theirs}
    return {**obj, "metadata": metadata, "status": {}}
