"""The numbers of cases and traps, by which a reader finds the tests of each.

A case is one thing that a deployer of pickers has to get right (``pytest -m "case(number=5)"``), a trap one
that the upstream charts get wrong (``pytest -m "trap(number=11)"``).
"""

from __future__ import annotations

import pytest

CASES = {
    1: "a pool without parameters",
    2: "the command line",
    3: "the Service reaches the pods",
    4: "a reference of another name",
    5: "no reference",
    6: "pools that are left alone",
    7: "from our hands to nobody's",
    8: "pools of the alpha API",
    9: "every generation",
    10: "replicas and leaders",
    11: "autoscaled replicas",
    12: "authenticated metrics",
    13: "a ServiceMonitor and its token",
    14: "a changed or invalid configuration",
    15: "model servers",
    16: "TLS",
    17: "names",
    18: "what users add and change",
    19: "deletion",
    20: "nothing to do, drift, neutrality, routes",
}
TRAPS = {
    1: "a port that leads nowhere",
    2: "flags that the generation refuses",
    3: "booleans as arguments of their own",
    4: "authenticated metrics without the right to ask",
    5: "authentication that cannot be switched off",
    6: "one token for two pools",
    7: "long names that break YAML",
    8: "long names that collide",
    9: "false and zero that cannot be said",
    10: "lists that do not render",
    11: "one replica that elects a leader",
    12: "a release in what Prometheus selects",
    13: "a configuration that restarts nothing",
    14: "keys that nothing reads",
}


def case(number: int) -> pytest.MarkDecorator:
    """Mark the tests of a case."""
    return pytest.mark.case(number=number)


def trap(number: int) -> pytest.MarkDecorator:
    """Mark the tests of a trap."""
    return pytest.mark.trap(number=number)
