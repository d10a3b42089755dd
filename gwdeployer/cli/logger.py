"""The logger of previews. As a rule nobody listens to it, and then ``logging`` need not be loaded."""

from __future__ import annotations

import sys
from typing import Any


class Logger:
    """A logger by its name, as ``logging`` has them: where that is not loaded, nobody can be listening."""

    def __init__(self, name: str) -> None:
        """Know the name."""
        self._name = name

    def debug(self, message: str, *values: object, **more: Any) -> None:
        """See :meth:`logging.Logger.debug`."""
        if logging := sys.modules.get("logging"):
            logging.getLogger(self._name).debug(message, *values, **more)

    def info(self, message: str, *values: object, **more: Any) -> None:
        """See :meth:`logging.Logger.info`."""
        if logging := sys.modules.get("logging"):
            logging.getLogger(self._name).info(message, *values, **more)
