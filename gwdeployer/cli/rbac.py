"""The command ``rbac``: the rights that a controller needs."""

from __future__ import annotations

from pathlib import Path

import click

from gwdeployer.cli.accounts import account_option
from gwdeployer.cli.formats import objects_as
from gwdeployer.cli.options import (
    namespaces_option,
    output_option,
    plugins_for,
    settings_options,
)
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import rights_of
from gwdeployer.installation.roles import role_objects


@click.command(epilog="Example: gwdeployer rbac --namespace shop --namespace blog | kubectl apply -f -")
@settings_options
@namespaces_option("Allow what namespaces hold in this one alone; may be given several times.")
@account_option("Whom to give the rights.")
@output_option("yaml", "json")
def rbac(inputs_file: Path | None, namespaces: tuple[str, ...], account: Account, output: str) -> None:
    """Print the least rights with which "gwdeployer run" can do its work: roles, and their bindings.

    They are derived from what the installed plugins read, deploy, observe and write statuses of. With
    --namespace there is a Role in each of these namespaces, and a ClusterRole for what no namespace holds.
    """
    rights = rights_of(plugins_for(inputs_file, {}), lease=account.name)
    click.echo(objects_as(output, role_objects(rights, account, namespaces)), nl=False)
