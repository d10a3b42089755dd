"""Plugins: what makes deployers for a kind of owner, and how the command line finds them.

A distribution offers a plugin by an entry point in the group ``gwdeployer.plugins`` that names a subclass of
:class:`Plugin`. The core's own plugins are found the same way.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from inspect import isabstract
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from gwdeployer.deployer import Deployer
from gwdeployer.errors import Fault, InputsError, PluginError, nearest, shown
from gwdeployer.generator import Skip
from gwdeployer.inputs import Inputs, known_keys, validate_inputs
from gwdeployer.installed import PARAMETERS, PLUGINS, Offer, offers
from gwdeployer.objects import KindRef, Object
from gwdeployer.parameters_kind import ParametersKind
from gwdeployer.store import ObjectStore

if TYPE_CHECKING:
    from gwdeployer.cluster.outcomes import ReconcileResult
    from gwdeployer.cluster.port import Cluster
    from gwdeployer.crd import CrdDefinition
    from gwdeployer.status import Reporter

_MAX_KEY = 256


class PluginOption(NamedTuple):
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
    #: Further kinds that plans read (by its inputs, an instance may read more); others in a file are ignored.
    reads: Sequence[KindRef] = ()
    #: Those of all kinds of which plans read the status, too: a change of it alone makes a new plan.
    reads_status_of: ClassVar[Sequence[KindRef]] = ()
    #: Further kinds that statuses are computed from, and those whose status is written (``reporters``).
    observes: Sequence[KindRef] = ()
    #: Which of all these kinds no namespace holds; those of Kubernetes' own APIs are known.
    cluster_scoped: ClassVar[Sequence[KindRef]] = ()

    def __init__(self, inputs: Any, options: Mapping[str, Sequence[str]] | None = None) -> None:
        """Take the inputs (an instance of ``inputs_model``) and the values given for ``options``."""
        self.inputs = inputs
        self.given = options or {}
        #: Kinds of parameters that third parties registered for this plugin; set by ``configure``.
        self.parameters: tuple[ParametersKind, ...] = ()
        #: Where the deployers deploy to; None where there are only previews. Set by ``configure``.
        self.cluster: Cluster | None = None

    @classmethod
    def crds(cls) -> Sequence[CrdDefinition]:
        """Return the CustomResourceDefinitions of the plugin's own kinds, for ``gwdeployer crds``."""
        return ()

    @abstractmethod
    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        """Return the deployer for an owner, or why there is none. Raises ParametersError."""

    def cleaner(self, kind: KindRef) -> Deployer | None:
        """Return a deployer that knows all that owners of a kind may have been left, or None.

        It removes what was deployed for an owner that is ours no longer (``route`` skips it, and asks for a
        cleanup).
        """
        return None

    def deploys(self) -> Sequence[KindRef]:
        """Return every kind that the plugin's deployers may produce: they are watched, and need rights."""
        return ()

    def status(
        self, owner: Object, outcome: ReconcileResult, store: ObjectStore, now: str
    ) -> Mapping[str, Any] | None:
        """Return the status that an owner should have after a reconcile, whole, or None to leave it alone.

        Pure: see :class:`~gwdeployer.status.Reporter`, also for ``now``. An owner that is not ours has an
        ``outcome`` whose plan is skipped. It says what is: in a controller, what was written is unchanged.
        """
        return None

    @property
    def writes_status(self) -> bool:
        """Whether :meth:`status` may return one, which takes a right. By default, where it is overridden."""
        return type(self).status is not Plugin.status

    def reporters(self) -> Sequence[Reporter]:
        """Return who computes the statuses of further kinds, such as the owners' classes."""
        return ()

    def installs(self) -> Sequence[Object]:
        """Return cluster-scoped objects that a controller creates where they are missing (classes)."""
        return ()

    def permissions(self) -> Sequence[Mapping[str, Any]]:
        """Return rules (as in a ClusterRole) for rights beyond those that follow from the kinds above.

        Such as those that deployed objects are granted: the API server lets nobody grant what they lack.
        """
        return ()

    def diagnose(self, owner: Object, store: ObjectStore) -> Iterable[Fault]:
        """Yield what keeps an owner from working that the core cannot know, each with what to do."""
        return ()


def discover() -> list[type[Plugin]]:
    """Return the installed plugins, ordered by name.

    Raises PluginError, with a fault for each plugin that cannot be loaded or whose name is taken.
    """
    faults: list[Fault] = []
    found: dict[str, type[Plugin]] = {}
    for entry in offers(PLUGINS):
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


def discover_parameters() -> list[ParametersKind]:
    """Return the parameters kinds that installed distributions offer, ordered by name.

    Raises PluginError, with a fault for each entry point that cannot be loaded or is something else.
    """
    faults: list[Fault] = []
    found: list[ParametersKind] = []
    for entry in offers(PARAMETERS):
        try:
            kind = _load(entry)
        except PluginError as error:
            faults += error.faults
            continue
        if isinstance(kind, ParametersKind):
            found.append(kind)
        else:
            faults.append(Fault("is not a gwdeployer.ParametersKind", subject=_subject(entry)))
    if faults:
        raise PluginError(faults)
    return found


def _subject(entry: Offer) -> str:
    return f"entry point {entry.name} = {entry.value}"


def _load(entry: Offer) -> Any:
    try:
        return entry.load()
    except Exception as error:
        hint = "install what it needs, or uninstall the distribution that offers it"
        raise PluginError(Fault(f"cannot be loaded: {error}", subject=_subject(entry), hint=hint)) from error


def _loaded(entry: Offer) -> type[Plugin]:
    subject, plugin = _subject(entry), _load(entry)
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
    parameters: Iterable[ParametersKind] = (),
    cluster: Cluster | None = None,
    source: str = "inputs",
) -> list[Plugin]:
    """Return the plugins, instantiated with their parts of the inputs ``data``.

    ``parameters`` are further kinds of parameters objects, each for the plugin it names; ``cluster`` is where
    their deployers deploy to. Raises InputsError with the faults of all parts (a key that no plugin knows is
    one), and PluginError where two parameters kinds are the same, or their plugin is not there.
    """
    classes = list(plugins)
    kinds = _checked(parameters, classes)
    data = data or {}
    faults = _unknown_keys(classes, data, source)
    configured: list[Plugin] = []
    for plugin in classes:
        try:
            made = plugin(_inputs_of(plugin, data, source), options)
            made.parameters = tuple(kind for kind in kinds if kind.plugin == plugin.name)
            made.cluster = cluster
            configured.append(made)
        except InputsError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise InputsError(faults)
    return configured


def _checked(parameters: Iterable[ParametersKind], plugins: Sequence[type[Plugin]]) -> list[ParametersKind]:
    """Return the kinds. Raises PluginError where one is known already, or its plugin is not there."""
    taken = {kind.group_kind: plugin.name for plugin in plugins for kind in (*plugin.owners, *plugin.reads)}
    names = {plugin.name for plugin in plugins}
    faults: list[Fault] = []
    found: list[ParametersKind] = []
    for kind in parameters:
        subject = f"parameters kind {kind.kind}"
        by = taken.get(kind.kind.group_kind)
        if kind.plugin not in names:
            message = f"is for plugin {kind.plugin!r}, which is not there"
            faults.append(Fault(message, subject=subject, hint=nearest(kind.plugin, names)))
        elif by is not None:
            message = f"is registered already (by {by!r})"
            faults.append(Fault(message, subject=subject, hint="register one of the two"))
        else:
            found.append(kind)
        taken.setdefault(kind.kind.group_kind, kind.plugin)
    if faults:
        raise PluginError(faults)
    return found


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
