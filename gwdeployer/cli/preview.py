"""The commands ``render`` and ``values``: previews that need no cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gwdeployer.cli.formats import FORMATS, VALUES_FORMATS, names_of
from gwdeployer.cli.options import input_options, manifests_of, output_option, plugins_for
from gwdeployer.cli.planning import plans_of
from gwdeployer.cli.report import Report
from gwdeployer.plan import Plan


@click.command(epilog="Example: gwdeployer render -f my-gateway.yaml -f params/ -o tree")
@input_options
@output_option(*FORMATS)
def render(filenames: tuple[str, ...], inputs_file: Path | None, output: str, **given: Any) -> None:
    """Print the objects that would be deployed for each Gateway (or other owner) in the files.

    Needs no cluster. Owners that are left alone are named on standard error with the reason. Exit status 2 if
    anything in the input is wrong; what is right is printed all the same.
    """
    report = Report()
    plans = list(plans_of(manifests_of(filenames), plugins_for(inputs_file, given), report))
    _finish(FORMATS[output](plans), report)


@click.command(epilog="Example: gwdeployer values -f my-gateway.yaml Gateway/web")
@input_options
@click.argument("owner", required=False, metavar="[KIND/NAME]")
@click.option("-n", "--namespace", help="Namespace of the owner, where several have the name.")
@output_option(*VALUES_FORMATS)
def values(
    filenames: tuple[str, ...],
    inputs_file: Path | None,
    owner: str | None,
    namespace: str | None,
    output: str,
    **given: Any,
) -> None:
    """Print the Helm-like values with which charts are rendered, for one owner or for all."""
    report = Report()
    plans = list(plans_of(manifests_of(filenames), plugins_for(inputs_file, given), report))
    chosen = [plan for plan in plans if _is_meant(plan, owner, namespace)]
    if not chosen and not report.faults and (owner or namespace):
        report.print()
        raise click.UsageError(f"no such owner in these files; there are: {names_of(plans)}")
    _finish(VALUES_FORMATS[output](chosen), report)


def _is_meant(plan: Plan, owner: str | None, namespace: str | None) -> bool:
    kind, _, name = (owner or "").rpartition("/")
    reference = plan.owner
    return (
        name in ("", reference.name)
        and kind.lower() in ("", reference.kind.kind.lower())
        and namespace in (None, reference.namespace or "default")
    )


def _finish(text: str, report: Report) -> None:
    # UTF-8 whatever the terminal: YAML and JSON are in it. What it cannot write is escaped, as JSON would.
    click.echo(text.encode("utf-8", "backslashreplace"), nl=False)
    report.print()
    click.get_current_context().exit(report.exit_code)
