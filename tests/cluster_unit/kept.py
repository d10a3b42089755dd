"""Objects as a cache keeps what a server sends."""

from __future__ import annotations

import json

from gwdeployer import Object
from gwdeployer.cluster.compacting import compact
from gwdeployer.cluster.decoding import object_in


def kept(obj: Object) -> Object:
    """Return an object as it is after it came over the wire."""
    came = object_in(json.dumps(obj).encode())
    compact(came)
    return came
