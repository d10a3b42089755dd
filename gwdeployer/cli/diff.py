"""The command ``diff``: what a cluster would have after ``apply``, against what it has."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from gwdeployer.cli.comparison import file_name, in_order, texts, unified
from gwdeployer.cli.connecting import cluster_options, connected
from gwdeployer.cli.options import input_options, manifests_of, plugins_for
from gwdeployer.cli.progress import Progress
from gwdeployer.cli.reconciling import Reconciling
from gwdeployer.cli.report import BAD_INPUT, Report
from gwdeployer.cluster.dry_run import DryRunCluster
from gwdeployer.errors import Fault

#: kubectl's: a program, with arguments, that compares two folders.
_EXTERNAL = "KUBECTL_EXTERNAL_DIFF"
_DIFFERENT = 1
_COLOURS = (
    ("---", {"bold": True}),
    ("+++", {"bold": True}),
    ("@@", {"fg": "cyan"}),
    ("-", {"fg": "red"}),
    ("+", {"fg": "green"}),
)
#: An object's file name, and its text before and after.
_Texts = Mapping[str, tuple[str, str]]


@click.command(epilog="Example: gwdeployer diff -f my-gateway.yaml --context staging")
@input_options
@cluster_options
def diff(
    filenames: tuple[str, ...],
    inputs_file: Path | None,
    kubeconfig: Path | None,
    context: str | None,
    timeout: float,
    **given: Any,
) -> None:
    """Print what "apply" would change: what the server would store against what it has. Changes nothing.

    Values of Secrets are masked. KUBECTL_EXTERNAL_DIFF may name another program that compares two folders.
    Exit status 0 without differences, 1 with some, 2 if anything is wrong.
    """
    report = Report()
    manifests = manifests_of(filenames)
    with connected(kubeconfig, context) as live:
        cluster = DryRunCluster(live)
        run = Reconciling(plugins_for(inputs_file, given, cluster), cluster, report, timeout)
        for _ in run.reconciled(manifests, Progress()):
            pass  # what would have been done, the cluster remembers
    found = {file_name(change.ref): texts(change) for change in in_order(cluster.changes)}
    different = {name: pair for name, pair in found.items() if pair[0] != pair[1]}
    _show(different, report)
    report.print()
    wrong = BAD_INPUT if report.exit_code else 0
    click.get_current_context().exit(wrong or (_DIFFERENT if different else 0))


def _show(different: _Texts, report: Report) -> None:
    program = os.environ.get(_EXTERNAL)
    if program and different:
        _compare_by(program, different, report)
    else:
        lines = (line for name, pair in different.items() for line in unified(name, *pair))
        _print(lines)


def _print(lines: Iterable[str]) -> None:
    in_colour = sys.stdout is not None and sys.stdout.isatty()
    for line in lines:
        style = next((style for start, style in _COLOURS if line.startswith(start)), {})
        text = click.style(line, **style) if in_colour else line
        click.echo(text.encode("utf-8", "backslashreplace"))


def _compare_by(program: str, different: _Texts, report: Report) -> None:
    """Have a program of the user's compare two folders; it ends with more than 1 where it could not."""
    with TemporaryDirectory(prefix="gwdeployer-diff-") as folder:
        try:
            sides = _written(Path(folder), different)
            status = subprocess.run([*shlex.split(program), *sides], check=False).returncode  # noqa: S603
        except (OSError, ValueError) as error:
            report.failures.append(Fault(f"{program}: {error}", subject=_EXTERNAL))
        else:
            if status not in (0, 1):
                report.failures.append(Fault(f"{program} ended with status {status}", subject=_EXTERNAL))


def _written(folder: Path, different: _Texts) -> list[str]:
    """Write what is live and what would be into two folders; return their names."""
    sides = [folder / side for side in ("LIVE", "MERGED")]
    for position, side in enumerate(sides):
        side.mkdir()
        for name, pair in different.items():
            (side / name).write_text(pair[position], encoding="utf-8")
    return [str(side) for side in sides]
