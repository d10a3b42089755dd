"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gwdeployer.errors import InputsError
from gwdeployer.inputs import blame_environment, inputs_from_environment, read_inputs
from gwdeployer.manifests import Manifests, read_manifests
from gwdeployer.objects import is_namespace_name
from gwdeployer.plugins import Plugin, configure, discover, discover_parameters

if TYPE_CHECKING:
    from gwdeployer.cluster.port import Cluster

F = TypeVar("F", bound=Callable[..., Any])


def _log(_: click.Context, __: click.Parameter, verbose: int) -> None:
    if verbose:
        import logging  # noqa: PLC0415 - previews do without

        level = logging.INFO if verbose == 1 else logging.DEBUG
        logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")


_VERBOSE = click.option(
    "-v",
    "--verbose",
    count=True,
    callback=_log,
    expose_value=False,
    help="Log what is done to standard error; -vv logs more.",
)
_INPUTS = click.option(
    "--inputs",
    "inputs_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML file that says what the controller knows: its name, images, control plane.",
)
_FILES = click.option(
    "-f",
    "--filename",
    "filenames",
    multiple=True,
    required=True,
    metavar="FILE",
    help="File, folder, or - for standard input; may be given several times.",
)


def input_options(function: F) -> F:
    """Add ``-f``, ``--inputs`` and ``-v``."""
    return _FILES(settings_options(function))


def settings_options(function: F) -> F:
    """Add ``--inputs`` and ``-v``."""
    return inputs_option(_VERBOSE(function))


def inputs_option(function: F) -> F:
    """Add ``--inputs``."""
    return _INPUTS(function)


def namespaces_option(text: str) -> Callable[[F], F]:
    """Return what adds ``--namespace``, which may be given several times."""
    return click.option(
        "-n",
        "--namespace",
        "namespaces",
        multiple=True,
        callback=check_namespaces,
        metavar="NAME",
        help=text,
    )


def check_namespaces(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names, all of which may be namespaces' (RFC 1123 labels)."""
    for name in names:
        if not is_namespace_name(name):
            raise click.BadParameter(
                f"{name!r} is no namespace: lower-case letters, digits and -, at most 63"
            )
    return names


def output_option(*formats: str) -> Callable[[F], F]:
    """Return what adds ``--output``; the first format is the default."""
    choice = click.Choice(formats)
    return click.option(
        "-o", "--output", type=choice, default=formats[0], show_default=True, help="Output format."
    )


def reads_manifests(command: click.Command) -> bool:
    """Say whether a command has the options above, to which plugins add theirs."""
    return any(parameter.name == "filenames" for parameter in command.params)


def plugin_options(command: click.Command, plugins: Sequence[type[Plugin]]) -> click.Command:
    """Add the options that plugins declare; two plugins may share one."""
    present = {name for parameter in command.params for name in parameter.opts}
    for option in (option for plugin in plugins for option in plugin.options):
        if option.flag not in present:
            present.add(option.flag)
            names = [option.flag, _parameter(option.name)]
            command.params.append(
                click.Option(names, multiple=True, metavar=option.metavar, help=option.help)
            )
    return command


def installed_plugins(ctx: click.Context) -> list[type[Plugin]]:
    """Return the installed plugins, which are looked for once in a run. Raises PluginError."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = discover()
    plugins: list[type[Plugin]] = root.obj
    return plugins


def _parameter(name: str) -> str:
    return f"plugin_{name.replace('-', '_')}"


def plugins_for(
    inputs_file: Path | None, given: Mapping[str, Sequence[str]], cluster: Cluster | None = None
) -> list[Plugin]:
    """Return the installed plugins, configured by the inputs file and over it the environment.

    Their deployers deploy to ``cluster``. Raises InputsError with every key that is wrong.
    """
    classes = installed_plugins(click.get_current_context())
    data = inputs_of(inputs_file)
    options = {
        option.name: given.get(_parameter(option.name), ()) for plugin in classes for option in plugin.options
    }
    source = str(inputs_file or "inputs")
    try:
        parameters = discover_parameters()
        return configure(classes, data, options, parameters=parameters, cluster=cluster, source=source)
    except InputsError as error:
        raise blame_environment(error, os.environ) from None


def inputs_of(inputs_file: Path | None) -> dict[str, Any]:
    """Return what the inputs file says, and over it the environment, unchecked. Raises InputsError."""
    from_file = read_inputs(inputs_file) if inputs_file is not None else {}
    return _over(from_file, inputs_from_environment(os.environ))


def _over(base: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in source.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = _over(below, value)
        else:
            result[key] = value
    return result


def manifests_of(filenames: Sequence[str]) -> Manifests:
    """Read what ``-f`` names."""
    # There is no standard input where whoever started us closed it.
    return read_manifests(filenames, sys.stdin.buffer if sys.stdin is not None else None)
