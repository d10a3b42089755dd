"""The command ``apply``: from manifests to a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gwdeployer.cli.connecting import cluster_options, connected
from gwdeployer.cli.formats import resource_name
from gwdeployer.cli.options import input_options, manifests_of, plugins_for
from gwdeployer.cli.progress import Progress
from gwdeployer.cli.reconciling import Reconciling
from gwdeployer.cli.report import Report
from gwdeployer.cluster.dry_run import DryRunCluster
from gwdeployer.cluster.outcomes import Action, Outcome, ReconcileResult

_DONE = frozenset({Action.CREATED, Action.CONFIGURED, Action.RECREATED, Action.UNCHANGED})


@click.command(epilog="Example: gwdeployer apply -f my-gateway.yaml --context staging --dry-run server")
@input_options
@cluster_options
@click.option(
    "--dry-run",
    type=click.Choice(["none", "server"]),
    default="none",
    show_default=True,
    help="With server, the server says what it would do, and does nothing.",
)
def apply(
    filenames: tuple[str, ...],
    inputs_file: Path | None,
    kubeconfig: Path | None,
    context: str | None,
    timeout: float,
    dry_run: str,
    **given: Any,
) -> None:
    """Deploy what the Gateways (or other owners) in the files need, and delete what they no longer need.

    The owners must be in the cluster. Plans read the files first, and from the cluster what these do not have
    (a GatewayClass, parameters, a Secret). Prints a line for each object; what could not be done is named on
    standard error. Exit status 2 if anything in the input is wrong, 1 if something could not be done.
    """
    report, progress = Report(), Progress()
    manifests = manifests_of(filenames)
    with connected(kubeconfig, context) as live:
        cluster = DryRunCluster(live) if dry_run == "server" else live
        run = Reconciling(plugins_for(inputs_file, given, cluster), cluster, report, timeout)
        for result in run.reconciled(manifests, progress):
            progress.clear()
            for line in lines_of(result):
                click.echo(f"{line} (server dry run)" if dry_run == "server" else line)
    report.print()
    click.get_current_context().exit(report.exit_code)


def lines_of(result: ReconcileResult) -> Iterator[str]:
    """Yield a line for each object with which something was done, or would be."""
    for outcome in result.deployed.outcomes if result.deployed else ():
        if outcome.action in _DONE:
            yield f"{resource_name(outcome.ref)} {_action(outcome)}"
    for reference in result.pruned.deleted if result.pruned else ():
        yield f"{resource_name(reference)} deleted"
    for pending in result.pending:
        yield f"{resource_name(pending.ref)} {pending.reason}"


def _action(outcome: Outcome) -> str:
    """Return what was done; an object that was recreated is nobody's former one."""
    if outcome.adopted_from and outcome.action is not Action.RECREATED:
        return f"adopted from {outcome.adopted_from}"
    return str(outcome.action)
