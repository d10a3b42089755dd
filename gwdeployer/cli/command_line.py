"""The command line: which commands there are, and where. A command's module is loaded when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from gwdeployer import __version__
from gwdeployer.cli.options import installed_plugins, plugin_options, reads_manifests

#: Each command, by name: its module, in which it has the same name.
COMMANDS = {
    "render": "gwdeployer.cli.preview",
    "values": "gwdeployer.cli.preview",
    "explain": "gwdeployer.cli.explain",
    "diff": "gwdeployer.cli.diff",
    "apply": "gwdeployer.cli.apply",
    "run": "gwdeployer.cli.run",
    "status": "gwdeployer.cli.status",
    "doctor": "gwdeployer.cli.doctor",
    "crds": "gwdeployer.cli.crds",
    "rbac": "gwdeployer.cli.rbac",
    "manifests": "gwdeployer.cli.manifests",
}
_COMPLETION = 'Shell completion: eval "$(_GWDEPLOYER_COMPLETE=bash_source gwdeployer)", also zsh and fish.'


class Commands(click.Group):
    """The commands, with the options that the installed plugins add to them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command. Raises PluginError."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return plugin_options(command, installed_plugins(ctx)) if reads_manifests(command) else command


def command_line() -> click.Group:
    """Return the command line."""
    group = Commands(
        "gwdeployer",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        help="Deploy the infrastructure behind Gateways and other owners: preview, compare, apply, run.",
        epilog=_COMPLETION,
    )
    return click.version_option(__version__, prog_name="gwdeployer")(group)
