"""The command ``explain``: who set what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gwdeployer.cli.options import input_options, manifests_of, plugins_for
from gwdeployer.cli.planning import Planned, planned_of
from gwdeployer.cli.report import Report
from gwdeployer.errors import nearest
from gwdeployer.objects import ObjectRef
from gwdeployer.plan import Leaf, Provenance
from gwdeployer.provenance import LeafPath, path_name

Row = tuple[str, str, Leaf]
_WIDEST = 48


@click.command(
    epilog="Example: gwdeployer explain -f my-gateway.yaml Deployment/web spec.template.spec.containers"
)
@input_options
@click.argument("subject", required=False, metavar="[KIND/NAME]")
@click.argument("path", required=False, metavar="[PATH]")
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
def explain(
    filenames: tuple[str, ...],
    inputs_file: Path | None,
    subject: str | None,
    path: str | None,
    output: str,
    **given: Any,
) -> None:
    """Print for each leaf who set it: effective parameters, values, and every object.

    KIND/NAME narrows to one object (Deployment/web), or to "parameters" or "values"; PATH to a place in it,
    such as spec.template.spec.containers[kgateway-proxy].image.
    """
    report = Report()
    planned = list(planned_of(manifests_of(filenames), plugins_for(inputs_file, given), report))
    found = [_explained(one) for one in planned]
    rows = [row for owner, provenance in found for row in _rows(owner, provenance, subject)]
    chosen = [row for row in rows if not path or _is_below(row[1], path)]
    if not chosen and not report.faults and subject is not None:
        report.print()
        names = [name for _, provenance in found for name, _ in _sections(provenance)]
        raise click.UsageError(_nothing(names, rows, subject, path))
    click.echo(_as_json(chosen) if output == "json" else _as_table(chosen), nl=False)
    report.print()
    click.get_current_context().exit(report.exit_code)


def _explained(planned: Planned) -> tuple[ObjectRef, Provenance]:
    provenance = planned.deployer.plan(planned.owner, planned.store, trace=True).provenance
    return planned.plan.owner, provenance or Provenance({}, {}, {})


def _sections(provenance: Provenance) -> Iterator[tuple[str, Mapping[LeafPath, Leaf]]]:
    yield "parameters", provenance.parameters
    yield "values", provenance.values
    for reference, leaves in provenance.objects.items():
        yield f"{reference.kind.kind}/{reference.name}", leaves


def _rows(owner: ObjectRef, provenance: Provenance, subject: str | None) -> Iterator[Row]:
    for name, leaves in _sections(provenance):
        if subject is None or name.lower() == subject.lower():
            for path, leaf in leaves.items():
                yield f"{owner} {name}", path_name(path), leaf


def _is_below(path: str, wanted: str) -> bool:
    wanted = wanted.strip(".")
    if wanted.startswith("spec.") and not path.startswith("spec"):
        wanted = wanted.removeprefix("spec.")  # parameters begin below their spec
    return path.startswith(wanted) and path[len(wanted) :][:1] in ("", ".", "[")


def _nothing(names: Iterable[str], rows: Iterable[Row], subject: str, path: str | None) -> str:
    if path is None:
        return f"there is no {subject!r}; {nearest(subject, names)}".rstrip("; ")
    return f"{subject} has no {path!r}; {nearest(path, [row[1] for row in rows])}".rstrip("; ")


def _as_table(rows: list[Row]) -> str:
    lines: list[str] = []
    section = None
    for name, path, leaf in rows:
        if name != section:
            section = name
            lines += ["", click.style(name, bold=True)] if lines else [click.style(name, bold=True)]
        lines.append(f"  {path:<64}  {_shown(leaf.value):<{_WIDEST}}  {leaf.origin}")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _as_json(rows: Iterable[Row]) -> str:
    items = [
        {"subject": name, "path": path, "value": leaf.value, **leaf.origin._asdict()}
        for name, path, leaf in rows
    ]
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"
