"""A namespace on a server, and a deployer of pickers with exactly the rights that are derived for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gwdeployer.cluster import ClusterStore, KubernetesCluster, ReconcileResult
from gwdeployer.deployer import Deployer
from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import KindRef, Object, ObjectRef
from gwdeployer.plugins import configure
from gwdeployer_inference import (
    ENDPOINT_PICKER_PARAMETERS,
    INFERENCE_POOL,
    INFERENCE_POOL_ALPHA,
    InferencePlugin,
)
from tests.cluster.recording import RecordingCluster
from tests.inference.scenarios import parameters, pool
from tests.servers.accounts import LimitedAccount
from tests.servers.servers import Server, eventually

POOLS = (INFERENCE_POOL, INFERENCE_POOL_ALPHA, ENDPOINT_PICKER_PARAMETERS)
SERVICE = KindRef("", "v1", "Service")
CONFIG_MAP = KindRef("", "v1", "ConfigMap")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
BINDING = KindRef("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding")


class World:
    """A namespace, a plugin with some inputs, and the requests that its deployers make.

    ``direct`` may do everything; ``cluster`` has the rights that are derived from the plugin.
    """

    def __init__(self, server: Server, folder: Path, **inputs: Any) -> None:
        self.server, self._folder = server, folder
        self.namespace = server.namespace()
        self.direct = KubernetesCluster.connect(server.kubeconfig)
        self._open: list[KubernetesCluster | Deployer] = [self.direct]
        self.restart(**inputs)

    def restart(self, **inputs: Any) -> None:
        """Go on with a plugin that has these inputs, and remembers nothing."""
        [plugin] = configure([InferencePlugin], {"inference": inputs})
        account = LimitedAccount(self.server, rights_of([plugin], lease="pickers"), self._folder)
        account.let_in(self.namespace)
        limited = KubernetesCluster.connect(account.kubeconfig)
        self.cluster = RecordingCluster(limited)
        [plugin] = configure([InferencePlugin], {"inference": inputs}, cluster=self.cluster)
        self.plugin, self.store = plugin, ClusterStore(limited)
        self.deployer = self.deployer_of(pool())
        self._open += [limited, self.deployer]

    def look_everywhere(self) -> None:
        """Plan from what the administrator sees: whoever follows routes reads those of all namespaces."""
        self.store = ClusterStore(self.direct)

    def deployer_of(self, owner: Object) -> Deployer:
        found = self.plugin.route(owner, self.store)
        assert isinstance(found, Deployer)
        return found

    def close(self) -> None:
        for one in reversed(self._open):
            one.close()

    def put(self, obj: Object) -> Object:
        obj["metadata"]["namespace"] = self.namespace
        obj["metadata"].pop("uid", None)
        return self.direct.apply(obj, manager="user", force=True)

    def there(self, kind: KindRef, name: str) -> Object | None:
        return self.direct.get(kind, "" if kind == BINDING else self.namespace, name)

    def binding(self) -> Object | None:
        return self.there(BINDING, f"{self.namespace}:qwen-epp")

    def pool(self, name: str = "qwen") -> Object:
        found = self.there(INFERENCE_POOL, name)
        assert found is not None
        return found

    def delete_pool(self, name: str = "qwen") -> None:
        uid = self.pool(name)["metadata"]["uid"]
        self.direct.delete(ObjectRef(INFERENCE_POOL, self.namespace, name), uid=uid)

    def delete(self, obj: Object) -> None:
        self.direct.delete(ObjectRef.of(obj), uid=obj["metadata"]["uid"])

    def reconcile(self, owner: Object | None = None) -> ReconcileResult:
        """Reconcile a pool as it is now; see that nothing goes wrong; count requests from zero."""
        self.cluster.clear()
        result = self.deployer.reconcile(owner or self.pool(), self.store)
        assert [str(error) for error in result.errors] == []
        return result

    @property
    def written(self) -> list[str]:
        return [f"{sent.verb} {sent.kind}" for sent in self.cluster.writes]


def knows(server: Server, *kinds: KindRef) -> bool:
    """Ask a client that has not yet discovered anything."""
    cluster = KubernetesCluster.connect(server.kubeconfig)
    found = all(map(cluster.supports, kinds))
    cluster.close()
    return found


def install(server: Server, *crds: Object) -> None:
    """Install definitions, as the documents tell users to, and wait until their kinds are served."""
    cluster = KubernetesCluster.connect(server.kubeconfig)
    kinds = []
    for crd in crds:
        crd.pop("status", None)
        cluster.apply(crd, manager="kubectl", force=True)
        spec = crd["spec"]
        kinds += [KindRef(spec["group"], one["name"], spec["names"]["kind"]) for one in spec["versions"]]
    cluster.close()
    eventually("the kinds are served", lambda: knows(server, *kinds))


def given(**spec: Any) -> Object:
    """Return the parameters that the pool of :func:`named` names."""
    return parameters("given", **spec)


def named(**pool_spec: Any) -> Object:
    """Return a pool that asks for its picker by naming parameters."""
    return pool(annotations={"gwdeployer.dev/parameters": "given"}, **pool_spec)
