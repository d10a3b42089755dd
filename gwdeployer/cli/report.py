"""What goes to standard error, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import click

from gwdeployer.errors import Fault, one_line
from gwdeployer.generator import Skip

BAD_INPUT = 2
_MAX_NOTE = 1000


@dataclass(slots=True)
class Report:
    """Collects what is wrong and what was noticed in one run; both are said at its end, the faults last."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 where nothing is wrong, else 2. Warnings and owners left alone are nothing wrong."""
        return BAD_INPUT if self.faults else 0

    def leave_alone(self, owner: str, skip: Skip) -> None:
        """Note why nothing is deployed for an owner."""
        self.notes.append(f"{owner} is left alone: {skip.reason}")

    def print(self) -> None:
        """Write everything to standard error, one line each, nothing twice."""
        for note in self.notes:
            click.secho(one_line(note, _MAX_NOTE), err=True, dim=True)
        for warning in dict.fromkeys(map(str, self.warnings)):
            click.echo(f"{click.style('warning:', fg='yellow')} {warning}", err=True)
        print_faults(self.faults)


def print_faults(faults: Iterable[Fault]) -> None:
    """Write each fault to standard error, once."""
    for fault in dict.fromkeys(map(str, faults)):
        click.echo(f"{click.style('error:', fg='red')} {fault}", err=True)
