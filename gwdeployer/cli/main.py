"""The entry point ``gwdeployer``: commands, and the exit code for whatever goes wrong.

Exit codes: 0 all is well, 2 the input is bad (one line for each fault on standard error), 1 a fault of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from gwdeployer import __version__
from gwdeployer.cli.commands import render, values
from gwdeployer.cli.options import plugin_options
from gwdeployer.cli.report import BAD_INPUT, print_faults
from gwdeployer.errors import GwdeployerError


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Shell completion: eval \"$(_GWDEPLOYER_COMPLETE=bash_source gwdeployer)\" (also zsh_source, fish_source).",
)
@click.version_option(__version__, prog_name="gwdeployer")
def cli() -> None:
    """Deploy the infrastructure behind Gateway API objects: see what a Gateway becomes, then apply it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        for command in (render, values):
            cli.add_command(plugin_options(command))
        cli.main(args=None if arguments is None else list(arguments), prog_name="gwdeployer")
    except GwdeployerError as error:
        print_faults(error.faults)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        # Whoever read our output (head, a pager) has seen enough.
        sys.stderr.close()
        sys.exit(BAD_INPUT)
