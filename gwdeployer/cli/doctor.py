"""The command ``doctor``: why an owner does not work, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from gwdeployer.cli.accounts import account_option
from gwdeployer.cli.connecting import connected, connection_options, time_option
from gwdeployer.cli.following import followed, nobody
from gwdeployer.cli.options import plugins_for, settings_options
from gwdeployer.cli.planning import owner_kinds
from gwdeployer.cli.report import NOT_DONE, Report
from gwdeployer.cluster.dry_run import DryRunCluster
from gwdeployer.diagnosis.examining import Examined, Examiner
from gwdeployer.diagnosis.leadership import lease_ref
from gwdeployer.errors import NotSynced
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import rights_of
from gwdeployer.objects import KindRef, Object, name_of
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore


class _Subject(NamedTuple):
    """An owner to look at."""

    plugin: Plugin
    kind: KindRef
    object: Object


@click.command(epilog="Example: gwdeployer doctor -n shop Gateway/web")
@settings_options
@connection_options
@time_option("--timeout", "30s", "How long to wait until everything is read.")
@click.argument("owner", required=False, metavar="[NAME|KIND/NAME]")
@click.option("-n", "--namespace", metavar="NAME", help="Owners of this namespace alone.")
@account_option("Whose rights the controller has, and in whose namespace and name its Lease is.")
def doctor(
    inputs_file: Path | None,
    kubeconfig: Path | None,
    context: str | None,
    timeout: float,
    owner: str | None,
    namespace: str | None,
    account: Account,
) -> None:
    """Find out why a Gateway (or other owner) does not work: of one, or of all.

    Prints a line for each owner, and below it one for each thing that is wrong, with what to do about it.
    Nothing is written: what a controller would do is rehearsed on the server. Exit status 1 if anything is
    wrong, 0 if all is well.
    """
    report, well = Report(), True
    with connected(kubeconfig, context) as live:
        rehearsal = DryRunCluster(live)
        plugins = plugins_for(inputs_file, {}, rehearsal)
        with followed(live, plugins, timeout, report) as (store, _):
            subjects = list(_subjects(plugins, store, owner, namespace))
            if not subjects and not report.failures:
                words = "there is no such owner" if owner else nobody(live, plugins, namespace)
                raise click.UsageError(words)
            rights = rights_of(plugins, lease=account.name)
            examiner = Examiner(store, rehearsal, lease_ref(*account), account, rights, _now)
            for subject in subjects:
                examined = examiner.examine(*subject)
                well = well and (examined.is_well or _is_others(examined, owner))
                report.warnings += examined.warnings
                click.echo("\n".join(_lines(examined)))
    report.print()
    click.get_current_context().exit(report.exit_code or (0 if well else NOT_DONE))


def _now() -> datetime:
    return datetime.now(UTC)


def _subjects(
    plugins: Iterable[Plugin], store: ObjectStore, owner: str | None, namespace: str | None
) -> Iterator[_Subject]:
    """Yield the owners that are meant, as far as they are known."""
    wanted, _, name = (owner or "").rpartition("/")
    for plugin, kind in owner_kinds(plugins):
        if wanted.lower() not in ("", kind.kind.lower()):
            continue
        for obj in _known(store, kind, namespace):
            if name in ("", name_of(obj)):
                yield _Subject(plugin, kind, obj)


def _known(store: ObjectStore, kind: KindRef, namespace: str | None) -> Sequence[Object]:
    try:
        return store.list(kind, namespace)
    except NotSynced:
        return ()


def _is_others(examined: Examined, owner: str | None) -> bool:
    """Return whether an owner that is left alone is no matter, as nobody asked for it by name."""
    return bool(examined.left_alone) and owner is None


def _lines(examined: Examined) -> Iterator[str]:
    if examined.is_well:
        yield f"{examined.owner}: {click.style('all is well', fg='green')}"
        return
    yield f"{examined.owner}: {_summary(examined)}"
    for fault in examined.faults:
        yield f"  - {fault.without(str(examined.owner))}"


def _summary(examined: Examined) -> str:
    if examined.left_alone:
        return "left alone"
    if examined.verdict.ready:
        return "ready, but"
    return f"{click.style('not ready', fg='red')} ({examined.verdict.reason})"
