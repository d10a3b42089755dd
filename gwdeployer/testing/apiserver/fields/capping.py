"""Keeping the number of managers bounded: the oldest updates become one entry per version."""

from __future__ import annotations

from typing import Final

from gwdeployer.testing.apiserver.fields.managers import UPDATE, Managed, Manager, Owned

MAX_UPDATERS: Final = 10
#: The manager that has what the oldest ones had.
ANCIENT: Final = "ancient-changes"


def capped(managed: Managed) -> Managed:
    """Return the owners with at most ten updaters, if there are enough of one version to put together.

    The oldest are put together first, and the entry has the time of the last one that went into it.
    """
    excess = sum(not owned.applied for owned in managed.owners.values()) - MAX_UPDATERS
    return _Capping(managed).done(excess) if excess > 0 else managed


class _Capping:
    def __init__(self, managed: Managed) -> None:
        self.owners = dict(managed.owners)
        self.times = dict(managed.times)
        self.first: dict[str, Manager] = {}

    def done(self, excess: int) -> Managed:
        for manager in self.oldest_first():
            version = self.owners[manager].api_version
            if excess <= 0:
                break
            if version in self.first:
                self.put_away(manager, version)
                excess -= 1
            else:
                self.first[version] = manager
        return Managed(self.owners, self.times)

    def oldest_first(self) -> list[Manager]:
        updaters = [manager for manager, owned in self.owners.items() if not owned.applied]
        return sorted(updaters, key=lambda manager: (self.times.get(manager, ""), manager.identifier))

    def put_away(self, manager: Manager, version: str) -> None:
        """Move what a manager owns, and the first manager of its version owned, to the common entry."""
        common = Manager(ANCIENT, UPDATE, version)
        if common not in self.owners:
            self.owners[common] = self.owners.pop(self.first[version])
        owned = self.owners[manager]
        fields = owned.fields | self.owners[common].fields
        self.owners[common] = Owned(fields, version, applied=False)
        del self.owners[manager]
        if manager in self.times:
            self.times[common] = self.times[manager]
