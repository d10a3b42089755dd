"""The command ``status``: how all owners are, one line each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gwdeployer.cli.connecting import connected, connection_options, time_option
from gwdeployer.cli.following import followed, nobody
from gwdeployer.cli.options import output_option, plugins_for, settings_options
from gwdeployer.cli.planning import owner_kinds
from gwdeployer.cli.report import NOT_DONE, Report
from gwdeployer.diagnosis.overview import Row, row_of
from gwdeployer.errors import NotSynced, one_line
from gwdeployer.objects import KindRef, ObjectRef
from gwdeployer.plugins import Plugin
from gwdeployer.store import ObjectStore

_WORDS = {True: "True", False: "False", None: "Unknown"}
_NARROW = ("NAMESPACE", "OWNER", "READY", "OBJECTS", "PODS", "ADDRESS", "AGE", "WHY")
_WIDE = ("NAMESPACE", "OWNER", "CLASS", "READY", "OBJECTS", "PODS", "ADDRESS", "AGE", "WHY")
_MAX_WHY = 80
_MAX_TEXT = 1000
#: Seconds in which changes are gathered before lines are printed again.
_PAUSE = 0.2


@click.command(epilog="Example: gwdeployer status -n shop -w")
@settings_options
@connection_options
@time_option("--timeout", "30s", "How long to wait until everything is read.")
@click.option("-n", "--namespace", metavar="NAME", help="Owners of this namespace alone.")
@click.option("-w", "--watch", is_flag=True, help="Go on, and print a line again when it changes.")
@output_option("table", "wide", "json")
def status(
    inputs_file: Path | None,
    kubeconfig: Path | None,
    context: str | None,
    timeout: float,
    namespace: str | None,
    watch: bool,
    output: str,
) -> None:
    """Print how the Gateways (and other owners) in a cluster are, a line for each.

    READY is what their status says, OBJECTS how many of the planned objects are there, PODS how many are
    available, WHY why one is not ready, or is left alone. Exit status 1 if one of ours is not ready.
    """
    report, rows = Report(), list[Row]()
    with connected(kubeconfig, context) as cluster:
        plugins = plugins_for(inputs_file, {})
        with followed(cluster, plugins, timeout, report) as (store, changed):
            rows = rows_of(plugins, store, namespace)
            printer = Printer(output)
            printer.show(rows)
            if not rows and not report.failures:
                click.echo(nobody(cluster, plugins, namespace), err=True)
            with suppress(KeyboardInterrupt):
                while watch:
                    changed.wait()
                    time.sleep(_PAUSE)
                    changed.clear()
                    rows = rows_of(plugins, store, namespace)
                    printer.show(rows)
    report.print()
    all_ready = all(row.ready or row.skipped for row in rows)
    click.get_current_context().exit(report.exit_code or (0 if all_ready else NOT_DONE))


def rows_of(plugins: Iterable[Plugin], store: ObjectStore, namespace: str | None) -> list[Row]:
    """Return the rows of all owners that are known, ordered by namespace, kind and name."""
    rows: list[Row] = []
    for plugin, kind in owner_kinds(plugins):
        with suppress(NotSynced):
            rows += [row_of(plugin, kind, owner, store) for owner in store.list(kind, namespace)]
    return sorted(rows, key=lambda row: (row.owner.namespace, row.owner.kind, row.owner.name))


class Printer:
    """Prints rows: at first all of them, later those that have changed since."""

    def __init__(self, output: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """``output`` is ``table``, ``wide`` or ``json``."""
        self._output = output
        self._now = now
        self._shown: dict[ObjectRef, Row] | None = None

    def show(self, rows: Sequence[Row]) -> None:
        """Print what is new."""
        first, before = self._shown is None, self._shown or {}
        self._shown = {row.owner: row for row in rows}
        news = [row for row in rows if before.get(row.owner) != row]
        gone = [ref for ref in before if ref not in self._shown]
        if self._output == "json":
            text = self._as_json(news, first=first)
        else:
            text = self._as_table(news, first=first)
            text += "".join(f"{ref.namespace}  {_name(ref)}  is gone\n" for ref in gone)
        click.echo(text, nl=False)

    def _as_json(self, rows: Sequence[Row], *, first: bool) -> str:
        items = [_as_dict(row) for row in rows]
        if first:
            return json.dumps(items, indent=2, ensure_ascii=False) + "\n"
        return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)

    def _as_table(self, rows: Sequence[Row], *, first: bool) -> str:
        header: Sequence[str] = _WIDE if self._output == "wide" else _NARROW
        lines = [header] if first else []
        lines += [tuple(self._cells(row)[name] for name in header) for row in rows]
        widths = [
            max([len(name), *(len(line[place]) for line in lines)]) for place, name in enumerate(header)
        ]
        padded = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
        return "".join(f"{line}\n" for line in padded)

    def _cells(self, row: Row) -> dict[str, str]:
        return {
            "NAMESPACE": row.owner.namespace,
            "OWNER": _name(row.owner),
            "CLASS": row.class_name,
            "READY": "-" if row.skipped else _WORDS[row.ready],
            "OBJECTS": "-" if row.planned is None else f"{row.there}/{row.planned}",
            "PODS": str(row.pods or "-"),
            "ADDRESS": ",".join(row.addresses) or "-",
            "AGE": age_of(row.created, self._now()),
            "WHY": one_line(row.why, _MAX_TEXT if self._output == "wide" else _MAX_WHY),
        }


def _name(ref: ObjectRef) -> str:
    return f"{ref.kind.kind}/{ref.name}"


def _as_dict(row: Row) -> dict[str, Any]:
    kind: KindRef = row.owner.kind
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "namespace": row.owner.namespace,
        "name": row.owner.name,
        "class": row.class_name,
        "ready": row.ready,
        "why": row.why,
        "leftAlone": row.skipped,
        "objects": {"planned": row.planned, "there": row.there},
        "pods": row.pods._asdict() if row.pods else None,
        "addresses": list(row.addresses),
        "created": row.created,
    }


def age_of(created: str, now: datetime) -> str:
    """Return how long ago a moment was, as kubectl shows it: in the largest unit of which there are two."""
    if not created:
        return "-"
    seconds = max(0, int((now - datetime.fromisoformat(created)).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
