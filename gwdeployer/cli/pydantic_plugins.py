"""Pydantic's own plugins, of which the command line wants none.

For its first validator pydantic loads what looks for them, even where ``PYDANTIC_DISABLE_PLUGINS`` says that
there are none: ``importlib.metadata``, and with it email, csv, zip files and sockets. That is more than a
twentieth of what a preview does, and all of it for an empty answer.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_VARIABLE = "PYDANTIC_DISABLE_PLUGINS"
_ALL = ("__all__", "1", "true")
_LOADER = "pydantic.plugin._loader"


class _NoPlugins(ModuleType):
    """Stands in for pydantic's loader of plugins until it is asked for anything but the plugins."""

    @staticmethod
    def get_plugins() -> tuple[()]:
        """Return no plugins, as the real one does where all are disabled."""
        return ()

    def __getattr__(self, name: str) -> Any:
        """Look into the real one: another version of pydantic may want more of it."""
        if name.startswith("__"):  # what the import system asks of modules
            raise AttributeError(name)
        del sys.modules[_LOADER]
        return getattr(import_module(_LOADER), name)


def disable_pydantic_plugins() -> None:
    """Have pydantic make validators without plugins, unless the environment asks for some.

    Does nothing once it has made one.
    """
    if os.environ.setdefault(_VARIABLE, "__all__") in _ALL:
        sys.modules.setdefault(_LOADER, _NoPlugins(_LOADER))
