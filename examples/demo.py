"""What ``make demo`` shows: the example Gateway, every object it becomes, and where to look next."""

from __future__ import annotations

from pathlib import Path

from gwdeployer.cli.main import main as gwdeployer

EXAMPLE = Path(__file__).parent / "gateway" / "gateway.yaml"
SHOWN = EXAMPLE.relative_to(Path(__file__).parents[1])


def demo() -> None:
    print(f"$ gwdeployer render -f {SHOWN} -o tree\n")
    try:
        gwdeployer(["render", "-f", str(EXAMPLE), "-o", "tree"])
    except SystemExit as done:
        if done.code:
            raise
    print(f"""
Three replicas, because the Gateway's own parameters say so; the image and the affinity come from its class.

Look further:
  .venv/bin/gwdeployer render -f {SHOWN}                      every object, as YAML
  .venv/bin/gwdeployer values -f {SHOWN}                      the values the chart is rendered with
  .venv/bin/gwdeployer explain -f {SHOWN} Deployment/front-door spec.replicas
  README.md             the library in 15 lines
  docs/customising.md   every way to change something
  docs/charts.md        how charts are written; templates/envoy/ is one""")


if __name__ == "__main__":
    demo()
