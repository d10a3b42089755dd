"""What people see: on a terminal a table that is drawn anew below a log, elsewhere plain lines."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

_UP_AND_CLEAR = "\x1b[{}F\x1b[J"
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


class Row(NamedTuple):
    """One Gateway as it is now."""

    gateway: str
    programmed: str
    address: str
    pods: str
    ports: str
    message: str


_TITLES = Row("GATEWAY", "PROGRAMMED", "ADDRESS", "PODS", "PORTS", "BECAUSE")


class View(ABC):
    """Shows what is done and what becomes of it. The time is that since the view was made."""

    def __init__(self, out: TextIO) -> None:
        """Write to ``out``."""
        self._out = out
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def act(self, title: str) -> None:
        """Begin an act."""
        self._log(f"\n{self._emphasised(title)}")

    def typed(self, command: str) -> None:
        """Show what somebody who has kubectl would have typed."""
        self._log(f"         $ {command}")

    def say(self, text: str) -> None:
        """Tell what has happened."""
        self._log(f"{self.seconds:6.1f} s {text}")

    @abstractmethod
    def show(self, rows: Sequence[Row]) -> None:
        """Show the Gateways as they are now."""

    def _emphasised(self, text: str) -> str:
        return text

    def _log(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


class PlainView(View):
    """Lines, for logs and pipes: one for each Gateway that has changed."""

    def __init__(self, out: TextIO) -> None:
        """Write to ``out``."""
        super().__init__(out)
        self._last: dict[str, Row] = {}

    def show(self, rows: Sequence[Row]) -> None:
        """Write what is new."""
        for row in rows:
            if self._last.get(row.gateway) != row:
                self.say("  ".join(part for part in (row.gateway, *_told(row)) if part))
        self._last = {row.gateway: row for row in rows}


class TerminalView(View):
    """A log with the table below it."""

    def __init__(self, out: TextIO) -> None:
        """Write to ``out``."""
        super().__init__(out)
        self._table: list[str] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Draw the table where it has changed."""
        width = shutil.get_terminal_size().columns
        lines = [line[: width - 1] for line in _lines([_TITLES, *rows])] if rows else []
        if lines != self._table:
            self._erase()
            self._draw(lines)

    def _emphasised(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}"

    def _log(self, text: str) -> None:
        table = self._table
        self._erase()
        super()._log(text)
        self._draw(table)

    def _erase(self) -> None:
        if self._table:
            self._out.write(_UP_AND_CLEAR.format(len(self._table)))
        self._table = []

    def _draw(self, lines: list[str]) -> None:
        self._table = lines
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()


def _told(row: Row) -> Iterator[str]:
    yield f"Programmed {row.programmed}"
    yield row.address
    yield f"pods {row.pods}" if row.pods else ""
    yield f"ports {row.ports}" if row.ports else ""
    yield f"({row.message})" if row.message else ""


def _lines(rows: Sequence[Row]) -> list[str]:
    """Return a table with an empty line above it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["", *("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)]
