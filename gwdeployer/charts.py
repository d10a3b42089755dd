"""The charts that come with gwdeployer, wherever it is installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from gwdeployer.chart import Chart
from gwdeployer.errors import ChartError, Fault, nearest

_HERE = Path(__file__).parent


@cache
def builtin_chart(name: str) -> Chart:
    """Return a chart of ours by name (``envoy``). Raises ChartError where there is none of that name."""
    folder = charts_folder() / name
    if not folder.is_dir():
        names = [path.name for path in charts_folder().iterdir() if path.is_dir()]
        raise ChartError(Fault(f"there is no built-in chart {name!r}", hint=nearest(name, names)))
    return Chart.load(folder)


def charts_folder() -> Path:
    """Return the folder of the charts: inside the package in a wheel, beside it in a source tree."""
    for folder in (_HERE / "templates", _HERE.parent / "templates"):
        if folder.is_dir():
            return folder
    raise ChartError("the charts are missing: this installation is incomplete; install gwdeployer again")
