"""From an exception inside a template to a fault that names chart, template, line and expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
from jinja2.utils import missing

from gwdeployer.chart.data import MissingValue, MissingValueError, TemplateFailure, kind_of
from gwdeployer.chart.slots import Line, Piece, Site
from gwdeployer.errors import Fault, nearest, one_line


class SlotFailure(TemplateFailure):
    """What came out at a site is not data; ``reason`` says why."""

    def __init__(self, site: Site, reason: Exception) -> None:
        """Keep the site for the message."""
        super().__init__(str(reason))
        self.site = site
        self.reason = reason


class FaultFinder:
    """Makes the faults of one chart."""

    def __init__(self, chart: str, templates: Mapping[str, str], sites: Sequence[Site]) -> None:
        """Know the chart's name, its templates' texts and the sites in them."""
        self._chart = chart
        self._templates = templates
        self._sites = sites

    def fault(self, error: Exception, template: str, names: Mapping[str, Any]) -> Fault:
        """Return the fault for what was raised while ``template`` ran with ``names`` in scope."""
        reason, site = error, None
        if isinstance(error, SlotFailure):
            reason, site = error.reason, error.site
        message, hint = _explained(reason, names)
        return fault_at(self._chart, site or self._place(error, template), message, hint)

    def _place(self, error: Exception, template: str) -> Site:
        """Return where in the templates an exception was raised: the innermost frame of one."""
        name, line = template, 1
        trace = error.__traceback__
        while trace is not None:
            running = trace.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(running, jinja2.Template):
                name, line = running.name or "", running.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        on_line = [site for site in self._sites if site[:2] == (name, line) and type(site) is Site]
        return on_line[0] if len(on_line) == 1 else Line(name, line, self._text_of(name, line))

    def _text_of(self, template: str, line: int) -> str:
        lines = self._templates.get(template, "").splitlines()
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def fault_at(chart: str, site: Site, message: str, hint: str = "", lines_further: int = 0) -> Fault:
    """Return a fault that names chart, template, line and, where the site is one, the expression."""
    path = site.text if isinstance(site, Line) else f"{{{{ {site.text} }}}}"
    place = f"{chart}/templates/{site.template}:{site.line + lines_further}"
    return Fault(message, "" if isinstance(site, Piece) else path, place, hint=hint)


def _explained(error: Exception, names: Mapping[str, Any]) -> tuple[str, str]:
    if isinstance(error, MissingValueError):
        return describe_missing(error.value, names)
    if isinstance(error, TemplateFailure):
        return str(error), ""
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.message!r}", ""
    if isinstance(error, jinja2.UndefinedError):
        return one_line(str(error)), ""
    return f"cannot be evaluated: {one_line(str(error)) or type(error).__name__}", ""


def describe_missing(value: MissingValue, names: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and hint for a missing value: its whole path, and the nearest name there is."""
    holder, name = value.place
    if value.said:
        return value.said, ""
    if holder is missing:
        return f"{name!r} is not defined", nearest(name, names)
    place = path_of(holder, names)
    if isinstance(holder, Mapping):
        return f"{place}.{name} does not exist", nearest(name, (str(key) for key in holder))
    return f"{place} has no {name!r}", ""


def path_of(holder: Any, names: Mapping[str, Any]) -> str:
    """Return the path of an object among the names in scope (found by identity), or what it is."""
    queue: list[tuple[str, Any]] = [(name, value) for name, value in names.items() if _holds(value)]
    seen: set[int] = set()
    for path, value in queue:
        if value is holder:
            return path
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Mapping):
            queue += [(f"{path}.{key}", item) for key, item in value.items() if _holds(item)]
        else:
            queue += [(f"{path}[{index}]", item) for index, item in enumerate(value) if _holds(item)]
    return kind_of(holder)


def _holds(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple))
