"""The command ``run``: the controller as a program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

from gwdeployer.cli.connecting import connected, connection_options, time_option
from gwdeployer.cli.logs import FORMATTERS, log_to_standard_error
from gwdeployer.cli.options import inputs_option, namespaces_option
from gwdeployer.cli.pods import in_a_pod
from gwdeployer.cli.selecting import parse_selector
from gwdeployer.cli.stopping import run_until_stopped

_ADDRESS = re.compile(r"(?P<host>|\[[0-9a-fA-F:.]+\]|[^:\[\]]+):(?P<port>\d{1,5})")
_MAX_PORT = 65535


def _address(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Return host and port; None where nothing is served."""
    if text is None:
        text = ":8080" if in_a_pod() else "off"
    if text == "off":
        return None
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _MAX_PORT:
        raise click.BadParameter(f"{text!r} is no address; write :8080, 127.0.0.1:8080, [::1]:8080 or off")
    return match["host"].strip("[]"), int(match["port"])


def _selector(_: click.Context, __: click.Parameter, text: str | None) -> Mapping[str, Any] | None:
    try:
        return None if text is None else parse_selector(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(epilog="Example: gwdeployer run --inputs inputs.yaml --namespace shop --dry-run")
@inputs_option
@connection_options
@namespaces_option("Look after owners in this namespace alone; may be given several times.")
@click.option(
    "--namespace-selector",
    "selector",
    callback=_selector,
    metavar="LABELS",
    help="Look after owners in namespaces with these labels alone: team=shop,env in (a,b).",
)
@click.option(
    "--leader-elect/--no-leader-elect",
    default=None,
    help="Work only while holding a Lease, of several replicas one at a time; default: in a pod.",
)
@click.option("--lease-namespace", metavar="NAME", help="Where the Lease is; default: the pod's namespace.")
@click.option("--lease-name", default="gwdeployer", show_default=True, metavar="NAME")
@click.option(
    "--listen",
    "address",
    callback=_address,
    metavar="[HOST]:PORT",
    help='Serve /metrics, /healthz and /readyz here; "off": nowhere. Default: :8080 in a pod, else off.',
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="NUMBER",
    help="How many owners are looked after at once.",
)
@time_option("--timeout", "60s", "How long one pass over one owner may take.")
@time_option("--resync", "10m", "After which time everything is looked at again though nothing has changed.")
@time_option("--grace-period", "25s", "How long ending may take.")
@click.option("--dry-run", is_flag=True, help="Write nothing, and log what would be changed.")
@click.option("--log-format", type=click.Choice(list(FORMATTERS)), default="text", show_default=True)
@click.option("-v", "--verbose", count=True, help="Log more to standard error; -vv what libraries say, too.")
def run(**given: Any) -> None:
    """Look after all Gateways (and other owners): deploy what they need, keep it right, report, clean up.

    Runs until SIGTERM or SIGINT, and then ends what has begun, within the grace period; a second signal ends
    at once. Exit status 0 after that, 2 if anything in the input is wrong, 1 if it could not end in time.
    """
    from gwdeployer.cli.program import Options, program  # noqa: PLC0415 - --help does without

    options = Options(**given)
    log_to_standard_error(options.log_format, options.verbose)
    with connected(options.kubeconfig, options.context) as cluster, program(options, cluster) as controller:
        run_until_stopped(controller.run, options.grace_period)
