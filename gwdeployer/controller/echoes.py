"""Changes that a pass has caused itself: what it has seen is no news to it.

Each write comes back from a watch. The pass that wrote has had the server's answer, which is that very state
(the same UID and resourceVersion), so its key need not be looked at again for it. Anything else is news:
another state, a deletion, whatever somebody has written in between.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Set

from gwdeployer.controller.changes import Change
from gwdeployer.objects import ObjectRef
from gwdeployer.objects.states import Version, version_of

#: The states of so many keys are remembered that watches have not told yet; forgetting costs a look.
_REMEMBERED = 4096


class Echoes:
    """Tells changes that are no news to a key from others. Thread-safe."""

    def __init__(self) -> None:
        """Nothing has been seen."""
        self._lock = threading.Lock()
        #: What has changed since a pass began that goes on: only its end tells what it has seen. None: gone.
        self._meanwhile: dict[ObjectRef, set[Version | None]] = {}
        #: What the last pass has seen and watches have yet to tell.
        self._awaited: OrderedDict[ObjectRef, Set[Version]] = OrderedDict()

    def began(self, key: ObjectRef) -> None:
        """Note that a pass over a key begins."""
        with self._lock:
            self._meanwhile[key] = set()

    def is_news(self, key: ObjectRef, change: Change) -> bool:
        """Return whether to look at a key because of a change; :meth:`ended` says it of one during a pass."""
        version = version_of(change.after) if change.after else None
        with self._lock:
            meanwhile = self._meanwhile.get(key)
            if meanwhile is not None:
                meanwhile.add(version)
                return False
            awaited = self._awaited.get(key)
            if awaited is None or version not in awaited:
                return True
            self._await(key, awaited - {version})
            return False

    def ended(self, key: ObjectRef, seen: Callable[[], Set[Version]], *, wrote: bool) -> bool:
        """Note that a pass has ended, and the states it has ``seen``; return whether it has missed anything.

        They are asked for only where it matters: most passes write nothing, and nobody else does meanwhile.

        What an earlier pass has seen and this one has not is news again: it may have to go.
        """
        with self._lock:
            meanwhile = self._meanwhile.pop(key)
            before = self._awaited.pop(key, frozenset())
            if not (wrote or meanwhile or before):
                return False
            states = seen()
            self._await(key, (states if wrote else states & before) - meanwhile)
            return not meanwhile <= states

    def _await(self, key: ObjectRef, versions: Set[Version]) -> None:
        if not versions:
            self._awaited.pop(key, None)
            return
        self._awaited[key] = versions
        if len(self._awaited) > _REMEMBERED:
            self._awaited.popitem(last=False)
