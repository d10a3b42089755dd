"""Plugins: what makes deployers for a kind of owner, and how the command line finds them.

A distribution offers a plugin by an entry point in the group ``gwdeployer.plugins`` that names a subclass of
:class:`Plugin`. The core's own plugins are found the same way.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Any, ClassVar

from gwdeployer.crd import CrdDefinition
from gwdeployer.deployer import Deployer
from gwdeployer.errors import Fault, InputsError, PluginError, nearest, shown
from gwdeployer.generator import Skip
from gwdeployer.inputs import Inputs, known_keys, validate_inputs
from gwdeployer.objects import KindRef, Object
from gwdeployer.store import ObjectStore

GROUP = "gwdeployer.plugins"
_MAX_KEY = 256


@dataclass(frozen=True, slots=True)
class PluginOption:
    """A command-line option that a plugin adds; may be given several times. Values reach the constructor."""

    name: str
    help: str
    metavar: str = "NAME"

    @property
    def flag(self) -> str:
        """The option as it is typed."""
        return f"--{self.name}"


class Plugin(ABC):
    """Makes deployers for owners of some kinds. A subclass is instantiated once, with its inputs.

    ``name`` is the name people see. ``inputs_key`` is the key of the plugin's own inputs in the inputs file;
    None puts them at the top, beside the core's.
    """

    name: ClassVar[str]
    inputs_key: ClassVar[str | None] = None
    inputs_model: ClassVar[type[Inputs]] = Inputs
    options: ClassVar[Sequence[PluginOption]] = ()
    #: The kinds of owners that are routed here.
    owners: ClassVar[Sequence[KindRef]] = ()
    #: Further kinds that plans read; what else is in a file is ignored.
    reads: ClassVar[Sequence[KindRef]] = ()
    #: The CustomResourceDefinitions of kinds that are the plugin's own; ``gwdeployer crds`` prints them.
    crds: ClassVar[Sequence[CrdDefinition]] = ()

    def __init__(self, inputs: Any, options: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the inputs (an instance of ``inputs_model``) and the values given for ``options``."""
        self.inputs = inputs
        self.given = options or {}

    @abstractmethod
    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return the deployer for an owner, or why there is none. Raises ParametersError."""


def discover() -> list[type[Plugin]]:
    """Return the installed plugins, ordered by name.

    Raises PluginError, with a fault for each plugin that cannot be loaded or whose name is taken.
    """
    faults: list[Fault] = []
    found: dict[str, type[Plugin]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            plugin = _loaded(entry)
        except PluginError as error:
            faults += error.faults
            continue
        if plugin.name in found:
            message = f"plugin name {plugin.name!r} is taken"
            subject = f"entry point {entry.name} = {entry.value}"
            faults.append(Fault(message, subject=subject, hint="uninstall one of the two distributions"))
        found.setdefault(plugin.name, plugin)
    if faults:
        raise PluginError(faults)
    return list(found.values())


def _loaded(entry: EntryPoint) -> type[Plugin]:
    subject = f"entry point {entry.name} = {entry.value}"
    try:
        plugin = entry.load()
    except Exception as error:
        hint = "install what it needs, or uninstall the distribution that offers it"
        raise PluginError(Fault(f"cannot be loaded: {error}", subject=subject, hint=hint)) from error
    if not (isinstance(plugin, type) and issubclass(plugin, Plugin)):
        raise PluginError(Fault("is not a subclass of gwdeployer.Plugin", subject=subject))
    if isabstract(plugin) or not isinstance(getattr(plugin, "name", None), str):
        raise PluginError(Fault("is not a complete plugin: it needs a name and route()", subject=subject))
    return plugin


def configure(
    plugins: Iterable[type[Plugin]],
    data: Mapping[str, Any] | None = None,
    options: Mapping[str, Sequence[str]] | None = None,
    *,
    source: str = "inputs",
) -> list[Plugin]:
    """Return the plugins, instantiated with their parts of the inputs ``data``.

    Raises InputsError with the faults of all parts; a key that no plugin knows is one.
    """
    classes = list(plugins)
    data = data or {}
    faults = _unknown_keys(classes, data, source)
    configured: list[Plugin] = []
    for plugin in classes:
        try:
            configured.append(plugin(_inputs_of(plugin, data, source), options))
        except InputsError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise InputsError(faults)
    return configured


def _inputs_of(plugin: type[Plugin], data: Mapping[str, Any], source: str) -> Inputs:
    """Return a plugin's inputs: the core's keys from the top, its own from their place."""
    at_top = known_keys([plugin.inputs_model if plugin.inputs_key is None else Inputs])
    core = {key: value for key, value in data.items() if key in at_top}
    if plugin.inputs_key is None:
        return validate_inputs(plugin.inputs_model, core, source)
    nested = data.get(plugin.inputs_key)
    nested = {} if nested is None else nested
    if not isinstance(nested, Mapping):
        raise InputsError(Fault("must be a mapping", plugin.inputs_key, source))
    try:
        return validate_inputs(plugin.inputs_model, {**core, **nested}, source)
    except InputsError as error:
        raise InputsError(
            _placed(fault, plugin.inputs_key, core.keys() - nested.keys()) for fault in error.faults
        ) from None


def _placed(fault: Fault, inputs_key: str, at_top: Set[str]) -> Fault:
    """Return a fault with its path in all the inputs: below the plugin's key, unless it is the core's."""
    if re.split(r"[.\[]", fault.path, maxsplit=1)[0] in at_top:
        return fault
    return replace(fault, path=f"{inputs_key}.{fault.path}")


def _unknown_keys(plugins: Sequence[type[Plugin]], data: Mapping[str, Any], source: str) -> list[Fault]:
    known = known_keys([Inputs, *(plugin.inputs_model for plugin in plugins if plugin.inputs_key is None)])
    known |= {plugin.inputs_key for plugin in plugins if plugin.inputs_key is not None}
    return [
        Fault(f"unknown key {shown(key)}", shown(key)[1:-1], source, hint=nearest(str(key)[:_MAX_KEY], known))
        for key in data
        if key not in known
    ]
