"""Options of the commands that need a cluster, and the connection to it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from gwdeployer.cluster.kubernetes_cluster import KubernetesCluster

F = TypeVar("F", bound=Callable[..., Any])

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")


def _duration(text: str) -> float:
    """Return the seconds that a time means: as kubectl takes it (``90s``, ``1m30s``), or a number."""
    match = _DURATION.fullmatch(text)
    hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if not total:
        raise click.BadParameter(f"{text!r} is no time; write 90s or 1m30s")
    return total


_CONNECTION = (
    click.option("--context", metavar="NAME", help="Context of the kubeconfig, instead of its current one."),
    click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Where the cluster is and who asks; default: KUBECONFIG, ~/.kube/config, the pod's account.",
    ),
)


def cluster_options(function: F) -> F:
    """Add ``--kubeconfig``, ``--context`` and ``--timeout``."""
    return connection_options(time_option("--timeout", "60s", "How long one owner may take.")(function))


def connection_options(function: F) -> F:
    """Add ``--kubeconfig`` and ``--context``."""
    for option in _CONNECTION:
        function = option(function)
    return function


def time_option(flag: str, default: str, text: str) -> Callable[[F], F]:
    """Return what adds an option that is a time: as kubectl takes it, or a number of seconds."""
    return click.option(flag, type=_duration, default=default, show_default=True, metavar="TIME", help=text)


@contextmanager
def connected(kubeconfig: Path | None, context: str | None) -> Iterator[KubernetesCluster]:
    """Connect to the cluster, and close at the end. Raises InputsError where it is not known."""
    from gwdeployer.cluster.kubernetes_cluster import KubernetesCluster  # noqa: PLC0415 - --help does without

    # What went wrong is reported at the end; without a handler, warnings would be printed as well.
    logging.getLogger("gwdeployer").addHandler(logging.NullHandler())
    cluster = KubernetesCluster.connect(kubeconfig, context)
    try:
        yield cluster
    finally:
        cluster.close()
