"""A world to deploy in: Sites, a kind of their own, whose chart has every sort of object that matters here.

A Site's spec says what is rendered: ``replicas``, ``text`` (in the ConfigMap), ``autoscaled``, ``daemon`` (a
DaemonSet instead of the Deployment), ``node`` (what its nodes are selected by), ``strategy``, ``app`` (an
immutable label), ``cluster`` (a ClusterRole), ``secret`` (made once), ``monitor`` (of a kind that nobody
has), ``optional`` (which may be missing), ``unmanaged``, ``broken``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from gwdeployer import (
    Chart,
    Context,
    Deployer,
    HelmValuesGenerator,
    Inputs,
    KindRef,
    MemoryStore,
    ObjectRef,
    ObjectStore,
    ParametersError,
    Plugin,
    Skip,
)
from gwdeployer.chart import Source
from gwdeployer.cluster import Cluster, KubernetesCluster, ReconcileResult
from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import Object
from tests.cluster.recording import RecordingCluster
from tests.servers.accounts import LimitedAccount
from tests.servers.servers import Server

SITE = KindRef("example.com", "v1", "Site")
MANAGER = "example.com/sites"
SERVICE_ACCOUNT = KindRef("", "v1", "ServiceAccount")
CONFIG_MAP = KindRef("", "v1", "ConfigMap")
SECRET = KindRef("", "v1", "Secret")
SERVICE = KindRef("", "v1", "Service")
DEPLOYMENT = KindRef("apps", "v1", "Deployment")
DAEMON_SET = KindRef("apps", "v1", "DaemonSet")
AUTOSCALER = KindRef("autoscaling", "v2", "HorizontalPodAutoscaler")
MONITOR = KindRef("nobody.example.com", "v1", "Monitor")
CLUSTER_ROLE = KindRef("rbac.authorization.k8s.io", "v1", "ClusterRole")

_PODS = """
spec:
  selector: {matchLabels: {app: "{{ Values.app }}"}}
  template:
    metadata: {labels: {app: "{{ Values.app }}"}}
    spec:
      serviceAccountName: {{ Values.name }}
      nodeSelector: {{ Values.node or omit }}
      containers:
      - name: web
        image: example.com/web:1
        args: ["--port", "8080"]
        ports: [{name: http, containerPort: 8080}]
        env: [{name: TEXT, value: {{ Values.text }}}]
        resources: {requests: {cpu: 0.1, memory: 128Mi}, limits: {memory: 134217728}}
        volumeMounts: [{name: config, mountPath: /etc/web}]
        readinessProbe: {httpGet: {path: /, port: http}}
      volumes:
      - {name: config, configMap: {name: {{ Values.name }}}}
      - {name: tmp, emptyDir: {}}
"""
TEMPLATES = {
    "account.yaml.j2": """
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ Values.name }}}
""",
    "config.yaml.j2": """
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ Values.name }}, annotations: {}}
data: {text: {{ Values.text }}}
""",
    "secret.yaml.j2": """
{% if Values.secret %}
apiVersion: v1
kind: Secret
metadata: {name: {{ Values.name }}-key}
stringData: {key: {{ Values.secret }}}
{% endif %}
""",
    "service.yaml.j2": """
apiVersion: v1
kind: Service
metadata: {name: {{ Values.name }}, labels: {app: {{ Values.app }}}}
spec:
  selector: {app: {{ Values.app }}}
  ports:
  - {name: http, port: 80, targetPort: http}
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
""",
    "deployment.yaml.j2": """
{% if not Values.daemon %}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ Values.name }}}
"""
    + _PODS
    + """
  replicas: {{ omit if Values.autoscaled else Values.replicas }}
  strategy: {{ {"type": Values.strategy} if Values.strategy else omit }}
{% endif %}
""",
    "daemonset.yaml.j2": """
{% if Values.daemon %}
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: {{ Values.name }}}
"""
    + _PODS
    + """
{% endif %}
""",
    "autoscaler.yaml.j2": """
{% if Values.autoscaled %}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: {{ Values.name }}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ Values.name }}}
  minReplicas: 1
  maxReplicas: 5
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
{% endif %}
""",
    "role.yaml.j2": """
{% if Values.cluster %}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "{{ Release.Namespace }}-{{ Values.name }}"}
rules: [{apiGroups: [""], resources: [nodes], verbs: [get]}]
{% endif %}
""",
    "monitor.yaml.j2": """
{% if Values.monitor %}
apiVersion: nobody.example.com/v1
kind: Monitor
metadata: {name: {{ Values.name }}}
spec: {every: 1m}
{% endif %}
""",
}
_DEFAULTS = {
    "replicas": 2,
    "text": "hello",
    "app": "web",
    "strategy": "",
    "secret": "",
    "autoscaled": False,
    "daemon": False,
    "node": {},
    "cluster": False,
    "monitor": False,
}


class SiteValues(HelmValuesGenerator):
    """The Site's spec is its values."""

    def get_values(self, owner: Mapping[str, Any], context: Context) -> Mapping[str, Any] | Skip:
        spec = dict(owner.get("spec") or {})
        name, namespace = owner["metadata"]["name"], owner["metadata"]["namespace"]
        if spec.pop("unmanaged", False):
            return Skip("is managed by hand", cleanup=True)
        if spec.pop("foreign", False):
            return Skip("is not ours")
        if spec.pop("broken", False):
            raise ParametersError("spec.broken: is broken")
        if spec.pop("optional", False):
            context.optional.add(MONITOR)
        context.create_only.add(ObjectRef(SECRET, namespace, f"{name}-key"))
        return {**_DEFAULTS, **spec, "name": name}


def site_crd() -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    names = {"plural": "sites", "singular": "site", "kind": "Site", "listKind": "SiteList"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "sites.example.com"},
        "spec": {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]},
    }


def site_deployer(cluster: Cluster | None = None) -> Deployer:
    chart = Chart(Source("site", TEMPLATES))
    return Deployer(SITE, controller_name=MANAGER, chart=chart, generator=SiteValues(), cluster=cluster)


class SitePlugin(Plugin):
    """What a controller of Sites knows of them."""

    name = "site"
    owners = (SITE,)

    def route(self, owner: Object, store: ObjectStore) -> Deployer:
        return site_deployer(self.cluster)

    def deploys(self) -> Sequence[KindRef]:
        return site_deployer().kinds

    def permissions(self) -> Sequence[Mapping[str, Any]]:
        """Return what the ClusterRole grants."""
        return [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]


class Scene:
    """A namespace on a server, a deployer of Sites, and the requests it makes.

    The deployer has the rights that are derived for it, and no others; ``direct`` may do everything.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self._account = LimitedAccount(server, rights_of([SitePlugin(Inputs())], lease="sites"), folder)
        self.move()
        self._numbers = count()
        self.direct = KubernetesCluster.connect(server.kubeconfig)
        self.limited = KubernetesCluster.connect(self._account.kubeconfig)
        self.cluster = RecordingCluster(self.limited)
        self.deployer = self.restarted()

    def move(self) -> None:
        """Go on in a namespace where nothing has been."""
        self.namespace = self.server.namespace()
        self._account.let_in(self.namespace)

    def close(self) -> None:
        self.deployer.close()
        self.limited.close()
        self.direct.close()

    def restarted(self) -> Deployer:
        """Return a deployer that remembers nothing."""
        return site_deployer(self.cluster)

    def site(self, name: str = "", *, annotations: Mapping[str, str] | None = None, **spec: Any) -> Object:
        """Create or replace a Site; return it as stored."""
        metadata = {
            "name": name or f"web-{next(self._numbers)}",
            "namespace": self.namespace,
            "annotations": dict(annotations or {}),
        }
        site = {"apiVersion": "example.com/v1", "kind": "Site", "metadata": metadata, "spec": spec}
        return self.direct.apply(site, manager="tests", force=True)

    def changed(self, site: Object, *, annotations: Mapping[str, str] | None = None, **spec: Any) -> Object:
        """Change a Site's spec; return it as stored."""
        merged = {**site["spec"], **spec}
        return self.site(site["metadata"]["name"], annotations=annotations, **merged)

    def reconcile(self, site: Object, **arguments: Any) -> ReconcileResult:
        """Reconcile with the requests counted from zero."""
        self.cluster.clear()
        return self.deployer.reconcile(site, MemoryStore(), **arguments)

    def reconciled(self, site: Object, **arguments: Any) -> ReconcileResult:
        """Reconcile, and see that nothing went wrong."""
        result = self.reconcile(site, **arguments)
        assert [str(error) for error in result.errors] == []
        return result

    def live(self, kind: KindRef, name: str) -> Object | None:
        return self.direct.get(kind, self.namespace, name)

    def there(self, kind: KindRef, name: str) -> Object:
        """Return an object that must be there."""
        found = self.live(kind, name)
        assert found is not None, f"{kind} {name} is not there"
        return found

    def put(self, obj: Object, manager: str = "somebody") -> Object:
        """Apply something as somebody else, by force."""
        obj["metadata"].setdefault("namespace", self.namespace)
        return self.direct.apply(obj, manager=manager, force=True)

    def patch(
        self, kind: KindRef, name: str, *operations: Mapping[str, Any], manager: str = "hand"
    ) -> Object:
        """Change something as somebody else, as an edit by hand does."""
        return self.direct.json_patch(ObjectRef(kind, self.namespace, name), operations, manager=manager)

    def snapshot(self) -> MemoryStore:
        """Return a cache of all there is of the kinds that Sites have, as a synced informer would."""
        store = MemoryStore()
        for kind in self.deployer.kinds:
            if self.direct.supports(kind):
                namespace = self.namespace if kind != CLUSTER_ROLE else None
                for obj in self.direct.list(kind, namespace).items:
                    store.add(obj)
        return store
