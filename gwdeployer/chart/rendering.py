"""Running a chart's templates: from values to documents, by way of cached skeletons."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jinja2
from jinja2.utils import missing

from gwdeployer.chart.environment import ChartEnvironment, ChartFailure, MissingValue, MissingValueError, kind_of
from gwdeployer.chart.filling import Fill, SlotFailure, compile_fill
from gwdeployer.chart.skeleton import Skeleton, fault_at, parse
from gwdeployer.chart.slots import OMIT, Fragment, FragmentError, Line, Omit, Site
from gwdeployer.errors import ChartError, Fault, nearest, one_line

#: The template whose macros and variables all others see as ``helpers``; evaluated once for each render.
HELPERS = "_helpers.j2"
#: Skeletons a chart keeps; one for each control flow its templates were seen to take.
MAX_SKELETONS = 512

_SCALARS = frozenset((str, int, float, bool, type(None)))


class Renderer:
    """Renders the templates of one chart. Safe for use by several threads."""

    def __init__(self, chart: str, templates: Mapping[str, str]) -> None:
        """Compile every template. Raises ChartError with the faults of all that are not well-formed."""
        self._chart = chart
        self._sources = templates
        self._environment = ChartEnvironment(templates)
        self._skeletons: OrderedDict[tuple[int, ...], tuple[Skeleton, Fill]] = OrderedDict()
        self._lock = threading.Lock()
        compiled = self._compiled(sorted(templates))
        self._helpers = compiled.get(HELPERS)
        self._templates = [t for name, t in compiled.items() if not name.rsplit("/", 1)[-1].startswith("_")]

    def render(self, scope: Mapping[str, Any]) -> list[Any]:
        """Return the documents of all templates, in the order of their paths and of the text.

        ``scope`` holds the names templates see. Raises ChartError naming template, line and expression.
        """
        names = {**self._environment.globals, **scope}
        if self._helpers is not None:
            names["helpers"] = self._evaluated(self._helpers, names)
        documents: list[Any] = []
        for template in self._templates:
            documents += self._rendered(template, names)
        return documents

    def _compiled(self, names: Iterable[str]) -> dict[str, jinja2.Template]:
        compiled: dict[str, jinja2.Template] = {}
        faults: list[Fault] = []
        for name in names:
            try:
                compiled[name] = self._environment.get_template(name)
            except jinja2.TemplateSyntaxError as error:
                message = f"is not a template: {one_line(str(error.message))}"
                faults.append(Fault(message, subject=f"{self._chart}/templates/{name}:{error.lineno}"))
        if faults:
            raise ChartError(faults)
        return compiled

    def _rendered(self, template: jinja2.Template, names: dict[str, Any]) -> list[Any]:
        shape: list[int] = []
        values: list[Any] = []
        with self._blaming(template, names):
            self._collect(template.root_render_func(template.new_context(names, shared=True)), shape, values)
        skeleton, fill = self._skeleton(tuple(shape))
        try:
            return fill(values)
        except SlotFailure as failure:
            site = self._environment.sites[skeleton.slots[failure.index]]
            raise ChartError(fault_at(self._chart, site, str(failure))) from None
        except ChartFailure as failure:
            raise ChartError(Fault(str(failure), subject=f"{self._chart}/templates/{template.name}")) from None

    def _evaluated(self, template: jinja2.Template, names: dict[str, Any]) -> dict[str, Any]:
        """Return the macros and variables that a template defines at its top."""
        context = template.new_context(names, shared=True)
        with self._blaming(template, names):
            deque(template.root_render_func(context), maxlen=0)
        return context.get_exported()

    @contextmanager
    def _blaming(self, template: jinja2.Template, names: dict[str, Any]) -> Iterator[None]:
        """Turn whatever an expression raises into a ChartError that says where."""
        try:
            yield
        except ChartError:
            raise
        except Exception as error:
            raise ChartError(self._fault(error, template, names)) from error

    def _collect(self, stream: Iterable[Any], shape: list[int], values: list[Any]) -> None:
        """Take a stream of pieces and slots apart: its shape, and the values of its slots as JSON data."""
        for item in stream:
            if item.__class__ is int:
                shape.append(item)
                continue
            site, value = item
            kind = value.__class__
            if kind in _SCALARS:
                shape.append(site)
                values.append(value)
            elif kind is Omit:
                shape.append(~site)
            elif kind is Fragment:
                self._collect(value.parts, shape, values)
            else:
                shape.append(site)
                values.append(self._adopted(value, site))

    def _adopted(self, value: Any, site: int) -> Any:
        try:
            return adopt(value)
        except ChartFailure as failure:
            raise ChartError(fault_at(self._chart, self._environment.sites[site], str(failure))) from None
        except MissingValueError as error:
            raise _Located(error.value, self._environment.sites[site]) from None

    def _skeleton(self, shape: tuple[int, ...]) -> tuple[Skeleton, Fill]:
        known = self._skeletons.get(shape)
        if known is None:
            skeleton = parse(self._chart, shape, self._environment.sites)
            known = skeleton, compile_fill(skeleton)
            with self._lock:
                self._skeletons[shape] = known
                if len(self._skeletons) > MAX_SKELETONS:
                    self._skeletons.popitem(last=False)
        return known

    def _fault(self, error: Exception, template: jinja2.Template, names: Mapping[str, Any]) -> Fault:
        if isinstance(error, _Located):
            message, hint = describe_missing(error.value, names)
            return fault_at(self._chart, error.site, message, hint)
        site = self._place(error, template)
        if isinstance(error, MissingValueError):
            message, hint = describe_missing(error.value, names)
            return fault_at(self._chart, site, message, hint)
        if isinstance(error, jinja2.UndefinedError):
            return fault_at(self._chart, site, one_line(str(error)))
        if isinstance(error, (ChartFailure, FragmentError)):
            return fault_at(self._chart, site, str(error))
        return fault_at(self._chart, site, f"cannot be evaluated: {one_line(str(error)) or type(error).__name__}")

    def _place(self, error: Exception, template: jinja2.Template) -> Site:
        """Return where in the templates an exception was raised: the innermost frame of one."""
        name, line = template.name or "", 1
        trace = error.__traceback__
        while trace is not None:
            frame_template = trace.tb_frame.f_globals.get("__jinja_template__")
            if isinstance(frame_template, jinja2.Template):
                name, line = frame_template.name or "", frame_template.get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        on_line = [site for site in self._environment.sites if site[:2] == (name, line) and type(site) is Site]
        return on_line[0] if len(on_line) == 1 else Line(name, line, self._source_line(name, line))

    def _source_line(self, name: str, line: int) -> str:
        lines = self._sources.get(name, "").splitlines()
        return lines[line - 1].strip() if 0 < line <= len(lines) else ""


class _Located(Exception):
    """A missing value was output at a site."""

    def __init__(self, value: MissingValue, site: Site) -> None:
        super().__init__(value)
        self.value = value
        self.site = site


def adopt(value: Any) -> Any:
    """Return a slot's value as JSON data of its own, or raise what is wrong with it.

    Mappings become dicts, tuples lists, subclasses of str plain strings; ``omit`` drops its key or item.
    Raises ChartFailure for other types, and MissingValueError for missing values.
    """
    kind = value.__class__
    if kind in _SCALARS:
        return value
    if kind is dict or isinstance(value, Mapping):
        return {
            key if key.__class__ is str else _key(key): item if item.__class__ in _SCALARS else adopt(item)
            for key, item in value.items()
            if item is not OMIT
        }
    if isinstance(value, (list, tuple)):
        return [adopt(item) for item in value if item is not OMIT]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, MissingValue):
        value.use()
    if isinstance(value, (int, float)):
        return value.__index__() if isinstance(value, int) else float(value)
    if isinstance(value, Fragment):
        raise ChartFailure("the result of a macro cannot be part of a value: it can only be output")
    raise ChartFailure(f"{kind_of(value)} is not data")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise ChartFailure(f"{kind_of(key)} cannot be a key")


def describe_missing(value: MissingValue, names: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and hint for a missing value: its whole path, and the nearest name there is."""
    holder, name = value.place
    if holder is missing:
        return f"{name!r} is not defined", nearest(name, names)
    place = path_of(holder, names)
    if isinstance(holder, Mapping):
        return f"{place}.{name} does not exist", nearest(name, (str(key) for key in holder))
    return f"{place or kind_of(holder)} has no {name!r}", ""


def path_of(holder: Any, names: Mapping[str, Any]) -> str:
    """Return the path of an object among the names in scope (found by identity), or what it is."""
    queue: list[tuple[str, Any]] = [(name, value) for name, value in names.items() if isinstance(value, (dict, list))]
    for path, value in queue:
        if value is holder:
            return path
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if isinstance(item, (dict, list)):
                queue.append((f"{path}.{key}" if isinstance(value, dict) else f"{path}[{key}]", item))
    return kind_of(holder)
