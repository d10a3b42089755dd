"""What is particular about one built-in kind: the shape of a ``Strategy``.

What all kinds with a status have in common stands in ``builtin``: a new object has none, and each of the
two ways to write keeps what only the other may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.kinds.causes import Cause
from gwdeployer.testing.apiserver.kinds.model import FieldPath

#: Gets a copy of its own of an object, which it changes in place.
Change = Callable[[Object], None]
#: Likewise for the new object of an update; the old one is only read.
Update = Callable[[Object, Object], None]
#: Yields what is wrong with a new object, or with one in place of an old one.
Validator = Callable[[Object, Object | None], Iterable[Cause]]

SPEC: tuple[FieldPath, ...] = (("spec",),)
STATUS: tuple[FieldPath, ...] = (("status",),)


def nothing(*_objects: Object | None) -> Any:
    """Change nothing, find nothing."""
    return ()


@dataclass(frozen=True)
class Strategy:
    """How one kind differs from a plain one.

    ``counted`` names the fields whose change raises ``metadata.generation``; without any the kind has no
    generation. ``status_keeps`` names what a write through the status leaves as it was, ``status_resets`` the
    part of it that such a write does not own (``GetResetFields``). ``on_default`` completes the conversion to
    the form that is stored. ``release`` gives back what an object held, ``revert`` what an update took that
    was not stored in the end.
    """

    counted: tuple[FieldPath, ...] = ()
    status_keeps: tuple[FieldPath, ...] = SPEC
    status_resets: tuple[FieldPath, ...] = SPEC
    resets: tuple[FieldPath, ...] = STATUS
    on_default: Change = nothing
    on_create: Change = nothing
    on_update: Update = nothing
    validate: Validator = nothing
    validate_status: Validator = nothing
    creates_on_put: bool = False
    unconditional_update: bool = True
    release: Change = nothing
    revert: Update = nothing
