"""How long ago something was, as kubectl shows it (``k8s.io/apimachinery/pkg/util/duration``)."""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
#: Up to how many seconds an age is told in which two units; the smaller one is left out if it is none.
_SCALES: tuple[tuple[int, int, str, int, str], ...] = (
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)


def age(time: str | None, now: datetime | None = None) -> str:
    """Return the time since ``time`` in at most two units; ``<unknown>`` without one."""
    if not time:
        return "<unknown>"
    try:
        since = (now or datetime.now(UTC)) - datetime.fromisoformat(time)
    except ValueError:
        return "<invalid>"
    return _told(int(since.total_seconds()))


def _told(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return "<invalid>" if seconds < -1 else f"{max(seconds, 0)}s"
    for limit, unit, name, smaller, rest_name in _SCALES:
        if seconds < limit:
            rest = seconds % unit // smaller if smaller else 0
            return f"{seconds // unit}{name}" + (f"{rest}{rest_name}" if rest else "")
    return f"{seconds // _YEAR}y"
