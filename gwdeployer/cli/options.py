"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from gwdeployer.inputs import inputs_from_environment, read_inputs
from gwdeployer.manifests import Manifests, read_manifests
from gwdeployer.plugins import Plugin, configure, discover

F = TypeVar("F", bound=Callable[..., Any])


def input_options(function: F) -> F:
    """Add ``-f`` and ``--inputs``."""
    for option in (
        click.option("-v", "--verbose", is_flag=True, help="Say more: the owners left alone, and why."),
        click.option("--inputs", "inputs_file", type=click.Path(path_type=Path), metavar="FILE", help="YAML file of inputs."),
        click.option(
            "-f",
            "--filename",
            "filenames",
            multiple=True,
            required=True,
            metavar="FILE",
            help="File, folder, or - for standard input; may be given several times.",
        ),
    ):
        function = option(function)
    return function


def plugin_options(command: click.Command) -> click.Command:
    """Add the options that the installed plugins declare."""
    present = {name for parameter in command.params for name in parameter.opts}
    for plugin in discover():
        for option in plugin.options:
            flag = f"--{option.name}"
            if flag not in present:
                command.params.append(
                    click.Option([flag, _parameter(option.name)], multiple=True, metavar=option.metavar, help=option.help)
                )
    return command


def _parameter(name: str) -> str:
    return f"plugin_{name.replace('-', '_')}"


def plugins_for(inputs_file: Path | None, given: Mapping[str, Sequence[str]]) -> list[Plugin]:
    """Return the installed plugins, configured by the inputs file, then the environment. Raises InputsError."""
    classes = discover()
    from_file = read_inputs(inputs_file) if inputs_file is not None else {}
    data = _over(from_file, inputs_from_environment(os.environ))
    options = {
        option.name: given.get(_parameter(option.name), ()) for plugin in classes for option in plugin.options
    }
    return configure(classes, data, options, source=str(inputs_file or "inputs"))


def _over(base: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in source.items():
        below = result.get(key)
        result[key] = _over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def manifests_of(filenames: Sequence[str]) -> Manifests:
    """Read what ``-f`` names."""
    return read_manifests(filenames, sys.stdin.buffer)
