"""What goes to standard error, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from gwdeployer.errors import ApiError, Fault, GwdeployerError, RetryableError, one_line
from gwdeployer.generator import Skip

BAD_INPUT = 2
#: The input is right, and something could not be done with it.
NOT_DONE = 1
_MAX_NOTE = 1000


class Report:
    """Collects what is wrong and what was noticed in one run; both are said at its end, the faults last.

    ``faults`` are the input's; ``failures`` are what could not be done though the input is right.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.faults: list[Fault] = []
        self.failures: list[Fault] = []
        self.warnings: list[Fault] = []
        self.notes: list[str] = []

    @property
    def exit_code(self) -> int:
        """2 where the input is bad, else 1 where something could not be done, else 0.

        Warnings and owners left alone are nothing wrong.
        """
        if self.faults:
            return BAD_INPUT
        return NOT_DONE if self.failures else 0

    def blame(self, error: GwdeployerError) -> None:
        """Take an error's faults: what an API server refused, or may do later, is no fault of the input."""
        is_done_elsewhere = isinstance(error, (ApiError, RetryableError))
        (self.failures if is_done_elsewhere else self.faults).extend(error.faults)

    def leave_alone(self, owner: str, skip: Skip) -> None:
        """Note why nothing is deployed for an owner."""
        self.notes.append(f"{owner} is left alone: {skip.reason}")

    def print(self) -> None:
        """Write everything to standard error, one line each, nothing twice."""
        for note in self.notes:
            click.secho(one_line(note, _MAX_NOTE), err=True, dim=True)
        for warning in dict.fromkeys(map(str, self.warnings)):
            click.echo(f"{click.style('warning:', fg='yellow')} {warning}", err=True)
        print_faults([*self.faults, *self.failures])


def print_faults(faults: Iterable[Fault]) -> None:
    """Write each fault to standard error, once."""
    for fault in dict.fromkeys(map(str, faults)):
        click.echo(f"{click.style('error:', fg='red')} {fault}", err=True)
