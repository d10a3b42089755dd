"""``make demo``: the life of some Gateways on an API server in this process, in less than a minute.

It waits for everything that it says to happen, and fails where something does not: CI runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Sequence

from examples.demo.acts import ACTS, end
from examples.demo.stage import EXAMPLES, QUICK, READABLE, Failed, Stage
from examples.demo.view import PlainView, TerminalView, View
from gwdeployer.cli.main import execute as gwdeployer

GATEWAY_YAML = "examples/gateway/gateway.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demo. Return 0, or 1 where something did not happen, or 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make demo", description="The life of some Gateways.")
    parser.add_argument("--keep", action="store_true", help="leave it running, for kubectl, until Ctrl-C")
    keep = parser.parse_args(arguments).keep
    render()
    live = sys.stdout.isatty()
    view: View = TerminalView(sys.stdout) if live else PlainView(sys.stdout)
    try:
        with Stage(view, READABLE if live else QUICK) as stage:
            return play(stage, keep=keep)
    except KeyboardInterrupt:
        return 130


def render() -> None:
    """Show what a Gateway becomes, without any cluster."""
    print(f"What a Gateway becomes\n         $ gwdeployer render -f {GATEWAY_YAML} -o tree")
    try:
        gwdeployer(["render", "-f", str(EXAMPLES / "gateway" / "gateway.yaml"), "-o", "tree"])
    except SystemExit as done:
        if done.code:
            raise


def play(stage: Stage, *, keep: bool) -> int:
    """Play all acts. Return the exit status."""
    try:
        for act in ACTS:
            act(stage)
            stage.pause()
        if keep:
            wait(stage)
        end(stage)
    except Failed as failed:
        print(f"demo failed: {failed}\n{stage.log()}", file=sys.stderr)
        return 1
    print(farewell(stage.view.seconds))
    return 0


def wait(stage: Stage) -> None:
    """Show what there is until Ctrl-C."""
    stage.view.act("It is all yours, until Ctrl-C")
    stage.view.typed(f"export KUBECONFIG={stage.kubeconfig}")
    stage.view.typed("kubectl get gateways,deployments,services,pods")
    # A program that a shell has started in the background ignores Ctrl-C unless it says otherwise.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            stage.look()


def farewell(seconds: float) -> str:
    """Return what there is to look at next."""
    command = ".venv/bin/gwdeployer"
    return f"""
All of that in {seconds:.0f} seconds, with nothing but Python. Look further:
  make demo-keep        the same, left running for your kubectl
  {command} render -f {GATEWAY_YAML}      every object, as YAML
  {command} explain -f {GATEWAY_YAML} Deployment/front-door spec.replicas
  docs/customising.md   every way to change something
  docs/embed.md         the loop in a program of yours"""


if __name__ == "__main__":
    sys.exit(main())
