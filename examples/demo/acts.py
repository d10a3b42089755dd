"""The life of some Gateways, act by act: what is done to them, and what has to come of it."""

from __future__ import annotations

from functools import partial

from examples.demo.stage import DEPLOYMENT, EVENT, SERVICE, Stage, documents, ready, service_ports
from gwdeployer import KindRef, Object
from gwdeployer_gateway import GATEWAY, GATEWAY_PARAMETERS

CONFIG_MAP = KindRef("", "v1", "ConfigMap")
SECRET = KindRef("", "v1", "Secret")
SERVICE_ACCOUNT = KindRef("", "v1", "ServiceAccount")
POD = KindRef("", "v1", "Pod")
DEPLOYED = (SERVICE_ACCOUNT, CONFIG_MAP, SERVICE, DEPLOYMENT)
GATEWAYS = ("front-door", "back-office")
_ORDER = ("GatewayParameters", "GatewayClass", "Gateway")


def create(stage: Stage) -> None:
    """Create a class with parameters and two Gateways."""
    stage.view.act("Two Gateways are created, and get their proxies")
    stage.view.typed("kubectl apply -f examples/gateway/gateway.yaml -f examples/demo/back-office.yaml")
    for name in ("platform", "shop"):
        stage.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    # In this order no Gateway is looked at before all that it refers to is there.
    found = list(documents("gateway/gateway.yaml", "demo/back-office.yaml"))
    stage.put(*sorted(found, key=lambda obj: _ORDER.index(obj["kind"])))
    for name in GATEWAYS:
        stage.until(
            f"{name} has its ServiceAccount, ConfigMap, Service and Deployment",
            partial(has_all, stage, name),
        )
    for name in GATEWAYS:
        stage.until(f"{name} is programmed, with all of its Pods", partial(is_up, stage, name))


def has_all(stage: Stage, name: str) -> bool:
    """Return whether everything is there that a Gateway gets."""
    return all(stage.get(kind, name) for kind in DEPLOYED)


def is_up(stage: Stage, name: str) -> bool:
    """Return whether a Gateway is programmed, has an address, and all Pods of its latest Deployment."""
    workload = stage.get(DEPLOYMENT, name)
    status, wanted = workload.get("status", {}), workload.get("spec", {}).get("replicas")
    rolled_out = (
        status.get("observedGeneration") == workload.get("metadata", {}).get("generation")
        and status.get("updatedReplicas") == status.get("replicas") == ready(workload) == wanted
    )
    programmed = stage.condition(name, "Programmed").get("status") == "True"
    return bool(rolled_out and programmed and stage.get(GATEWAY, name)["status"].get("addresses"))


def certify(stage: Stage) -> None:
    """Give an HTTPS listener the certificate that it waits for."""
    stage.view.act("HTTPS waits for its certificate")
    stage.until("front-door says which reference leads nowhere", partial(resolves, stage, "False"))
    stage.view.typed("kubectl apply -f examples/demo/certificate.yaml")
    stage.put(*documents("demo/certificate.yaml"))
    stage.until("front-door serves HTTPS, too", partial(resolves, stage, "True"))


def resolves(stage: Stage, status: str) -> bool:
    """Return whether this is said of the references of front-door."""
    return bool(stage.condition("front-door", "ResolvedRefs").get("status") == status)


def move(stage: Stage) -> None:
    """Let a Gateway listen on another port."""
    stage.view.act("Port 80 becomes 8080")
    address = stage.get(GATEWAY, "back-office")["status"]["addresses"]
    stage.view.typed("kubectl edit gateway back-office")
    stage.replace(GATEWAY, "shop", "back-office", "/spec/listeners/0/port", 8080)
    stage.until(
        "back-office's Service has the new port, and no other",
        lambda: service_ports(stage.get(SERVICE, "back-office")) == [8080],
    )
    stage.until(
        "back-office is programmed, and has kept its address",
        lambda: (
            is_up(stage, "back-office")
            and stage.get(GATEWAY, "back-office")["status"]["addresses"] == address
        ),
    )


def upgrade(stage: Stage) -> None:
    """Change the parameters of the class, which both Gateways inherit."""
    stage.view.act("The class's parameters change two Gateways at once")
    stage.view.typed("kubectl edit gatewayparameters -n platform shop-gateways")
    path = "/spec/kube/envoyContainer/image/tag"
    stage.replace(GATEWAY_PARAMETERS, "platform", "shop-gateways", path, "v1.38.1")
    for name in GATEWAYS:
        stage.until(
            f"{name} runs Envoy v1.38.1, all Pods of it",
            partial(runs, stage, name, "v1.38.1"),
        )


def runs(stage: Stage, name: str, version: str) -> bool:
    """Return whether all Pods of a Gateway are of this version."""
    [container] = stage.get(DEPLOYMENT, name)["spec"]["template"]["spec"]["containers"]
    return bool(container["image"].endswith(f":{version}")) and is_up(stage, name)


def meddle(stage: Stage) -> None:
    """Change by hand what is deployed."""
    stage.view.act("What somebody changes by hand is put right")
    stage.view.typed("kubectl scale deployment front-door --replicas=1")
    stage.replace(DEPLOYMENT, "shop", "front-door", "/spec/replicas", 1)
    stage.until(
        "front-door has its three replicas again",
        lambda: stage.get(DEPLOYMENT, "front-door")["spec"]["replicas"] == 3,  # noqa: PLR2004
    )
    stage.view.typed("kubectl delete configmap front-door")
    stage.delete(CONFIG_MAP, "shop", "front-door")
    stage.until("front-door has its ConfigMap again", lambda: stage.get(CONFIG_MAP, "front-door"))
    stage.until("front-door has all its Pods again", lambda: is_up(stage, "front-door"))
    tell_events(stage, "front-door", "Repaired", 2)


def tell_events(stage: Stage, gateway: str, reason: str, count: int = 1) -> None:
    """Wait for Events about a Gateway, and show them."""
    stage.until(f"Events tell people: {reason}", lambda: len(events(stage, gateway, reason)) == count)
    for event in events(stage, gateway, reason):
        stage.view.say(f"    {event['note']}")


def events(stage: Stage, gateway: str, reason: str) -> list[Object]:
    """Return the Events about a Gateway with this reason."""
    found = [one for one in stage.server.list(EVENT, "shop") if one["regarding"]["name"] == gateway]
    return sorted((one for one in found if one["reason"] == reason), key=lambda one: str(one["note"]))


def refuse(stage: Stage) -> None:
    """Create a Gateway that would need somebody else's Service."""
    stage.view.act("What is somebody else's is left alone")
    stage.view.typed("kubectl apply -f examples/demo/warehouse.yaml")
    stage.put(*documents("demo/warehouse.yaml"))
    foreign = stage.get(SERVICE, "warehouse")
    stage.until(
        "warehouse is not programmed: its Service's name is taken",
        lambda: "Service shop/warehouse" in stage.condition("warehouse", "Programmed").get("message", ""),
    )
    tell_events(stage, "warehouse", "Refused")
    stage.until("the other Service is as it was", lambda: stage.get(SERVICE, "warehouse") == foreign)
    stage.view.typed("kubectl delete service warehouse")
    stage.delete(SERVICE, "shop", "warehouse")
    stage.until("warehouse has a Service of its own, and is programmed", lambda: is_up(stage, "warehouse"))


def is_proxy(pod: Object) -> bool:
    """Return whether a Pod is a Gateway's."""
    return "gateway.networking.k8s.io/gateway-name" in pod["metadata"].get("labels", {})


def end(stage: Stage) -> None:
    """Delete the Gateways that there are: somebody may have deleted one, or made another."""
    stage.view.act("With the Gateways goes what was deployed for them")
    stage.view.typed("kubectl delete gateway --all")
    names = [gateway["metadata"]["name"] for gateway in stage.server.list(GATEWAY, "shop")]
    for name in names:
        stage.delete(GATEWAY, "shop", name)
    stage.until(
        "nothing of them is left",
        lambda: (
            not any(stage.get(kind, name) for kind in (GATEWAY, *DEPLOYED) for name in names)
            and not any(is_proxy(pod) for pod in stage.server.list(POD, "shop"))
        ),
    )


#: In this order, before the end.
ACTS = (create, certify, move, upgrade, meddle, refuse)
