"""How far things are, for somebody who waits at a terminal."""

from __future__ import annotations

import sys

import click

_ERASE = "\r\x1b[2K"
_WIDEST = 78


class Progress:
    """One line on standard error that says what is being done; nothing where that is no terminal.

    What else is printed meanwhile must :meth:`clear` it first.
    """

    def __init__(self) -> None:
        """Show nothing yet."""
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Show a line in place of the last."""
        if self._is_shown:
            click.echo(f"{_ERASE}{text[:_WIDEST]}", err=True, nl=False)

    def clear(self) -> None:
        """Show nothing."""
        if self._is_shown:
            click.echo(_ERASE, err=True, nl=False)
