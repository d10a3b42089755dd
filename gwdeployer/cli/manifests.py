"""The command ``manifests``: what to apply so that a controller runs in a cluster."""

from __future__ import annotations

from pathlib import Path

import click

from gwdeployer.cli.crds import definitions_of
from gwdeployer.cli.formats import objects_as
from gwdeployer.cli.options import (
    check_namespaces,
    inputs_of,
    installed_plugins,
    output_option,
    plugins_for,
    settings_options,
)
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.manifests import Installation, install_objects

_NAME = "gwdeployer"


@click.command(
    epilog="Example: gwdeployer manifests --image registry.example.com/gwdeployer:1 | kubectl apply -f -"
)
@settings_options
@click.option("--image", required=True, help="Image of gwdeployer, made from its Dockerfile.")
@click.option(
    "-n",
    "--namespace",
    default="gwdeployer-system",
    show_default=True,
    metavar="NAME",
    help="Where the controller runs; the namespace is among the objects.",
)
@click.option(
    "--watch-namespace",
    "namespaces",
    multiple=True,
    callback=check_namespaces,
    metavar="NAME",
    help="Look after owners in this namespace alone; may be given several times.",
)
@click.option("--replicas", type=click.IntRange(min=0), default=2, show_default=True, metavar="NUMBER")
@output_option("yaml", "json")
def manifests(
    inputs_file: Path | None,
    image: str,
    namespace: str,
    namespaces: tuple[str, ...],
    replicas: int,
    output: str,
) -> None:
    """Print all that "gwdeployer run" needs in a cluster; applied by kubectl, it is installed.

    Namespace, CustomResourceDefinitions, account, least rights, a ConfigMap with the inputs, and a Deployment
    that keeps to the restricted Pod Security Standard. Whether the inputs are right is checked here.
    """
    plugins = plugins_for(inputs_file, {})
    account = Account(namespace, _NAME)
    installation = Installation(image, account, replicas, inputs_of(inputs_file), namespaces)
    definitions = definitions_of(installed_plugins(click.get_current_context()))
    click.echo(objects_as(output, install_objects(installation, plugins, definitions)), nl=False)
