"""Logs of a program that runs for long: lines for people, or one JSON object a line for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

#: What every record has; whatever else is in one was given as ``extra``.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object for each record: ``ts``, ``level``, ``logger``, ``msg``, and whatever is in ``extra``.

    What was raised is in ``error``, with its traceback, so that a record is one line whatever it holds.
    """

    def format(self, record: logging.LogRecord) -> str:
        """See :class:`logging.Formatter`."""
        entry: dict[str, Any] = {
            "ts": moment(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        entry |= {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """A line for each record; what has more lines is indented below its first."""

    def format(self, record: logging.LogRecord) -> str:
        """See :class:`logging.Formatter`."""
        text = f"{moment(record.created)} {record.levelname:<7} {record.getMessage()}"
        if record.exc_info:
            text += f"\n{self.formatException(record.exc_info)}"
        return text.replace("\n", "\n    ")


FORMATTERS: dict[str, type[logging.Formatter]] = {"text": TextFormatter, "json": JsonFormatter}


def moment(seconds: float) -> str:
    """Return a time, in seconds since 1970, in RFC 3339, in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_to_standard_error(format_: str, verbose: int) -> None:
    """Log what gwdeployer does; ``verbose`` 1 more of it, 2 what the libraries it uses say, too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FORMATTERS[format_]())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose > 1 else logging.WARNING)
    logging.getLogger("gwdeployer").setLevel(logging.DEBUG if verbose else logging.INFO)
