"""``make bench``: what plans and reconciles cost, as ratios in one run: to Helm's engine, to a bare loop.

usage: python -m benchmarks [--seconds N]

Exits with 1 where a budget is missed. Milliseconds are this machine's; the ratios hold elsewhere, too.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import caching, cluster, controlling, fleet, inference, measure
from gwdeployer import Chart, Deployer, MemoryStore, Object, Plan
from gwdeployer.cache import VARIABLE
from gwdeployer.charts import charts_folder
from gwdeployer_gateway.api import GATEWAY
from gwdeployer_gateway.envoy import EnvoyGenerator
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_gateway.kinds import GATEWAY_PARAMETERS
from tests.servers import binaries

EXAMPLE = Path(__file__).parents[1] / "examples" / "gateway" / "gateway.yaml"
CLASS: Object = {
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "GatewayClass",
    "metadata": {"name": "gwdeployer"},
    "spec": {"controllerName": GatewayInputs().controller_name},
}
STORE = MemoryStore([CLASS])


def parameters(name: str, container: Object) -> Object:
    """A GatewayParameters with an overlay of a dozen leaves."""
    pod = {"containers": [{"name": "kgateway-proxy", **container}], "priorityClassName": name}
    return {
        "apiVersion": GATEWAY_PARAMETERS.api_version,
        "kind": GATEWAY_PARAMETERS.kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"kube": {"deploymentOverlay": {"spec": {"template": {"spec": pod}}}}},
    }


OF_CLASS = {"group": GATEWAY_PARAMETERS.group, "kind": GATEWAY_PARAMETERS.kind, "name": "of-class"}
OVERLAID = MemoryStore(
    [
        {**CLASS, "spec": {**CLASS["spec"], "parametersRef": {**OF_CLASS, "namespace": "default"}}},
        parameters("of-class", {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}),
        parameters("own", {"env": [{"name": "A", "value": "1"}, {"name": "POD_UID", "$patch": "delete"}]}),
    ]
)
#: What any program that uses the three loads. Since 2.14 `import pydantic` alone loads next to nothing of it.
USED = """
import yaml, jinja2
from pydantic import BaseModel
class Model(BaseModel):
    field: int
"""
PLANS = 10_000
FLEET = 1000
FLEETS = 3
ROUNDS = 15


@dataclass(slots=True)
class Budgets:
    """Checks each number against its budget and says so."""

    missed: int = 0

    def check(self, what: str, value: float, limit: float, *, least: bool = False) -> None:
        kept = value >= limit if least else value <= limit
        self.missed += not kept
        word = "at least" if least else "at most"
        print(f"{'ok    ' if kept else 'MISSED'} {what}: {value:.3g} (budget: {word} {limit:g})")


def gateways(count: int) -> Iterator[Object]:
    """Gateways of one shape: same listeners, different names, as in a fleet."""
    for number in range(count):
        yield {
            "apiVersion": GATEWAY.api_version,
            "kind": GATEWAY.kind,
            "metadata": {"name": f"gateway-{number}", "namespace": "default", "uid": f"uid-{number}"},
            "spec": {
                "gatewayClassName": "gwdeployer",
                "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}],
            },
        }


def deployer() -> Deployer:
    inputs = GatewayInputs()
    chart = Chart.load(charts_folder() / "envoy")
    return Deployer(
        GATEWAY, controller_name=inputs.controller_name, chart=chart, generator=EnvoyGenerator(inputs)
    )


def contestants() -> dict[str, Callable[[], object]]:
    """A plan for a Gateway of a shape seen before, for the first Gateway of all, and for an unchanged one."""
    warm = deployer()
    fleet = cycle(list(gateways(FLEET)))
    steady = next(gateways(1))
    warm.plan(steady, STORE)

    def plan_next() -> Plan:
        owner = next(fleet)
        warm.forget(owner)
        return warm.plan(owner, STORE)

    kept = deployer()
    laid_over = deployer()
    patched = cycle([overlaid(owner) for owner in gateways(FLEET)])

    def plan_overlaid() -> Plan:
        owner = next(patched)
        laid_over.forget(owner)
        return laid_over.plan(owner, OVERLAID)

    # Once round, so that the memory of the plans that are kept is there already.
    for run in (plan_next, plan_overlaid):
        for _ in range(FLEET):
            run()
    return {
        "plan, shape seen before": plan_next,
        "plan, two overlays": plan_overlaid,
        "plan, first of all (chart read and compiled)": lambda: deployer().plan(steady, STORE),
        "plan, an inference pool": inference.planner(FLEET),
        "plan, nothing changed": lambda: kept.plan(steady, STORE),
        "explain, all of one gateway": lambda: kept.plan(steady, STORE, trace=True),
    }


def overlaid(owner: Object) -> Object:
    """A Gateway with parameters of its own, beside those of its class: each has an overlay."""
    ref = {"group": GATEWAY_PARAMETERS.group, "kind": GATEWAY_PARAMETERS.kind, "name": "own"}
    return {**owner, "spec": {**owner["spec"], "infrastructure": {"parametersRef": ref}}}


def against_helm(seconds: float, budgets: Budgets) -> None:
    try:
        from benchmarks import helm  # noqa: PLC0415 - Helm's engine is there on Linux only
    except ImportError as error:
        print(f"no comparison with Helm: {error}")
        return
    with helm.HelmEngine() as engine:
        values = helm.base_values()
        unequal = helm.unequal_cases(engine)
        if unequal:
            sys.exit(f"the yardstick is wrong, Helm renders other objects: {sorted(unequal)}")
        baseline = "Helm, render and parse"
        runs = {baseline: lambda: helm.parse(engine.render(values)), **contestants()}
        result = measure.compare(runs, seconds=seconds)
        print(f"one Envoy gateway, four objects; {baseline} (Helm {engine.version}) is 1\n")
        print(result.table(baseline), end="\n\n")
        faster = 1 / result.ratio("plan, shape seen before", baseline)
        budgets.check("times faster than Helm's engine, shape seen before", faster, 5, least=True)
        budgets.check("ms for a plan, shape seen before", result["plan, shape seen before"].median_ms, 0.35)
        budgets.check("ms for a plan with two overlays", result["plan, two overlays"].median_ms, 0.35)
        pool = result["plan, an inference pool"].median_ms
        budgets.check("ms for a plan of an inference pool, shape seen before", pool, 0.35)
        explained = result["explain, all of one gateway"].median_ms
        budgets.check("ms to explain every leaf of one gateway", explained, 30)
        budgets.check("ms for a plan, nothing changed", result["plan, nothing changed"].median_ms, 0.03)


def memory() -> None:
    made = deployer()
    fleet = list(gateways(PLANS))
    made.plan(fleet[0], STORE)
    size = measure.memory_of(lambda: [made.plan(owner, STORE) for owner in fleet])
    print(f"       memory of {PLANS} plans kept: {size / PLANS / 1024:.1f} KiB each")


def caches(budgets: Budgets) -> None:
    """Measure what a controller keeps in memory of what the cluster has."""
    cost = caching.cost(gateways(caching.GATEWAYS), CLASS)
    print(f"\ncache memory, {caching.GATEWAYS} Gateways with five objects each")
    budgets.check("KiB for each Gateway, as listed", cost.listed, 100)
    budgets.check("KiB for each Gateway, as watched", cost.watched, 100)
    print(f"       time as multiples of reading the JSON: lists {cost.list_ratio:.2g}", end=", ")
    print(f"events {cost.watch_ratio:.2g}")


def commands(budgets: Budgets) -> None:
    """Measure whole processes: they are what a user waits for."""
    render = f"from gwdeployer.cli.main import main; main(['render', '-f', {str(EXAMPLE)!r}])"
    with TemporaryDirectory() as folder:
        # As installed and used before: the first round writes compiled modules and templates.
        environment = {**os.environ, VARIABLE: f"{folder}/cache"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        runs = {
            "bare": ("import yaml, jinja2, pydantic", environment),
            "used": (USED, environment),
            "import": ("import gwdeployer", environment),
            "render": (render, environment),
            "first": (render, {**environment, VARIABLE: ""}),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS):
            for name, (code, variables) in runs.items():
                times[name].append(cpu_seconds(code, variables))
    bare, used, render_time = (median(times[name]) for name in ("bare", "used", "render"))
    print(f"\nCPU time as multiples of `import yaml, jinja2, pydantic` ({bare * 1000:.0f} ms)")
    budgets.check("import gwdeployer", median(times["import"]) / bare, 1.2)
    budgets.check("gwdeployer render of one file", render_time / bare, 2)
    print(f"       the same without a cache of compiled templates: {median(times['first']) / bare:.3g}")
    print(f"       the same imports with one pydantic model in use: {used / bare:.3g}")


def cpu_seconds(code: str, environment: Mapping[str, str]) -> float:
    """Return what a process of one thread needs; unlike the clock, it leaves out what others do meanwhile."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=environment)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def on_a_server(budgets: Budgets) -> None:
    """Measure new Gateways on a real kube-apiserver: reconciles alone, and a controller with its statuses."""
    try:
        with cluster.server() as server:
            times = cluster.new_gateways(server, gateways(2 * cluster.GATEWAYS), STORE)
        with cluster.server() as another:  # one has node ports for some 2700 Services
            controlled = controlling.new_gateways(another)
    except binaries.UnavailableError as error:
        print(f"no comparison on a real server: {error}")
        return
    print(f"\n{cluster.GATEWAYS} new Gateways, four objects each, on a real kube-apiserver:", end=" ")
    print(f"{times.reconciled:.1f} s; a bare loop of the same applies: {times.bare:.1f} s")
    budgets.check("new Gateways, as multiples of the bare loop", times.ratio, 1.3)
    print(
        f"       by a controller: {controlled.controlled:.1f} s, with {controlled.statuses} statuses;",
        end=" ",
    )
    print(f"a bare loop of as many requests: {controlled.bare:.1f} s")
    budgets.check("new Gateways by a controller, as multiples of the bare loop", controlled.ratio, 1.3)


def _fleet() -> fleet.Fleet:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:  # whose memory is its own
        return process.submit(fleet.fleet).result()


def unchanged(budgets: Budgets) -> None:
    """Measure a controller of a fleet of which nothing has changed: the median of some, as for commands."""
    runs = [_fleet() for _ in range(FLEETS)]
    found = fleet.Fleet(*map(median, zip(*runs, strict=True)))
    python = platform.python_version()
    print(
        f"\n{fleet.GATEWAYS} Gateways with five objects each, unchanged, in s of CPU of Python {python};",
        end=" ",
    )
    print(f"for comparison, to read their JSON: {found.reading:.1f}, to list them again: {found.relist:.1f}")
    budgets.check("s of CPU after a start", found.start, 8)
    budgets.check("s of CPU for a full resync", found.resync, 5)
    budgets.check("writes", sum(run.writes for run in runs), 0)
    budgets.check("KiB of memory for each Gateway, by RSS", found.kibibytes, 100)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5, help="how long to measure plans")
    arguments = parser.parse_args()
    budgets = Budgets()
    against_helm(arguments.seconds, budgets)
    memory()
    caches(budgets)
    commands(budgets)
    on_a_server(budgets)
    unchanged(budgets)
    return 1 if budgets.missed else 0


if __name__ == "__main__":
    sys.exit(main())
