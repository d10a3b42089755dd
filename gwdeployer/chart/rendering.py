"""Running a chart's templates: from values to objects, by way of cached skeletons."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any

import jinja2

from gwdeployer.chart.compiled import Codes, Compiled, Shelf
from gwdeployer.chart.data import OMIT, PLAIN, Fragment, MissingValueError, TemplateFailure, adopt, kind_of
from gwdeployer.chart.environment import ChartEnvironment
from gwdeployer.chart.faults import FaultFinder, SlotFailure, fault_at
from gwdeployer.chart.filling import Fill, MisfitError, compile_fill, fill_of
from gwdeployer.chart.skeleton import Skeleton, parse
from gwdeployer.errors import ChartError, Fault, one_line
from gwdeployer.provenance import LeafPath, Origin

#: The template whose macros and variables all others see as ``helpers``; evaluated once for each render.
HELPERS = "_helpers.j2"
#: Skeletons a chart keeps; one for each control flow its templates were seen to take.
MAX_SKELETONS = 512


class Renderer:
    """Renders the templates of one chart. Safe for use by several threads."""

    def __init__(self, chart: str, templates: Mapping[str, str]) -> None:
        """Compile every template. Raises ChartError with the faults of all that are not well-formed."""
        self._chart = chart
        self._shelf = Shelf(templates)
        known = self._shelf.templates()
        codes = Codes(known.codes if known else {})
        self._environment = ChartEnvironment(templates, codes, known.sites if known else ())
        self._sites = self._environment.sites
        self._faults = FaultFinder(chart, templates, self._sites)
        self._skeletons: dict[tuple[int, ...], tuple[Skeleton, Fill]] = {}
        self._lock = threading.Lock()
        ready = self._compiled(sorted(templates))
        if known is None:
            self._shelf.keep_templates(Compiled(codes.codes, self._sites))
        self._helpers = ready.get(HELPERS)
        self._templates = [t for name, t in ready.items() if not name.rsplit("/", 1)[-1].startswith("_")]

    def render(self, scope: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the objects of all templates, in the order of their paths and of the text.

        ``scope`` holds the names templates see. Raises ChartError with one fault for each template that
        failed, naming template, line and expression.
        """
        names = {**self._environment.globals, **scope}
        if self._helpers is not None:
            names["helpers"] = self._evaluated(self._helpers, names)
        objects: list[dict[str, Any]] = []
        faults: list[Fault] = []
        for template in self._templates:
            try:
                objects += self._rendered(template, names)
            except ChartError as error:
                faults += error.faults
        if faults:
            raise ChartError(dict.fromkeys(faults))  # a helper that fails in each template is one fault
        return objects

    def trace(self, scope: Mapping[str, Any]) -> list[dict[LeafPath, Origin]]:
        """Return where each leaf of each object that ``render`` returns came from, in the same order.

        The values in ``scope`` may be traced (see :mod:`gwdeployer.provenance`).
        """
        names = {**self._environment.globals, **scope}
        if self._helpers is not None:
            names["helpers"] = self._evaluated(self._helpers, names)
        return [origins for template in self._templates for origins in self._traced(template, names)]

    def _traced(self, template: jinja2.Template, names: dict[str, Any]) -> Iterable[dict[LeafPath, Origin]]:
        from gwdeployer.chart.tracing import Tracer, keep  # noqa: PLC0415 - only explanations need it

        shape: list[int] = []
        values: list[Any] = []
        stream = template.root_render_func(template.new_context(names, shared=True))
        self._collect(stream, shape, values, lambda value, _: keep(value))
        skeleton, fill = self._skeleton(tuple(shape))
        tracer = Tracer(self._chart, skeleton, self._sites, values)
        plain = [adopt(value) for value in values]
        return tracer.documents(self._filled(skeleton, fill, plain, template.name or ""))

    def _compiled(self, names: Iterable[str]) -> dict[str, jinja2.Template]:
        ready: dict[str, jinja2.Template] = {}
        faults: list[Fault] = []
        for name in names:
            try:
                ready[name] = self._environment.get_template(name)
            except jinja2.TemplateSyntaxError as error:
                message = f"is not a template: {one_line(str(error.message))}"
                faults.append(Fault(message, subject=f"{self._chart}/templates/{name}:{error.lineno}"))
        if faults:
            raise ChartError(faults)
        return ready

    def _evaluated(self, template: jinja2.Template, names: dict[str, Any]) -> dict[str, Any]:
        """Return the macros and variables that a template defines at its top."""
        context = template.new_context(names, shared=True)
        try:
            deque(template.root_render_func(context), maxlen=0)
        except Exception as error:
            raise ChartError(self._faults.fault(error, template.name or "", names)) from error
        return context.get_exported()

    def _rendered(self, template: jinja2.Template, names: dict[str, Any]) -> list[dict[str, Any]]:
        shape: list[int] = []
        values: list[Any] = []
        try:
            stream = template.root_render_func(template.new_context(names, shared=True))
            self._collect(stream, shape, values, self._adopted)
        except Exception as error:
            raise ChartError(self._faults.fault(error, template.name or "", names)) from error
        skeleton, fill = self._skeleton(tuple(shape))
        return self._objects(self._filled(skeleton, fill, values, template.name or ""), skeleton)

    def _collect(
        self, stream: Iterable[Any], shape: list[int], values: list[Any], take: Callable[[Any, int], Any]
    ) -> None:
        """Take a stream of pieces and slots apart: its shape, and the slots' values as ``take`` has them."""
        for item in stream:
            if item.__class__ is int:
                shape.append(item)
                continue
            if item.__class__ is Fragment:  # of a recursive loop, which Jinja2 outputs by itself
                self._collect(item.parts, shape, values, take)
                continue
            site, value = item
            if value.__class__ in PLAIN:
                shape.append(site)
                values.append(value)
            elif value is OMIT:
                shape.append(~site)
            elif value.__class__ is Fragment:
                self._collect(value.parts, shape, values, take)
            else:
                shape.append(site)
                values.append(take(value, site))

    def _adopted(self, value: Any, site: int) -> Any:
        try:
            return adopt(value)
        except (TemplateFailure, MissingValueError) as reason:
            raise SlotFailure(self._sites[site], reason) from None

    def _skeleton(self, shape: tuple[int, ...]) -> tuple[Skeleton, Fill]:
        known = self._skeletons.get(shape)
        if known is None:
            skeleton, code = self._shelf.skeleton(shape) or self._parsed(shape)
            known = skeleton, fill_of(code)
            with self._lock:
                while len(self._skeletons) >= MAX_SKELETONS:
                    del self._skeletons[next(iter(self._skeletons))]
                self._skeletons[shape] = known
        return known

    def _parsed(self, shape: tuple[int, ...]) -> tuple[Skeleton, CodeType]:
        skeleton = parse(self._chart, shape, self._sites)
        code = compile_fill(skeleton)
        self._shelf.keep_skeleton(shape, skeleton, code)
        return skeleton, code

    def _filled(self, skeleton: Skeleton, fill: Fill, values: list[Any], template: str) -> list[Any]:
        try:
            return fill(values)
        except MisfitError as error:
            site = self._sites[skeleton.slots[error.index]]
            raise ChartError(fault_at(self._chart, site, str(error))) from None
        except (TypeError, ValueError) as error:  # a number that JSON cannot hold, inside a nested document
            place = f"{self._chart}/templates/{template}"
            raise ChartError(Fault(one_line(str(error)), subject=place)) from error

    def _objects(self, documents: list[Any], skeleton: Skeleton) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = []
        for document, (site, further) in zip(documents, skeleton.places, strict=True):
            if document is None:
                continue
            if problem := _not_an_object(document):
                raise ChartError(fault_at(self._chart, site, problem, lines_further=further))
            objects.append(document)
        return objects


def _not_an_object(document: Any) -> str:
    if document.__class__ is not dict:
        return f"a document must be an object (a mapping with apiVersion and kind), not {kind_of(document)}"
    for key in ("apiVersion", "kind"):
        if document.get(key).__class__ is not str or not document[key]:
            return f"a document must be an object: {key} must be text, not {kind_of(document.get(key))}"
    return ""
