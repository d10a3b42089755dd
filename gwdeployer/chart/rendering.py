"""Running a chart's templates: from values to objects, by way of cached skeletons."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

import jinja2

from gwdeployer.chart.compiled import Codes, Compiled, Shelf
from gwdeployer.chart.data import OMIT, PLAIN, Fragment, MissingValueError, TemplateFailure, adopt, kind_of
from gwdeployer.chart.environment import ChartEnvironment
from gwdeployer.chart.faults import FaultFinder, SlotFailure, fault_at
from gwdeployer.chart.filling import Fill, MisfitError, compile_fill, fill_of, fill_of_form
from gwdeployer.chart.forms import BlindEnvironment, Build, Forms, data_of
from gwdeployer.chart.skeleton import Skeleton, parse
from gwdeployer.errors import ChartError, Fault, one_line
from gwdeployer.objects import Object
from gwdeployer.provenance import LeafPath, Origin

#: The template whose macros and variables all others see as ``helpers``; evaluated once for each render.
HELPERS = "_helpers.j2"
#: Skeletons a chart keeps; one for each control flow its templates were seen to take.
MAX_SKELETONS = 512

#: From a slot's value and site to the value as data of its own.
_Take: TypeAlias = Callable[[Any, int], Any]


class Stream(NamedTuple):
    """What a template leaves behind: the numbers of its pieces and sites, and the values of its slots."""

    template: str
    shape: tuple[int, ...]
    values: list[Any]


class _Filling(NamedTuple):
    """How the objects of one template are built."""

    template: str
    skeleton: Skeleton
    fill: Fill


class Templates:
    """A chart's templates in an environment, ready to run."""

    def __init__(self, chart: str, environment: ChartEnvironment, names: Iterable[str]) -> None:
        """Compile them, or take them as they were. Raises ChartError with the faults of all of them."""
        ready = _compiled(chart, environment, sorted(names))
        self._environment = environment
        self._helpers = ready.get(HELPERS)
        self.documents = [t for name, t in ready.items() if not name.rsplit("/", 1)[-1].startswith("_")]

    def seen(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the helpers see."""
        return {**self._environment.globals, **scope}

    def names(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Return what all templates see: the macros and variables of the helpers, too.

        Raises what an expression raises.
        """
        names = self.seen(scope)
        if self._helpers is not None:
            context = self._helpers.new_context(names, shared=True)
            deque(self._helpers.root_render_func(context), maxlen=0)
            names["helpers"] = context.get_exported()
        return names


class Renderer:
    """Renders the templates of one chart. Safe for use by several threads."""

    def __init__(self, chart: str, templates: Mapping[str, str]) -> None:
        """Compile every template. Raises ChartError with the faults of all that are not well-formed."""
        self._chart = chart
        self._texts = templates
        self._shelf = Shelf(templates)
        known = self._shelf.templates()
        self._codes = Codes(known.codes if known else {})
        environment = ChartEnvironment(templates, self._codes, known.sites if known else ())
        self._sites = environment.sites
        self._faults = FaultFinder(chart, templates, self._sites)
        self._skeletons: dict[tuple[int, ...], tuple[Skeleton, Fill]] = {}
        self._forms = Forms()
        self._lock = threading.Lock()
        self._templates = Templates(chart, environment, templates)
        if known is None:
            self._shelf.keep_templates(Compiled(self._codes.codes, self._sites))

    def render(self, scope: Mapping[str, Any], *, shared: bool = False) -> list[Object]:
        """Return the objects of all templates, in the order of their paths and of the text.

        ``scope`` holds the names templates see; ``shared`` objects are for reading only. Raises ChartError
        with one fault for each template that failed, naming template, line and expression.
        """
        data = data_of(scope)
        try:
            filled = self._forms.filled(data, shared=shared)
        except ChartError:  # templates say all that is wrong at once
            filled = None
        return self._run(scope, data, shared=shared) if filled is None else filled

    def _run(self, scope: Mapping[str, Any], data: bytes | None, *, shared: bool) -> list[Object]:
        names = self._names(scope)
        objects: list[Object] = []
        faults: list[Fault] = []
        for template in self._templates.documents:
            try:
                stream = self._stream(template, names)
                objects += self._objects(self._filling(stream), stream.values, shared=shared)
            except ChartError as error:
                faults += error.faults
        if faults:
            raise ChartError(dict.fromkeys(faults))  # a helper that fails in each template is one fault
        self._forms.learn(scope, data, objects, self._run_blindly)
        return objects

    def _run_blindly(self, scope: Mapping[str, Any]) -> Build:
        """Run templates on a scope with blanks. Raises whatever comes of it where one is looked into."""
        names = self._blind_templates.names(scope)
        streams = [_stream(template, names, _as_it_is) for template in self._blind_templates.documents]
        skeletons = [self._skeleton(stream.shape)[0] for stream in streams]
        fillings = [
            _Filling(stream.template, skeleton, fill_of_form(skeleton, stream.values))
            for stream, skeleton in zip(streams, skeletons, strict=True)
        ]

        def build(texts: Sequence[str], *, shared: bool) -> list[Object]:
            return [obj for filling in fillings for obj in self._objects(filling, texts, shared=shared)]

        return build

    @cached_property
    def _blind_templates(self) -> Templates:
        environment = BlindEnvironment(self._texts, self._codes, self._sites)
        return Templates(self._chart, environment, self._texts)

    def trace(self, scope: Mapping[str, Any]) -> list[dict[LeafPath, Origin]]:
        """Return where each leaf of each object that ``render`` returns came from, in the same order.

        The values in ``scope`` may be traced (see :mod:`gwdeployer.provenance`).
        """
        names = self._names(scope)
        return [
            origins for template in self._templates.documents for origins in self._traced(template, names)
        ]

    def _traced(self, template: jinja2.Template, names: dict[str, Any]) -> Iterable[dict[LeafPath, Origin]]:
        from gwdeployer.chart.tracing import Tracer, keep  # noqa: PLC0415 - only explanations need it

        stream = _stream(template, names, lambda value, _: keep(value))
        filling = self._filling(stream)
        tracer = Tracer(self._chart, filling.skeleton, self._sites, stream.values)
        plain = [adopt(value) for value in stream.values]
        return tracer.documents(self._filled(filling, plain))

    def _names(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._templates.names(scope)
        except Exception as error:
            raise ChartError(self._faults.fault(error, HELPERS, self._templates.seen(scope))) from error

    def _stream(self, template: jinja2.Template, names: dict[str, Any]) -> Stream:
        try:
            return _stream(template, names, self._adopted)
        except Exception as error:
            raise ChartError(self._faults.fault(error, template.name or "", names)) from error

    def _adopted(self, value: Any, site: int) -> Any:
        try:
            return adopt(value)
        except (TemplateFailure, MissingValueError) as reason:
            raise SlotFailure(self._sites[site], reason) from None

    def _filling(self, stream: Stream) -> _Filling:
        try:
            return _Filling(stream.template, *self._skeleton(stream.shape))
        except (TypeError, ValueError) as error:  # a number that JSON cannot hold, inside a nested document
            raise self._unfit(stream.template, str(error)) from error
        except (SyntaxError, RecursionError, MemoryError) as error:  # what compilers say of it
            raise self._unfit(stream.template, "is nested too deep") from error

    def _unfit(self, template: str, problem: str) -> ChartError:
        return ChartError(Fault(one_line(problem), subject=f"{self._chart}/templates/{template}"))

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

    def _filled(self, filling: _Filling, values: Sequence[Any], *, shared: bool = False) -> list[Any]:
        try:
            return filling.fill(values, shared=shared)
        except MisfitError as error:
            site = self._sites[filling.skeleton.slots[error.index]]
            raise ChartError(fault_at(self._chart, site, str(error))) from None
        except (TypeError, ValueError) as error:  # a number that JSON cannot hold, inside a nested document
            raise self._unfit(filling.template, str(error)) from error

    def _objects(self, filling: _Filling, values: Sequence[Any], *, shared: bool) -> list[Object]:
        documents = self._filled(filling, values, shared=shared)
        objects: list[Object] = []
        for document, (site, further) in zip(documents, filling.skeleton.places, strict=True):
            if document is None:
                continue
            if problem := _not_an_object(document):
                raise ChartError(fault_at(self._chart, site, problem, lines_further=further))
            objects.append(document)
        return objects


def _compiled(chart: str, environment: ChartEnvironment, names: Iterable[str]) -> dict[str, jinja2.Template]:
    ready: dict[str, jinja2.Template] = {}
    faults: list[Fault] = []
    for name in names:
        try:
            ready[name] = environment.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            message = f"is not a template: {one_line(str(error.message))}"
            faults.append(Fault(message, subject=f"{chart}/templates/{name}:{error.lineno}"))
    if faults:
        raise ChartError(faults)
    return ready


def _stream(template: jinja2.Template, names: dict[str, Any], take: _Take) -> Stream:
    shape: list[int] = []
    values: list[Any] = []
    parts = template.root_render_func(template.new_context(names, shared=True))
    _collect(parts, shape, values, take)
    return Stream(template.name or "", tuple(shape), values)


def _collect(parts: Iterable[Any], shape: list[int], values: list[Any], take: _Take) -> None:
    """Take a stream of pieces and slots apart: its shape, and the slots' values as ``take`` has them."""
    for item in parts:
        if item.__class__ is int:
            shape.append(item)
            continue
        if item.__class__ is Fragment:  # of a recursive loop, which Jinja2 outputs by itself
            _collect(item.parts, shape, values, take)
            continue
        site, value = item
        if value.__class__ in PLAIN:
            shape.append(site)
            values.append(value)
        elif value is OMIT:
            shape.append(~site)
        elif value.__class__ is Fragment:
            _collect(value.parts, shape, values, take)
        else:
            shape.append(site)
            values.append(take(value, site))


def _as_it_is(value: Any, _: int) -> Any:
    return adopt(value)


def _not_an_object(document: Any) -> str:
    if document.__class__ is not dict:
        return f"a document must be an object (a mapping with apiVersion and kind), not {kind_of(document)}"
    for key in ("apiVersion", "kind"):
        if document.get(key).__class__ is not str or not document[key]:
            return f"a document must be an object: {key} must be text, not {kind_of(document.get(key))}"
    return ""
