"""People who change a cluster at random: users, their mishaps, and those who install kinds.

What they do follows from a random generator alone, not from what there is: only of what they edit or delete
by hand they see what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any

from gwdeployer import KindRef, ObjectRef
from gwdeployer.errors import Conflict, InvalidObject, KindNotInstalled, NotFound
from gwdeployer.objects import Object, metadata_of
from gwdeployer.objects.ownership import OWNER_UID
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS
from gwdeployer_gateway.api import GROUP, LISTENER_SET
from gwdeployer_gateway.kinds import DEPLOYED, GATEWAY_PARAMETERS, HTTP_ROUTE, REFERENCE_GRANT, SECRET
from tests.cluster.scene import CLUSTER_ROLE, CONFIG_MAP, DEPLOYMENT, SERVICE, SERVICE_ACCOUNT, SITE
from tests.controller.running import Running
from tests.soak.town import CONTROLLER, CRD, NAMESPACES, Town

_CLASSES = ("blue", "green")
_GATEWAYS = ("one", "two", "three", "four")
_PARAMETERS = ("small", "large")
#: ConfigMaps that Sites are configured by.
_TEXTS = ("prose", "verse")
_HOSTNAMES = ("", "a.example.com", "*.example.com", "b.example.org")
#: Kinds that come and go with their definitions.
_FLEETING = (HTTP_ROUTE, LISTENER_SET, REFERENCE_GRANT, GATEWAY_PARAMETERS)
#: What the users have made, in the order in which it is deleted in the evening.
_THEIRS = (GATEWAY, SITE, LISTENER_SET, HTTP_ROUTE, REFERENCE_GRANT, GATEWAY_PARAMETERS, GATEWAY_CLASS)


class People:
    """They act one at a time, as often as they are asked to, and insist where the server fails them."""

    def __init__(self, town: Town, random: Random) -> None:
        self._town = town
        self._random = random
        #: What stands where something of ours would like to be, as its maker left it.
        self.foreign: dict[ObjectRef, Object] = {}
        self.actions = 0
        self._gone: set[KindRef] = set()
        self._weights: Mapping[Callable[[], None], int] = {
            self._put_gateway: 20,
            self._delete_gateway: 6,
            self._put_class: 5,
            self._delete_class: 1,
            self._put_parameters: 6,
            self._put_listener_set: 5,
            self._put_route: 6,
            self._put_secret: 3,
            self._put_grant: 3,
            self._put_text: 3,
            self._delete_something: 6,
            self._label_namespace: 2,
            self._put_site: 10,
            self._delete_site: 4,
            self._edit_by_hand: 8,
            self._delete_by_hand: 5,
            self._stand_in_the_way: 3,
            self._step_aside: 3,
            self._switch_kind: 2,
        }

    def act(self) -> None:
        """Do one thing."""
        self.actions += 1
        [action] = self._random.choices([*self._weights], [*self._weights.values()])
        action()

    def begin(self) -> None:
        """Have the classes there: most days begin so."""
        for name in _CLASSES:
            self._class(name, {"controllerName": CONTROLLER})

    def restore_kinds(self) -> None:
        """Install what is not installed, also where a fault has kept somebody from it."""
        served = {metadata_of(crd)["name"] for crd in self._town.api.list(CRD)}
        for kind in _FLEETING:
            if metadata_of(self._definition(kind))["name"] not in served:
                self._install(kind)

    def go_home(self) -> None:
        """Delete everything that anybody but the controller has made."""
        self.restore_kinds()
        for kind in _THEIRS:
            for obj in self._town.api.list(kind):
                self._delete(ObjectRef.of(obj))
        for ref in [*self.foreign]:
            self._take_away(ref)
        inputs = {SECRET: _GATEWAYS, CONFIG_MAP: _TEXTS}
        for kind, names in inputs.items():
            for ref in map(ObjectRef.of, self._town.api.list(kind)):
                if ref.name in names:
                    self._delete(ref)

    def _put_gateway(self) -> None:
        random = self._random
        listeners = [self._listener(number) for number in range(random.randint(1, 3))]
        spec: dict[str, Any] = {
            "gatewayClassName": random.choice((*_CLASSES, *_CLASSES, "missing")),
            "listeners": listeners,
        }
        if random.random() < 0.4:
            ref = {"group": GATEWAY_PARAMETERS.group, "kind": GATEWAY_PARAMETERS.kind}
            spec["infrastructure"] = {"parametersRef": {**ref, "name": random.choice((*_PARAMETERS, "lost"))}}
        if random.random() < 0.3:
            spec.setdefault("infrastructure", {})["labels"] = {"team": random.choice(("a", "b"))}
        if random.random() < 0.3:
            spec["allowedListeners"] = {"namespaces": {"from": random.choice(("All", "Same"))}}
        self._put(GATEWAY, random.choice(_GATEWAYS), spec=spec)

    def _listener(self, number: int) -> Object:
        random = self._random
        listener: Object = {"name": f"l{number}", "protocol": "HTTP", "port": random.choice((80, 81, 8080))}
        if hostname := random.choice(_HOSTNAMES):
            listener["hostname"] = hostname
        if random.random() < 0.3:
            ref = {"name": random.choice(_GATEWAYS), "namespace": random.choice(NAMESPACES)}
            listener |= {"protocol": "HTTPS", "port": 443, "tls": {"certificateRefs": [ref]}}
        if random.random() < 0.3:
            listener["allowedRoutes"] = {"namespaces": {"from": random.choice(("All", "Same"))}}
        return listener

    def _delete_gateway(self) -> None:
        self._delete(self._ref(GATEWAY, self._random.choice(_GATEWAYS)))

    def _put_class(self) -> None:
        name = self._random.choice(_CLASSES)
        controller = self._random.choice((CONTROLLER, CONTROLLER, CONTROLLER, "example.com/others"))
        spec: Object = {"controllerName": controller}
        if self._random.random() < 0.4:
            ref = {"group": GATEWAY_PARAMETERS.group, "kind": GATEWAY_PARAMETERS.kind}
            where = {"name": self._random.choice(_PARAMETERS), "namespace": self._random.choice(NAMESPACES)}
            spec["parametersRef"] = {**ref, **where}
        self._class(name, spec)

    def _class(self, name: str, spec: Object) -> None:
        metadata = {"name": name}
        self._apply(
            {
                "apiVersion": GATEWAY_CLASS.api_version,
                "kind": GATEWAY_CLASS.kind,
                "metadata": metadata,
                "spec": spec,
            }
        )

    def _delete_class(self) -> None:
        self._delete(ObjectRef(GATEWAY_CLASS, "", self._random.choice(_CLASSES)))

    def _put_parameters(self) -> None:
        random = self._random
        kube: Object = {}
        if random.random() < 0.6:
            kube["deployment"] = {"replicas": random.randint(1, 3)}
        if random.random() < 0.5:
            kube["service"] = {"type": random.choice(("ClusterIP", "LoadBalancer"))}
        if random.random() < 0.3:
            kube["podDisruptionBudget"] = {"minAvailable": 1}
        if random.random() < 0.3:
            bounds = {"minReplicas": 1, "maxReplicas": random.randint(2, 4)}
            kube["horizontalPodAutoscaler"] = {"spec": bounds}
        if random.random() < 0.2:
            kube["serviceOverlay"] = {"metadata": {"labels": {"from": "overlay"}}}
        self._put(GATEWAY_PARAMETERS, random.choice(_PARAMETERS), spec={"kube": kube})

    def _put_listener_set(self) -> None:
        parent = {"group": GROUP, "kind": "Gateway", **self._parent()}
        listener = {**self._listener(7), "port": self._random.choice((90, 91))}
        self._put(
            LISTENER_SET,
            self._random.choice(_GATEWAYS),
            spec={"parentRef": parent, "listeners": [listener]},
        )

    def _put_route(self) -> None:
        spec: Object = {"parentRefs": [self._parent()]}
        if hostname := self._random.choice(_HOSTNAMES):
            spec["hostnames"] = [hostname]
        self._put(HTTP_ROUTE, self._random.choice(_GATEWAYS), spec=spec)

    def _parent(self) -> Object:
        return {"name": self._random.choice(_GATEWAYS), "namespace": self._random.choice(NAMESPACES)}

    def _put_secret(self) -> None:
        name = self._random.choice(_GATEWAYS)
        self._put(SECRET, name, stringData={"tls.crt": f"{self._random.random()}", "tls.key": "none"})

    def _put_grant(self) -> None:
        spec = {
            "from": [
                {"group": GROUP, "kind": "Gateway", "namespace": self._random.choice(NAMESPACES)},
                {"group": GROUP, "kind": "ListenerSet", "namespace": self._random.choice(NAMESPACES)},
            ],
            "to": [{"group": "", "kind": "Secret"}],
        }
        self._put(REFERENCE_GRANT, "grant", spec=spec)

    def _put_text(self) -> None:
        self._put(CONFIG_MAP, self._random.choice(_TEXTS), data={"text": f"{self._random.random()}"})

    def _delete_something(self) -> None:
        kind = self._random.choice((*_FLEETING, SECRET, CONFIG_MAP))
        names = {GATEWAY_PARAMETERS: _PARAMETERS, REFERENCE_GRANT: ("grant",), CONFIG_MAP: _TEXTS}
        self._delete(self._ref(kind, self._random.choice(names.get(kind, _GATEWAYS))))

    def _label_namespace(self) -> None:
        name, team = self._random.choice(NAMESPACES), self._random.choice(("a", "b"))
        metadata = {"name": name, "labels": {"team": team}}
        self._apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def _put_site(self) -> None:
        random = self._random
        spec: Object = {"text": random.choice(("x", "y", "z")), "replicas": random.randint(1, 3)}
        for wish in ("autoscaled", "cluster", "daemon", "unmanaged", "broken", "away"):
            if random.random() < 0.12:
                spec[wish] = True
        if random.random() < 0.3:
            spec["config"] = random.choice(_TEXTS)
        self._put(SITE, f"site-{random.randint(0, 3)}", spec=spec)

    def _delete_site(self) -> None:
        self._delete(self._ref(SITE, f"site-{self._random.randint(0, 3)}"))

    def _edit_by_hand(self) -> None:
        ref = self._something_deployed()
        edits: tuple[Object, ...] = (
            {"op": "add", "path": "/metadata/labels", "value": {"edited": "by hand"}},
            {"op": "remove", "path": "/metadata/labels"},
            {"op": "add", "path": "/metadata/annotations", "value": {"edited": "by hand"}},
        )
        special: dict[KindRef, Object] = {
            DEPLOYMENT: {"op": "replace", "path": "/spec/replicas", "value": self._random.randint(0, 5)},
            SERVICE: {"op": "replace", "path": "/spec/ports/0/port", "value": 4711},
            CONFIG_MAP: {"op": "replace", "path": "/data", "value": {"edited": "by hand"}},
        }
        edit = self._random.choice(edits)
        if ref is not None:
            patch = special.get(ref.kind, edit)
            self._try(lambda: self._town.direct.json_patch(ref, [patch], manager="hand"))

    def _delete_by_hand(self) -> None:
        ref = self._something_deployed()
        if ref is not None:
            self._delete(ref)

    def _something_deployed(self) -> ObjectRef | None:
        """Return something that is deployed for somebody; None where nothing is."""
        share = self._random.random()
        found = [
            ref
            for kind in (*DEPLOYED, CLUSTER_ROLE)
            if kind.group != "autoscaling.k8s.io"
            for obj in self._town.api.list(kind)
            if (ref := ObjectRef.of(obj)) not in self.foreign and _is_deployed(obj)
        ]
        return found[int(share * len(found))] if found else None

    def _stand_in_the_way(self) -> None:
        kind = self._random.choice((CONFIG_MAP, SERVICE, SERVICE_ACCOUNT))
        ref = self._ref(kind, self._random.choice((*_GATEWAYS, "site-0", "site-1")))
        metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {"is": "foreign"}}
        body: Object = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
        if kind == SERVICE:
            body["spec"] = {"ports": [{"port": 1}], "selector": {"is": "foreign"}}
        if kind == CONFIG_MAP:
            body["data"] = {"text": "foreign"}
        self._try(lambda: self._town.direct.create(body, manager="user"))
        live = self._town.api.get(*ref)
        if live is not None and (metadata_of(live).get("labels") or {}).get("is") == "foreign":
            self.foreign[ref] = live

    def _step_aside(self) -> None:
        share = self._random.random()
        if self.foreign:
            self._take_away([*self.foreign][int(share * len(self.foreign))])

    def _take_away(self, ref: ObjectRef) -> None:
        del self.foreign[ref]
        self._delete(ref)

    def _switch_kind(self) -> None:
        kind = self._random.choice(_FLEETING)
        if kind in self._gone:
            self._install(kind)
        else:
            self._gone.add(kind)
            self._delete(ObjectRef(CRD, "", metadata_of(self._definition(kind))["name"]))

    def _install(self, kind: KindRef) -> None:
        self._gone.discard(kind)
        self._apply(self._definition(kind))

    def _definition(self, kind: KindRef) -> Object:
        return next(
            crd
            for crd in self._town.crds
            if (crd["spec"]["group"], crd["spec"]["names"]["kind"]) == kind.group_kind
        )

    def _ref(self, kind: KindRef, name: str) -> ObjectRef:
        return ObjectRef(kind, self._random.choice(NAMESPACES), name)

    def _put(self, kind: KindRef, name: str, **content: Any) -> None:
        namespace = self._random.choice(NAMESPACES)
        metadata = {"name": name, "namespace": namespace}
        self._apply({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content})

    def _apply(self, obj: Object) -> None:
        self._try(lambda: self._town.direct.apply(obj, manager="user", force=True))

    def _delete(self, ref: ObjectRef) -> None:
        self._try(lambda: self._town.direct.delete(ref))

    def _try(self, do: Callable[[], object]) -> None:
        """Do something, as often as it takes; that it cannot be done is all right."""
        with suppress(NotFound, Conflict, KindNotInstalled, InvalidObject):
            Running.insist(do)


def _is_deployed(obj: Object) -> bool:
    metadata = metadata_of(obj)
    controllers = (one for one in metadata.get("ownerReferences") or () if one.get("controller"))
    labelled = OWNER_UID in (metadata.get("labels") or {})
    return labelled or any(one["kind"] in {"Gateway", "Site"} for one in controllers)
