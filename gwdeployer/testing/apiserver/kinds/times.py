"""Times as an API server stores them: UTC, whole seconds (``Time``) or microseconds (``MicroTime``)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)


def canonical_time(text: str) -> str:
    """Return an RFC 3339 time as ``2006-01-02T15:04:05Z``; ``ValueError`` if it is none."""
    return _printed(_utc(text), "seconds")


def canonical_micro_time(text: str) -> str:
    """Return an RFC 3339 time as ``2006-01-02T15:04:05.000000Z``; ``ValueError`` if it is none."""
    return _printed(_utc(text), "microseconds")


def _utc(text: str) -> datetime:
    match = _RFC_3339.fullmatch(text)
    if match is None:
        layout = "2006-01-02T15:04:05Z07:00"
        raise ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')
    fraction = (match[2] or "0")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{match[1]}.{fraction}{match[3]}").astimezone(UTC)


def _printed(time: datetime, precision: str) -> str:
    return time.isoformat(timespec=precision).replace("+00:00", "Z")
