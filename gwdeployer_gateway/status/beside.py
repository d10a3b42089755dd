"""What is left to say beside a control plane that writes the same status: mode ``deploy``.

Deploying knows when it goes wrong, and says so. That all is well it says only where nobody has said anything
yet, where it had said otherwise itself, or where the same has been said: what a control plane finds bad stays
bad, and its words for what is good stay its own. So two writers come to rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gwdeployer.objects import Object, metadata_of
from gwdeployer.status import Condition
from gwdeployer_gateway.status.conditions import ACCEPTED, PROGRAMMED

#: Reasons with which deploying says that something is bad.
_OURS = {
    ACCEPTED: frozenset({"InvalidParameters", "UnsupportedAddress"}),
    PROGRAMMED: frozenset(
        {"AddressNotAssigned", "AddressNotUsable", "DeploymentFailed", "NoResources", "Pending"}
    ),
}
#: How we begin to say that all is well with proxies.
_OUR_WORDS = re.compile(r"[0-9]+/[0-9]+ available")


def beside_others(
    before: Iterable[Mapping[str, Any]], stated: Sequence[Condition], obj: Object
) -> list[Condition]:
    """Return those of the ``stated`` conditions that are ours to say, given what is said already."""
    known = {one.get("type"): one for one in before}
    generation = metadata_of(obj).get("generation") or 0
    was_refused = known.get(ACCEPTED, {}).get("reason") in _OURS[ACCEPTED]
    return [one for one in stated if _is_ours_to_say(one, known.get(one["type"]), generation, was_refused)]


def _is_ours_to_say(
    stated: Condition, before: Mapping[str, Any] | None, generation: int, was_refused: bool
) -> bool:
    if before is None or before.get("status") == "Unknown" or stated["status"] == "False":
        return True
    reason = before.get("reason")
    if before.get("status") == "False":
        # Programmed is Invalid, by us, only while we refuse the Gateway.
        return reason in _OURS.get(stated["type"], ()) or (was_refused and reason == "Invalid")
    is_old = (before.get("observedGeneration") or 0) < generation
    return reason == stated["reason"] and (is_old or bool(_OUR_WORDS.match(str(before.get("message")))))
