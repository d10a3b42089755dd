"""Listeners that take no traffic from outside: the annotation ``agentgateway.dev/internal-ports``.

It stands on a Gateway or a ListenerSet and lists ports of that object's own listeners. The proxy routes to
such listeners by itself (a waypoint's, for example), so the Service does not open their ports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gwdeployer.errors import shown
from gwdeployer.generator import Context
from gwdeployer.objects import Object, describe, metadata_of

INTERNAL_PORTS = "agentgateway.dev/internal-ports"

_NUMBER = re.compile(r"[0-9]{1,5}")


def internal_ports(holder: Object, numbers: frozenset[int], context: Context) -> frozenset[int]:
    """Return the ports that an object's annotation keeps out of the Service.

    ``numbers`` are the object's own ports. If anything in the annotation is wrong, all of it is ignored, with
    a warning: half of a list that somebody got wrong might open or close the wrong port.
    """
    annotations = metadata_of(holder).get("annotations")
    text = annotations.get(INTERNAL_PORTS) if isinstance(annotations, Mapping) else None
    if not text:
        return frozenset()
    words = [word.strip() for word in str(text).split(",") if word.strip()]
    faults = [fault for word in words if (fault := _fault(word, numbers))]
    if faults:
        message = f"{'; '.join(faults)}: the annotation is ignored"
        hint = "list ports of this object's own listeners, separated by commas"
        context.warn(message, f"metadata.annotations[{INTERNAL_PORTS}]", subject=describe(holder), hint=hint)
        return frozenset()
    return frozenset(map(int, words))


def _fault(word: str, numbers: frozenset[int]) -> str:
    if not _NUMBER.fullmatch(word) or not 1 <= int(word) <= 65535:  # noqa: PLR2004 - the range of ports
        return f"{shown(word)} is not a port"
    return "" if int(word) in numbers else f"no listener here has port {word}"
