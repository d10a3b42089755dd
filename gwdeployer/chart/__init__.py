"""Charts: folders of Jinja2 templates that render values into Kubernetes objects, in process.

A public room of its own: any project can render its own chart folder with ::

    from gwdeployer.chart import Chart, Release

    objects = Chart.load("charts/web").render({"replicas": 2}, Release("web", "shop"))

Values stay data: an expression never becomes template text. ``docs/charts.md`` teaches the language to
somebody who knows Helm.
"""

from gwdeployer.chart.chart import Capabilities, Chart, Release
from gwdeployer.chart.loading import Source
from gwdeployer.chart.values import coalesce

__all__ = ["Capabilities", "Chart", "Release", "Source", "coalesce"]
