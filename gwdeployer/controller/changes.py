"""What a cache tells its controller: that an object is not as it was."""

from __future__ import annotations

from typing import NamedTuple

from gwdeployer.objects import KindRef, Object, name_of, namespace_of, same_but_for_status


class Change(NamedTuple):
    """One object as it was known before, and as it is known now. None: there was none, there is none.

    Where the UIDs differ, the object was deleted and created again in between.
    """

    kind: KindRef
    before: Object | None
    after: Object | None

    def __repr__(self) -> str:
        """Return which object it is and what became of it; never its content, which may be secret."""
        verb = "added" if self.before is None else "deleted" if self.after is None else "changed"
        obj = self.after or self.before or {}
        return f"<{self.kind} {namespace_of(obj)}/{name_of(obj)} {verb}>"


def status_only(change: Change) -> bool:
    """Return whether nothing but an object's status has changed (and what each write changes besides)."""
    before, after = change.before, change.after
    if before is None or after is None:
        return False
    return same_but_for_status(before, after)
