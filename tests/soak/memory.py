"""What a controller holds on to, at moments that can be compared: evenings, with nothing in the cluster."""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from gwdeployer.deployer import Deployer
from gwdeployer_gateway import GatewayPlugin
from tests.soak.town import Replica, Town

#: By measure.
Sample = Mapping[str, float]

_PAGE = 4096
#: What must not grow from the middle third of the evenings to the last one, and by how much it may sway:
#: connections, and the threads behind them, are pooled, and begin anew with each replica.
_TOLERATED = {"RSS MiB": (1.05, 8.0), "objects": (1.02, 3000.0), "threads": (1.0, 24.0), "files": (1.0, 24.0)}
#: Evenings before growth can be told from warming up.
_ENOUGH = 24


def sample(town: Town) -> Sample:
    """Measure the process, and what the leader remembers: who led before forgets when it leads again."""
    town.api.compact()  # what the server remembers of the past is not the controller's
    for _ in range(3):
        gc.collect()
    sizes: dict[str, float] = {
        "RSS MiB": int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20,
        "objects": len(gc.get_objects()),
        "threads": threading.active_count(),
        "files": len([*Path("/proc/self/fd").iterdir()]),
    }
    leader = town.leader()
    return sizes if leader is None else sizes | remembered(leader)


def remembered(replica: Replica) -> dict[str, float]:
    """Return how many owners and objects each memo of a replica has something on."""
    controller = replica.controller
    handlers: list[Any] = [*controller._handlers.values()]
    keepers = {id(handler._statuses): handler._statuses for handler in handlers}.values()
    queue, dependents = controller.queue, controller._dependents
    deployers = [deployer for plugin in replica.plugins for deployer in _deployers(plugin)]
    writers = [deployer._writing for deployer in deployers if deployer._writing is not None]
    return {
        "plans": sum(len(deployer._planned) for deployer in deployers),
        "settled": sum(len(writer._settled._pairs) for writer in writers),
        "used": sum(len(getattr(handler, "_used", ())) for handler in handlers),
        "done": sum(len(getattr(handler, "_done", ())) for handler in handlers),
        "statuses": sum(len(keeper._computed) for keeper in keepers),
        "topics": len(dependents._topics) + len(dependents._subscribers),
        "waiting": len(queue) + len(queue._later),
        "failing": len(queue._failures),
        "at work": len(queue._working),
        "answers": sum(len(one._answers._known) for one in (*writers, *keepers)),
        "disputes": sum(len(writer._contention._known) for writer in writers),
    }


def _deployers(plugin: Any) -> Sequence[Deployer]:
    return [*plugin._deployers.values()] if isinstance(plugin, GatewayPlugin) else [plugin.deployer]


def growth(samples: Sequence[Sample]) -> list[str]:
    """Return what has grown over the evenings, in words; nothing where there are too few to tell."""
    if len(samples) < _ENOUGH:
        return []
    third = len(samples) // 3
    middle, last = samples[third : 2 * third], samples[-third:]
    found = []
    for name, (share, slack) in _TOLERATED.items():
        before, now = (median(one[name] for one in part) for part in (middle, last))
        if now > before * share + slack:
            found.append(f"{name} grew from {before:.0f} to {now:.0f}")
    return found


#: What a replica may still know when nothing is there: the latest so many thousand of each.
_BOUNDED = {"answers": 4096, "disputes": 4096}


def kept(evening: Sample) -> list[str]:
    """Return what is remembered though nothing is there, in words."""
    return [
        f"{name}: {size:.0f} remembered though nothing is there"
        for name, size in evening.items()
        if name not in _TOLERATED and size > _BOUNDED.get(name, 0)
    ]
