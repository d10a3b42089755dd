"""The entry point ``gwdeployer``: commands, and the exit code for whatever goes wrong.

Exit codes: 0 all is well, 2 the input is bad (one line for each fault on standard error).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from gwdeployer import __version__
from gwdeployer.cli.commands import render, values
from gwdeployer.cli.options import plugin_options
from gwdeployer.cli.report import BAD_INPUT, print_faults
from gwdeployer.errors import GwdeployerError
from gwdeployer.plugins import discover

COMMANDS = (render, values)
_COMPLETION = 'Shell completion: eval "$(_GWDEPLOYER_COMPLETE=bash_source gwdeployer)", also zsh and fish.'


def command_line() -> click.Group:
    """Return the command line, with the options of the installed plugins. Raises PluginError."""
    plugins = discover()
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
    group = click.Group(
        "gwdeployer",
        context_settings=settings,
        help="Deploy the infrastructure behind Gateways and other owners: preview what they become.",
        epilog=_COMPLETION,
    )
    for command in COMMANDS:
        group.add_command(plugin_options(command, plugins))
    return click.version_option(__version__, prog_name="gwdeployer")(group)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        command_line().main(args=None if arguments is None else list(arguments), prog_name="gwdeployer")
    except GwdeployerError as error:
        print_faults(error.faults)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        # Whoever read our output (head, a pager) has seen enough; nothing may be flushed there any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BAD_INPUT)
