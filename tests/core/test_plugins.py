"""Plugins as strangers write them: found by entry points, configured from one mapping of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from gwdeployer import (
    Deployer,
    Fault,
    Inputs,
    InputsError,
    KindRef,
    MemoryStore,
    Plugin,
    PluginError,
    PluginOption,
    Skip,
)
from gwdeployer import plugins as plugins_module
from gwdeployer.installed import PLUGINS
from gwdeployer.objects import Object
from gwdeployer.plugins import configure, discover
from gwdeployer.store import ObjectStore
from tests.core.sites import SITE, deployer, site


class SiteInputs(Inputs):
    replicas: int = 1
    owner_team: str | None = None


class SitePlugin(Plugin):
    """Sites are ours unless they say another controller's name."""

    name = "sites"
    inputs_key: ClassVar[str | None] = "sites"
    inputs_model: ClassVar[type[Inputs]] = SiteInputs
    owners = (SITE,)
    options = (PluginOption("only", "Plan this Site only."),)

    def route(self, owner: Object, store: ObjectStore) -> Deployer | Skip:
        only: Sequence[str] = self.given.get("only", ())
        if only and owner["metadata"]["name"] not in only:
            return Skip("not asked for")
        return deployer()


class TopInputs(Inputs):
    colour: str = "red"


class TopPlugin(SitePlugin):
    """Keeps its inputs beside the core's."""

    name = "top"
    inputs_key: ClassVar[str | None] = None
    inputs_model: ClassVar[type[Inputs]] = TopInputs


class Nameless(SitePlugin):
    name = None  # type: ignore[assignment]


class Routeless(Plugin):
    name = "routeless"


# --- Routing ----------------------------------------------------------------------------------------------


def test_a_strangers_plugin_routes_its_owners() -> None:
    [plugin] = configure([SitePlugin], {}, {"only": ["shop"]})
    found = plugin.route(site(), MemoryStore())
    assert isinstance(found, Deployer)
    assert len(found.plan(site(), MemoryStore()).objects) == 5
    assert plugin.route(site("other"), MemoryStore()) == Skip("not asked for")


def test_an_option_knows_its_flag() -> None:
    assert SitePlugin.options[0].flag == "--only"


def test_the_contract_has_defaults() -> None:
    assert (Plugin.owners, Plugin.reads, Plugin.options, Plugin.inputs_key) == ((), (), (), None)
    assert Plugin.inputs_model is Inputs


# --- Inputs -----------------------------------------------------------------------------------------------


def test_each_plugin_gets_its_own_part_and_all_get_the_cores() -> None:
    data = {"version": "9", "colour": "blue", "sites": {"replicas": 3}}
    sites, top = configure([SitePlugin, TopPlugin], data)
    assert (sites.inputs.version, sites.inputs.replicas) == ("9", 3)
    assert (top.inputs.version, top.inputs.colour) == ("9", "blue")


def test_a_plugins_part_may_overrule_the_cores_for_it_alone() -> None:
    sites, top = configure([SitePlugin, TopPlugin], {"version": "9", "sites": {"version": "10"}})
    assert (sites.inputs.version, top.inputs.version) == ("10", "9")


@pytest.mark.parametrize("data", [None, {}, {"sites": None}, {"sites": {"replicas": None}, "version": None}])
def test_what_is_not_said_or_null_is_the_default(data: Mapping[str, Any] | None) -> None:
    [plugin] = configure([SitePlugin], data)
    assert plugin.inputs == SiteInputs()


def faults(data: Mapping[str, Any]) -> tuple[Fault, ...]:
    with pytest.raises(InputsError) as caught:
        configure([SitePlugin, TopPlugin], data, source="in.yaml")
    return caught.value.faults


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"versoin": "1"}, "in.yaml versoin: unknown key 'versoin'; did you mean 'version'?"),
        (
            {"controlPlane": {"xdsPrt": 1}},
            "in.yaml controlPlane.xdsPrt: unknown field 'xdsPrt'; did you mean 'xdsPort'?",
        ),
        (
            {"sites": {"replicaz": 1}},
            "in.yaml sites.replicaz: unknown field 'replicaz'; did you mean 'replicas'?",
        ),
        ({"sites": {"version": 1}}, "in.yaml sites.version: must be a string, not 1; write it in quotes"),
        ({"sites": {"replicas": []}}, "in.yaml sites.replicas: must be an integer, not a list"),
        ({"sites": []}, "in.yaml sites: must be a mapping"),
        ({"sites": "text"}, "in.yaml sites: must be a mapping"),
        ({"version": 1.3}, "in.yaml version: must be a string, not 1.3; write it in quotes"),
        ({"controllerName": ""}, "in.yaml controllerName: must not be empty"),
        ({"controlPlane": {"xdsPort": 0}}, "in.yaml controlPlane.xdsPort: must be at least 1, is 0"),
        (
            {"controlPlane": {"xdsPort": 65536}},
            "in.yaml controlPlane.xdsPort: must be at most 65535, is 65536",
        ),
        ({"controlPlane": "xds:1"}, "in.yaml controlPlane: must be a mapping, not 'xds:1'"),
    ],
)
def test_a_wrong_input_is_told_once_with_its_place(data: Mapping[str, Any], message: str) -> None:
    assert [str(fault) for fault in faults(data)] == [message]


def test_an_endless_key_is_cut() -> None:
    [fault] = faults({"x" * 100_000: 1})
    assert len(str(fault)) < 1000


def test_all_wrong_inputs_of_all_plugins_come_at_once() -> None:
    found = faults({"nope": 1, "version": 2, "colour": 3, "sites": {"replicas": "x", "nope": 1}})
    assert sorted(fault.path for fault in found) == [
        "colour",
        "nope",
        "sites.nope",
        "sites.replicas",
        "version",
    ]


# --- Discovery --------------------------------------------------------------------------------------------


@dataclass
class Entry:
    """What a distribution offers."""

    name: str
    found: Any

    @property
    def value(self) -> str:
        return f"stranger:{self.name}"

    def load(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def installed(monkeypatch: pytest.MonkeyPatch, **found: Any) -> None:
    entries = [Entry(name, plugin) for name, plugin in sorted(found.items())]
    monkeypatch.setattr(plugins_module, "offers", lambda group: entries if group == PLUGINS else [])


def test_installed_plugins_are_found_in_order_of_their_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, z=SitePlugin, a=TopPlugin)
    assert discover() == [TopPlugin, SitePlugin]


def test_the_cores_own_plugins_are_found_as_a_strangers() -> None:
    assert "gateway" in [plugin.name for plugin in discover()]


def test_all_faulty_plugins_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(
        monkeypatch,
        a=SitePlugin,
        b=SitePlugin,
        c=ImportError("no module named 'x'"),
        d=KindRef,
        e="text",
        f=Nameless,
        g=Routeless,
        h=RuntimeError("line\nbreak"),
    )
    with pytest.raises(PluginError) as caught:
        discover()
    assert str(caught.value).splitlines() == [
        "entry point b = stranger:b: plugin name 'sites' is taken; uninstall one of the two distributions",
        "entry point c = stranger:c: cannot be loaded: no module named 'x'; "
        "install what it needs, or uninstall the distribution that offers it",
        "entry point d = stranger:d: is not a subclass of gwdeployer.Plugin",
        "entry point e = stranger:e: is not a subclass of gwdeployer.Plugin",
        "entry point f = stranger:f: is not a complete plugin: it needs a name and route()",
        "entry point g = stranger:g: is not a complete plugin: it needs a name and route()",
        "entry point h = stranger:h: cannot be loaded: line break; "
        "install what it needs, or uninstall the distribution that offers it",
    ]
