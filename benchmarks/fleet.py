"""A controller and ten thousand Gateways of which nothing has changed: start, resync, relist, memory.

One Gateway is deployed on the server in this process, down to its address; the fleet are copies of what is
then there, with names and UIDs of their own. They are read through a port that has them as text, as an API
server would send them, so that parsing counts and serving does not.
"""

from __future__ import annotations

import gc
import json
import re
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, NoReturn, TypeAlias

from gwdeployer import Deployer, KindRef, MemoryStore, Object, Plan
from gwdeployer.checksums import CONFIG_CHECKSUM
from gwdeployer.cli.heap import settling_heap
from gwdeployer.cli.main import ALLOCATIONS
from gwdeployer.cluster import Event, KubernetesCluster, Listing
from gwdeployer.cluster.decoding import page_in
from gwdeployer.controller import Controller, Handled, Observer, Settings
from gwdeployer.errors import Expired
from gwdeployer.plugins import configure
from gwdeployer.testing import ALL_CONTROLLERS, APIServer, SimulatedLoadBalancer, SimulatedNode
from gwdeployer_gateway import GATEWAY, GATEWAY_CLASS, GATEWAY_PARAMETERS, GatewayPlugin
from gwdeployer_gateway.api import NAMESPACE
from tests.controller.gateways import crds

GATEWAYS = 10_000
_NAME = "the-name-of-the-gateway"
_UID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VERSION = re.compile('("resourceVersion": ")([0-9]+)"')
_TIME = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_BEGIN = 1_800_000_000
_PAGE = 500
#: By kind, the texts of a list's pages.
_Pages: TypeAlias = dict[tuple[str, str], list[bytes]]
_INPUTS = {"controllerName": "example.com/fleet", "mode": "gateway"}


_PARAMETERS: Object = {
    "apiVersion": GATEWAY_PARAMETERS.api_version,
    "kind": GATEWAY_PARAMETERS.kind,
    "metadata": {"name": "of-class", "namespace": "default"},
    "spec": {"kube": {"podDisruptionBudget": {"spec": {"minAvailable": 1}}}},
}
_REF = {"group": GATEWAY_PARAMETERS.group, "kind": GATEWAY_PARAMETERS.kind}
_CLASS: Object = {
    "apiVersion": GATEWAY_CLASS.api_version,
    "kind": GATEWAY_CLASS.kind,
    "metadata": {"name": "fleet"},
    "spec": {
        "controllerName": _INPUTS["controllerName"],
        "parametersRef": {**_REF, "name": "of-class", "namespace": "default"},
    },
}
_GATEWAY: Object = {
    "apiVersion": GATEWAY.api_version,
    "kind": GATEWAY.kind,
    "metadata": {"name": _NAME, "namespace": "default"},
    "spec": {
        "gatewayClassName": "fleet",
        "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}],
    },
}


class Fleet(NamedTuple):
    """CPU seconds of the controller, writes, and KiB of memory for each Gateway with its five children.

    ``reading`` is what it takes to parse them all, a measure of the machine.
    """

    reading: float
    start: float
    resync: float
    relist: float
    writes: int
    kibibytes: float


class StillCluster:
    """A cluster in which nothing changes: lists are parsed from text, watches wait, writes are counted."""

    def __init__(self, pages: _Pages) -> None:
        self._pages = pages
        self._watches: list[_Stillness] = []
        self.writes = 0

    def supports(self, kind: KindRef) -> bool:
        return True

    def get(self, kind: KindRef, namespace: str, name: str, **_: Any) -> Object | None:
        return None

    def list(
        self, kind: KindRef, namespace: str | None = None, *, keep: Callable[[Object], Object], **_: Any
    ) -> Listing:
        pages = self._pages.get(kind.group_kind, ())
        return Listing([keep(obj) for page in pages for obj in page_in(page, shared=True).items], "1000000")

    def watch(self, kind: KindRef, namespace: str | None = None, **_: Any) -> _Stillness:
        watch = _Stillness()
        self._watches.append(watch)
        return watch

    def list_again(self) -> None:
        """End all watches, as their resourceVersion is too old, and wait until all have begun anew."""
        watches, self._watches = self._watches, []
        for watch in watches:
            watch.expire()
        while len(self._watches) < len(watches):
            time.sleep(0.05)

    def _write(self, *_: Any, **__: Any) -> NoReturn:
        self.writes += 1
        raise AssertionError("nothing has changed, and something is written")

    create = apply = json_patch = delete = _write


class _Stillness:
    """A watch that tells nothing until it ends."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._expired = False

    def __iter__(self) -> _Stillness:
        return self

    def __next__(self) -> Event:
        self._ended.wait()
        if self._expired:
            raise Expired("too old resource version")
        raise StopIteration

    def expire(self) -> None:
        self._expired = True
        self._ended.set()

    def close(self) -> None:
        self._ended.set()


class Passes(Observer):
    """Counts the passes over Gateways."""

    def __init__(self) -> None:
        self._done = threading.Semaphore(0)
        self._count = 0

    def handled(self, handled: Handled, seconds: float) -> None:
        assert not handled.errors, handled.errors
        self._count += handled.key.kind == GATEWAY
        if self._count == GATEWAYS:  # who waits is woken once: each time would be work for both
            self._count = 0
            self._done.release()

    def wait_for_all(self) -> None:
        """Wait until each Gateway was looked at once more."""
        assert self._done.acquire(timeout=60), f"{self._count} passes"


def fleet() -> Fleet:
    """Return what a controller needs for ten thousand Gateways that are as they should be."""
    gc.set_threshold(ALLOCATIONS)  # as the command line has it
    pages = _copied(_deployed())
    cluster = StillCluster(pages)
    gc.collect()
    before, passes, stop = _resident(), Passes(), threading.Event()
    [plugin] = configure([GatewayPlugin], _INPUTS, cluster=cluster)
    controller = Controller([plugin], cluster, observers=[passes], settings=Settings(workers=1))
    running = threading.Thread(target=controller.run, args=(stop,))

    def begin() -> None:
        running.start()
        passes.wait_for_all()

    def look_again() -> None:
        controller.resync()
        passes.wait_for_all()

    try:
        with settling_heap():  # as the command line has it, too
            start = _cpu_seconds(begin)
        gc.collect()
        gc.freeze()  # as it is soon after
        memory = (_resident() - before) / GATEWAYS / 1024
        again = _cpu_seconds(look_again), _cpu_seconds(cluster.list_again)
        reading = _cpu_seconds(lambda: [json.loads(page) for kind in pages.values() for page in kind])
        return Fleet(reading, start, *again, cluster.writes, memory)
    finally:
        stop.set()
        running.join()
        gc.unfreeze()


def _cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _resident() -> int:
    """Return how many bytes of memory the process has."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


def _deployed() -> list[Object]:
    """Return a Gateway, its class and parameters, and its five children, as they are once all is well."""
    stop = threading.Event()
    parts = [SimulatedNode(), SimulatedLoadBalancer()]
    with (
        APIServer(crds=crds(), controllers=ALL_CONTROLLERS, parts=parts) as server,
        TemporaryDirectory() as folder,
    ):
        cluster = KubernetesCluster.connect(server.write_kubeconfig(Path(folder) / "kubeconfig"))
        [plugin] = configure([GatewayPlugin], _INPUTS, cluster=cluster)
        running = threading.Thread(target=Controller([plugin], cluster).run, args=(stop,))
        running.start()
        for obj in (_PARAMETERS, _CLASS, _GATEWAY):
            cluster.apply(obj, manager="user")
        _until_programmed(server)
        stop.set()
        running.join()
        kinds = [GATEWAY_CLASS, GATEWAY, GATEWAY_PARAMETERS, NAMESPACE, *plugin.deploys()]
        return [obj for kind in kinds if cluster.supports(kind) for obj in cluster.list(kind).items]


def _until_programmed(server: APIServer) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        gateway = server.get(GATEWAY, "default", _NAME) or {}
        conditions = (gateway.get("status") or {}).get("conditions") or ()
        if any(one["type"] == "Programmed" and one["status"] == "True" for one in conditions):
            return
        time.sleep(0.05)
    raise AssertionError("the Gateway was not programmed")


def _copied(objects: Sequence[Object]) -> _Pages:
    """Return the fleet."""
    checksums = _checksums(objects)
    lists: dict[tuple[str, str], list[str]] = {}
    for obj in objects:
        text = json.dumps(obj)
        copies = (_copy(text, number, checksums) for number in range(GATEWAYS))
        lists.setdefault(KindRef.of_object(obj).group_kind, []).extend(copies if _NAME in text else [text])
    return {kind: list(_paged(texts)) for kind, texts in lists.items()}


def _paged(texts: Sequence[str]) -> Iterator[bytes]:
    for at in range(0, len(texts), _PAGE):
        yield f'{{"items": [{",".join(texts[at : at + _PAGE])}]}}'.encode()


def _copy(text: str, number: int, checksums: Sequence[str] = ()) -> str:
    """Return an object that is another one: in name, UIDs, versions, times, and checksum of configuration."""
    named = text.replace(_NAME, f"gateway-{number:05}")  # a list is in the order of names
    own = _UID.sub(lambda match: f"{number:08x}{match[0][8:]}", named)
    own = _VERSION.sub(lambda match: f'{match[1]}{number}{match[2]}"', own)
    moment = datetime.fromtimestamp(_BEGIN + number, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    own = _TIME.sub(moment, own)
    return own.replace(checksums[-1], checksums[number]) if checksums else own


def _checksums(objects: Sequence[Object]) -> list[str]:
    """Return the checksums of all configurations, and at last that of the one they are copied from."""
    [plugin] = configure([GatewayPlugin], _INPUTS)
    store = MemoryStore(objects)
    [original] = [obj for obj in objects if obj["kind"] == GATEWAY.kind]
    owners = [json.loads(_copy(json.dumps(original), number)) for number in range(GATEWAYS)]
    deployer = plugin.route(original, store)
    assert isinstance(deployer, Deployer)
    return [_checksum(deployer.plan(owner, store)) for owner in (*owners, original)]


def _checksum(plan: Plan) -> str:
    [deployment] = [obj for obj in plan.objects if obj["kind"] == "Deployment"]
    return str(deployment["spec"]["template"]["metadata"]["annotations"][CONFIG_CHECKSUM])
