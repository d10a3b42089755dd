"""The commands ``render`` and ``values``: previews that need no cluster."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from gwdeployer import documents
from gwdeployer.cli.options import input_options, manifests_of, plugins_for
from gwdeployer.cli.planning import Planned, plans_of
from gwdeployer.cli.report import Report
from gwdeployer.objects import ObjectRef, describe


@click.command(
    epilog="Example: gwdeployer render -f my-gateway.yaml -f params/ -o name",
)
@input_options
@click.option(
    "-o", "--output", type=click.Choice(["yaml", "json", "name", "tree"]), default="yaml", show_default=True, help="Output format."
)
def render(filenames: tuple[str, ...], inputs_file: Path | None, output: str, verbose: bool, **given: Any) -> None:  # noqa: FBT001
    """Print the objects that would be deployed for each Gateway (or other owner) in the files.

    Needs no cluster. Owners that are not ours are named on standard error with the reason. Exit status 2 if
    anything in the input is wrong; what is right is printed all the same.
    """
    report = Report()
    planned = list(plans_of(manifests_of(filenames), plugins_for(inputs_file, given), report))
    click.echo(_FORMATS[output](planned), nl=False)
    _finish(report, verbose=verbose)


@click.command(
    epilog="Example: gwdeployer values -f my-gateway.yaml Gateway/web",
)
@input_options
@click.argument("owner", required=False, metavar="[KIND/NAME]")
@click.option("-n", "--namespace", help="Namespace of the owner, where several have the name.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Output format.")
def values(  # noqa: PLR0913 - one parameter for each option
    filenames: tuple[str, ...],
    inputs_file: Path | None,
    owner: str | None,
    namespace: str | None,
    output: str,
    verbose: bool,  # noqa: FBT001
    **given: Any,
) -> None:
    """Print the values with which charts are rendered, for one owner or for all."""
    report = Report()
    planned = list(plans_of(manifests_of(filenames), plugins_for(inputs_file, given), report))
    chosen = [one for one in planned if owner is None or _is_named(one, owner, namespace)]
    if owner is not None and not chosen and not report.faults:
        names = ", ".join(f"{one.plan.owner.kind.kind}/{one.plan.owner.name}" for one in planned) or "none"
        raise click.UsageError(f"no owner {owner!r} is deployed from these files; there are: {names}")
    click.echo(_values_text(chosen, output), nl=False)
    _finish(report, verbose=verbose)


def _finish(report: Report, *, verbose: bool) -> None:
    report.print()
    click.get_current_context().exit(report.exit_code)


def _is_named(planned: Planned, owner: str, namespace: str | None) -> bool:
    reference = planned.plan.owner
    kind, _, name = owner.rpartition("/")
    return (
        reference.name == name
        and kind.lower() in ("", reference.kind.kind.lower())
        and namespace in (None, reference.namespace or "default")
    )


def _as_yaml(planned: Iterable[Planned]) -> str:
    groups = []
    for one in planned:
        documents_text = documents.dump_all(one.plan.objects)
        groups.append(f"# owner: {describe(one.owner)}\n{documents_text}")
    return "---\n".join(groups)


def _as_json(planned: Iterable[Planned]) -> str:
    items = [obj for one in planned for obj in one.plan.objects]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2, ensure_ascii=False) + "\n"


def _as_names(planned: Iterable[Planned]) -> str:
    return "".join(f"{_resource_name(ObjectRef.of(obj))}\n" for one in planned for obj in one.plan.objects)


def _as_tree(planned: Iterable[Planned]) -> str:
    lines: list[str] = []
    for one in planned:
        lines.append(describe(one.owner))
        last = len(one.plan.objects) - 1
        for position, obj in enumerate(one.plan.objects):
            lines.append(f"{'└──' if position == last else '├──'} {obj['kind']} {obj['metadata']['name']}{_detail(obj)}")
    return "".join(f"{line}\n" for line in lines)


def _detail(obj: dict[str, Any]) -> str:
    """Return what makes an object of its kind this one, for the tree."""
    spec = obj.get("spec") or {}
    if obj["kind"] == "Service":
        ports = ", ".join(f"{port['port']}/{port.get('protocol', 'TCP')}" for port in spec.get("ports") or ())
        return f"  {spec.get('type', 'ClusterIP')}, ports {ports}"
    if obj["kind"] in ("Deployment", "DaemonSet"):
        containers = ", ".join(f"{c['name']} ({c.get('image')})" for c in spec["template"]["spec"]["containers"])
        replicas = f"{spec['replicas']} replicas, " if "replicas" in spec else ""
        return f"  {replicas}{containers}"
    if obj["kind"] == "ConfigMap":
        return f"  {', '.join(obj.get('data') or ())}"
    return ""


def _resource_name(reference: ObjectRef) -> str:
    return f"{str(reference.kind).lower()}/{reference.name}"


def _values_text(planned: Iterable[Planned], output: str) -> str:
    if output == "json":
        found = {describe(one.owner): one.plan.values for one in planned}
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return "---\n".join(f"# values: {describe(one.owner)}\n{documents.dump(one.plan.values)}" for one in planned)


_FORMATS = {"yaml": _as_yaml, "json": _as_json, "name": _as_names, "tree": _as_tree}
