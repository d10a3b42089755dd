"""The entry point ``gwdeployer``, and the exit code for whatever goes wrong.

Exit codes: 0 all is well, 1 something could not be done, 2 the input is bad (one line for each fault on
standard error).
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from collections.abc import Sequence

from gwdeployer.cli.pydantic_plugins import disable_pydantic_plugins

ALLOCATIONS = 200_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    try:
        execute(arguments)
    except SystemExit as done:
        _end_at_once(done.code)
        raise


def execute(arguments: Sequence[str] | None = None) -> None:
    """Run the command line in a process that goes on: raises SystemExit with the exit code."""
    # Most of a preview's time goes into loading modules; the collector would run some fifty times meanwhile
    # and find nothing.
    gc.set_threshold(ALLOCATIONS)
    disable_pydantic_plugins()
    from gwdeployer import cache  # noqa: PLC0415
    from gwdeployer.cli.command_line import command_line  # noqa: PLC0415
    from gwdeployer.cli.report import BAD_INPUT, print_faults  # noqa: PLC0415
    from gwdeployer.errors import GwdeployerError  # noqa: PLC0415

    os.environ.setdefault(cache.VARIABLE, cache.users_folder())
    try:
        command_line().main(args=None if arguments is None else list(arguments), prog_name="gwdeployer")
    except GwdeployerError as error:
        print_faults(error.faults)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        # Whoever read our output (head, a pager) has seen enough; nothing may be flushed there any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BAD_INPUT)


def _end_at_once(code: object) -> None:
    """End the process without taking down, object by object, a heap that goes with it.

    That would be a twentieth of what a preview takes; mypy ends in the same way (its ``hard_exit``). What is
    registered for the end is done. Returns where other threads are left, or where output cannot be written:
    that is for Python to wait for, or to report.
    """
    if threading.active_count() > 1 or not isinstance(code, int | None):
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - before os._exit nothing else does
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit(code or 0)
