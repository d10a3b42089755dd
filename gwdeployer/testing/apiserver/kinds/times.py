"""Times as an API server stores them: UTC, whole seconds (``Time``) or microseconds (``MicroTime``)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SECONDS = "2006-01-02T15:04:05"
_FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_MICRO = 7


def canonical_time(text: str) -> str:
    """Return an RFC 3339 time as ``2006-01-02T15:04:05Z``; ``ValueError`` if it is none."""
    match = _FORM.fullmatch(text)
    if match is None or match[3] is None:
        raise _unparsable(text, f"{_SECONDS}Z07:00", text, "2006")
    return _printed(match[1], (match[2] or "")[:_MICRO], match[3], "seconds")


def canonical_micro_time(text: str) -> str:
    """Return a time with six decimals as ``2006-01-02T15:04:05.000000Z``; ``ValueError`` if it is none."""
    layout = f"{_SECONDS}.000000Z07:00"
    match = _FORM.fullmatch(text)
    if match is None or match[3] is None:
        raise _unparsable(text, layout, text, "2006")
    if len(match[2] or "") != _MICRO:
        raise _unparsable(text, layout, (match[2] or "") + match[3], ".000000")
    return _printed(match[1], match[2], match[3], "microseconds")


def _printed(seconds: str, fraction: str, zone: str, precision: str) -> str:
    time = datetime.fromisoformat(f"{seconds}{fraction.ljust(_MICRO, '0') if fraction else ''}{zone}")
    return time.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _unparsable(text: str, layout: str, rest: str, element: str) -> ValueError:
    return ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{element}"')
