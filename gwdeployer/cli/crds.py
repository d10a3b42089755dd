"""The command ``crds``: the CustomResourceDefinitions of what the plugins read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from gwdeployer.cli.formats import objects_as
from gwdeployer.cli.options import output_option
from gwdeployer.crd import CrdDefinition, crd_of
from gwdeployer.errors import Fault, PluginError
from gwdeployer.plugins import Plugin, discover


@click.command(epilog="Example: gwdeployer crds agpar | kubectl apply --server-side -f -")
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@output_option("yaml", "json")
@click.option(
    "--descriptions/--no-descriptions",
    default=True,
    show_default=True,
    help="With what kubectl explain shows, or without.",
)
def crds(kinds: tuple[str, ...], output: str, descriptions: bool) -> None:
    """Print the CustomResourceDefinitions of the parameters kinds, all or those that KIND names.

    KIND is a kind, plural, short name or full name. An API server with these accepts what gwdeployer accepts.
    """
    chosen = _chosen(definitions_of(discover()), kinds)
    made = [crd_of(definition, descriptions=descriptions) for definition in chosen]
    click.echo(objects_as(output, made), nl=False)


def definitions_of(plugins: Sequence[type[Plugin]]) -> list[CrdDefinition]:
    """Return what all plugins define, ordered by name. Raises PluginError where two define one kind."""
    found = [definition for plugin in plugins for definition in plugin.crds()]
    times = Counter(definition.name for definition in found)
    if faults := [Fault("is defined twice", subject=f"CRD {name}") for name in times if times[name] > 1]:
        raise PluginError(faults)
    return sorted(found, key=lambda definition: definition.name)


def _chosen(definitions: Sequence[CrdDefinition], kinds: Sequence[str]) -> list[CrdDefinition]:
    unknown = [kind for kind in kinds if not any(one.is_called(kind) for one in definitions)]
    if unknown:
        known = ", ".join(one.kind.kind for one in definitions) or "none"
        raise click.UsageError(f"no plugin defines {', '.join(unknown)}; there are: {known}")
    return [one for one in definitions if not kinds or any(one.is_called(kind) for kind in kinds)]
