"""What templates make of values, as forms: with blanks where they only pass a text on.

The owners of a class differ in little more than their names, and templates do nothing with a name but put it
somewhere. So where two renders in a row differ in nothing but some texts, the templates are run once more
with a *blank* in place of each of these. A blank can be output, joined with ``~``, and asked whether it is
there; whatever else a template does with it raises. If nothing does, then what has been made is right for
all values that differ in these texts alone: the next of them are filled in, and no template is run.

That values differ in nothing else is seen by their bytes (:mod:`marshal`), which tell 1 from true, and one
order of keys from another.
"""

from __future__ import annotations

import marshal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain
from typing import Any, NamedTuple, Protocol, TypeAlias

from jinja2 import BytecodeCache

from gwdeployer.chart.data import Blank, BlankError, as_text
from gwdeployer.chart.environment import ChartEnvironment
from gwdeployer.chart.slots import Site
from gwdeployer.objects import Object

#: So many forms a chart keeps, those that were found last; and so many guesses that came to nothing.
MAX_FORMS, MAX_REFUSED = 64, 64
#: So many texts may differ: where more do, it is not names that make the difference.
MAX_BLANKS = 64
#: Filters and tests that may be given a blank: they ask whether it is there.
_DO_NOT_LOOK = frozenset({"optional", "required", "default", "d", "defined", "undefined", "none"})

_Path: TypeAlias = tuple[str | int, ...]
_Paths: TypeAlias = tuple[_Path, ...]
_MARK = "\0the text that goes into blank {}\0"
_HEAD = 5  # bytes before a text's own: a letter, and its length


class BlindEnvironment(ChartEnvironment):
    """An environment whose templates may be given blanks: what would look into one raises BlankError.

    What is written into templates themselves (comparisons, conditions, loops) raises by what blanks are.
    """

    def __init__(self, templates: Mapping[str, str], codes: BytecodeCache, sites: Iterable[Site]) -> None:
        """See :class:`ChartEnvironment`, by which the templates have been compiled."""
        super().__init__(templates, codes, sites)
        self.filters = _all_blind(self.filters)
        self.tests = _all_blind(self.tests)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look for a key, or a string's method."""
        return obj.refuse() if obj.__class__ is Blank else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up an item, or a character."""
        return obj.refuse() if obj.__class__ is Blank else super().getitem(obj, argument)

    def join_text(self, values: Iterable[Any]) -> Any:
        """Join values; with a blank among them, to a blank."""
        values = list(values)
        if not _has_blank(values):
            return super().join_text(values)
        parts = [value.parts if isinstance(value, Blank) else (as_text(value),) for value in values]
        return Blank(*chain.from_iterable(parts))


def _all_blind(functions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _blind(name, function) for name, function in functions.items()}


def _blind(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if name in _DO_NOT_LOOK:
        return function

    @wraps(function)  # with what Jinja2 has written on it
    def refusing(*values: Any, **options: Any) -> Any:
        if _has_blank(values) or _has_blank(options.values()):
            raise BlankError
        return function(*values, **options)

    return refusing


def _has_blank(values: Iterable[Any]) -> bool:
    return any(value.__class__ is Blank for value in values)


class Build(Protocol):
    """Returns the objects for given texts; ``shared`` ones are for reading only. Raises ChartError."""

    def __call__(self, texts: Sequence[str], *, shared: bool) -> list[Object]: ...  # noqa: D102


_BlindRun: TypeAlias = Callable[[Mapping[str, Any]], Build]


class Form(NamedTuple):
    """What templates make of all values that differ in some texts alone.

    ``segments`` are the bytes of the values before, between and after these texts.
    """

    segments: tuple[bytes, ...]
    build: Build

    def texts_in(self, data: bytes) -> list[str] | None:
        """Return the texts that values have where this form has blanks; None if they differ elsewhere."""
        first, *others = self.segments
        if not data.startswith(first):
            return None
        texts, at = [], len(first)
        for segment in others:
            size = int.from_bytes(data[at + 1 : at + _HEAD], "little")
            end = at + _HEAD + size
            # A text that is empty is false, and is a blank for nobody.
            if data[at : at + 1] != b"u" or not size or not data.startswith(segment, end):
                return None
            texts.append(data[at + _HEAD : end].decode("utf-8", "surrogatepass"))
            at = end + len(segment)
        return texts if at == len(data) else None


class Forms:
    """The forms that a chart's templates were seen to have. Safe for use by several threads."""

    def __init__(self) -> None:
        """Know none."""
        self._forms: tuple[Form, ...] = ()
        self._refused: tuple[_Paths, ...] = ()
        self._last: Mapping[str, Any] | None = None
        self._lock = threading.Lock()

    def filled(self, data: bytes | None, *, shared: bool = False) -> list[Object] | None:
        """Return what templates make of values, if there is a form for these. Raises ChartError."""
        if data is None:
            return None
        for form in self._forms:
            texts = form.texts_in(data)
            if texts is not None:
                return form.build(texts, shared=shared)
        return None

    def learn(self, scope: Mapping[str, Any], data: bytes | None, made: list[Object], run: _BlindRun) -> None:
        """Look for a form in what was made of ``scope``; ``run`` lets templates meet blanks in their scope.

        Raises nothing: templates that do more with a text than to pass it on have no form.
        """
        last, self._last = self._last, scope
        if last is None or data is None:
            return
        paths = _differing(last, scope)
        if not paths or paths in self._refused:
            return
        form = _form(scope, paths, data, made, run)
        with self._lock:
            if form is None:
                self._refused = (*self._refused[1 - MAX_REFUSED :], paths)
            else:
                self._forms = (*self._forms[1 - MAX_FORMS :], form)


def data_of(scope: Mapping[str, Any]) -> bytes | None:
    """Return bytes that are the same for the same values, and for no others; None for what is no plain data.

    Costs some 5 µs.
    """
    try:
        return marshal.dumps(dict(scope), 0)
    except ValueError:
        return None


def _form(
    scope: Mapping[str, Any],
    paths: _Paths,
    data: bytes,
    made: list[Object],
    run: _BlindRun,
) -> Form | None:
    segments = _segments(scope, paths, data)
    if segments is None:
        return None
    blanks = {path: Blank(number) for number, path in enumerate(paths)}
    try:
        form = Form(segments, run(_with(scope, blanks)))
        texts = form.texts_in(data)
        again = None if texts is None else form.build(texts, shared=True)
    except Exception:  # noqa: BLE001 - a template looks into a blank; what it meets then is anybody's guess
        return None
    # What is known to be right is the touchstone of what is concluded.
    return form if again is not None and data_of({"": again}) == data_of({"": made}) else None


def _segments(scope: Mapping[str, Any], paths: Sequence[_Path], data: bytes) -> tuple[bytes, ...] | None:
    """Return the bytes of the values around the texts at these places, which are in the values' order."""
    marks = [_MARK.format(number) for number in range(len(paths))]
    rest = data_of(_with(scope, dict(zip(paths, marks, strict=True))))
    segments: list[bytes] = []
    for mark in marks:
        written = marshal.dumps(mark, 0)
        if rest is None or written in data:
            return None
        segment, _, rest = rest.partition(written)
        segments.append(segment)
    return None if rest is None else (*segments, rest)


def _differing(before: Any, now: Any) -> _Paths | None:
    """Return where two values have different texts; None if they differ in anything else, or in too much."""
    paths: list[_Path] = []
    for path in _differences(before, now, ()):
        if path is None or len(paths) == MAX_BLANKS:
            return None
        paths.append(path)
    return tuple(paths)


def _differences(before: Any, now: Any, path: _Path) -> Iterator[_Path | None]:
    """Yield the place of each text that differs, in the order of the values, and None for any other."""
    kind = now.__class__
    if before is now:
        return
    if kind is not before.__class__:
        yield None
    elif kind is dict:
        yield from _differences_below(before, now, path, list(before) == list(now), now)
    elif kind is list:
        yield from _differences_below(before, now, path, len(before) == len(now), range(len(now)))
    elif before != now:
        yield path if kind is str and before and now else None


def _differences_below(
    before: Any, now: Any, path: _Path, alike: bool, keys: Iterable[Any]
) -> Iterator[_Path | None]:
    if not alike:
        yield None
        return
    for key in keys:
        yield from _differences(before[key], now[key], (*path, key))


def _with(value: Any, replaced: Mapping[_Path, Any], path: _Path = ()) -> Any:
    """Return a value with others at some places; what has none of these places below it is shared."""
    if path in replaced:
        return replaced[path]
    if not any(place[: len(path)] == path for place in replaced):
        return value
    if value.__class__ is dict:
        return {key: _with(item, replaced, (*path, key)) for key, item in value.items()}
    return [_with(item, replaced, (*path, number)) for number, item in enumerate(value)]
