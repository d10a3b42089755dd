"""The kinds of owners that a controller looks after, each with whoever deploys for it: a plugin, or one Deployer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gwdeployer.deployer import Deployer
from gwdeployer.errors import Fault, PluginError
from gwdeployer.objects import KindRef
from gwdeployer.plugins import Plugin


@dataclass(frozen=True, slots=True)
class OwnerKind:
    """One kind of owner.

    ``deployer`` deploys for all of them; where it is None, ``plugin`` routes each one. ``name`` is what metrics
    and logs call it.
    """

    kind: KindRef
    name: str
    plugin: Plugin | None = None
    deployer: Deployer | None = None

    @property
    def cleaner(self) -> Deployer | None:
        """Who removes what owners of this kind were left, when nobody deploys for them any more."""
        return self.deployer or (self.plugin.cleaner(self.kind) if self.plugin else None)


def owner_kinds(parts: Iterable[Deployer | Plugin]) -> list[OwnerKind]:
    """Return the kinds of owners of deployers and plugins. Raises PluginError where two have the same."""
    found: dict[tuple[str, str], OwnerKind] = {}
    for owner_kind in _all(parts):
        known = found.setdefault(owner_kind.kind.group_kind, owner_kind)
        if known is not owner_kind:
            message = f"owners of kind {owner_kind.kind} are looked after by {known.name!r} already"
            hint = "give the controller one of the two"
            raise PluginError(Fault(message, subject=owner_kind.name, hint=hint))
    return list(found.values())


def _all(parts: Iterable[Deployer | Plugin]) -> Iterator[OwnerKind]:
    for part in parts:
        if isinstance(part, Deployer):
            yield OwnerKind(part.owner, part.owner.kind.lower(), deployer=part)
        else:
            for kind in part.owners:
                yield OwnerKind(kind, part.name, plugin=part)


def kept_kinds(parts: Iterable[Deployer | Plugin]) -> list[KindRef]:
    """Return every kind that caches have to keep, as far as it is known before the first plan."""
    found: dict[tuple[str, str], KindRef] = {}
    for part in parts:
        for kind in _deployers_kinds(part) if isinstance(part, Deployer) else _plugins_kinds(part):
            found.setdefault(kind.group_kind, kind)
    return list(found.values())


def _deployers_kinds(deployer: Deployer) -> Sequence[KindRef]:
    watched = (watch.kind for watch in deployer.generator.watches())
    return [deployer.owner, *deployer.prunable, *watched]


def _plugins_kinds(plugin: Plugin) -> Sequence[KindRef]:
    reported = (reporter.kind for reporter in plugin.reporters())
    return [*plugin.owners, *plugin.reads, *plugin.observes, *plugin.deploys(), *reported]
