"""Runs the command line in this process, from its arguments to its exit code, as its entry point would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from click.testing import CliRunner

from gwdeployer.cli.main import execute


@dataclass(frozen=True)
class Done:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The faults, one each."""
        return self._lines("error: ")

    @property
    def warnings(self) -> list[str]:
        return self._lines("warning: ")

    @property
    def notes(self) -> list[str]:
        """Everything else on standard error."""
        return [line for line in self.err.splitlines() if not line.startswith(("error: ", "warning: "))]

    def _lines(self, start: str) -> list[str]:
        return [line.removeprefix(start) for line in self.err.splitlines() if line.startswith(start)]


def run(*arguments: object, stdin: bytes | str = b"", env: Mapping[str, str | None] | None = None) -> Done:
    """Run ``gwdeployer`` with these arguments. Whatever is raised but an exit is raised here: a traceback."""
    with CliRunner().isolation(input=stdin, env=env) as (out, err, _):
        try:
            execute([str(argument) for argument in arguments])
        except SystemExit as exit_:
            code = exit_.code
    assert isinstance(code, int | None)
    return Done(code or 0, out.getvalue().decode(), err.getvalue().decode())
