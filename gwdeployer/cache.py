"""A folder for what is costly to make and can be made again: the user's own, and trusted like their programs.

It is named by the environment variable ``GWDEPLOYER_CACHE``; without it, or if it is empty, nothing is kept.
What is read from there may be run, so it must be ours: folder and file belong to the user, and nobody else
may write to them. Whatever stands in the way (no folder, no room, other owners) costs the time that the cache
would have saved, and nothing else: nothing here raises.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

#: The environment variable that names the folder.
VARIABLE = "GWDEPLOYER_CACHE"

_SUFFIX = ".kept"
_MOST = 256  # files; beyond these the one written longest ago goes
_DIGEST = hashlib.sha256().digest_size
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def users_folder() -> str:
    """Return the folder for a program that a user starts; empty for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return str(Path(base, "gwdeployer", "kept")) if Path(base).is_absolute() else ""


def is_there() -> bool:
    """Return whether a folder is named, in which something could be kept."""
    return _folder() is not None


def read(name: str) -> bytes | None:
    """Return what was written under a name; None where there is nothing whole, or it is not ours alone."""
    folder = _folder()
    try:
        content = _own_content(folder / f"{name}{_SUFFIX}") if folder and _is_own(folder.lstat()) else b""
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if hashlib.sha256(data).digest() == digest else None


def write(name: str, data: bytes) -> None:
    """Keep data under a name, a hash of all that it was made of."""
    folder = _folder()
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_own(folder.lstat()):
            _replace(folder / f"{name}{_SUFFIX}", hashlib.sha256(data).digest() + data)
            _tidy(folder)
    except OSError:
        return


def _folder() -> Path | None:
    name = os.environ.get(VARIABLE)
    # Where files have no owner in this sense (Windows), nothing says whose they are.
    return Path(name) if name and hasattr(os, "geteuid") else None


def _is_own(status: os.stat_result) -> bool:
    kind = stat.S_IFMT(status.st_mode)
    own = status.st_uid == os.geteuid() and not status.st_mode & _OTHERS_WRITE
    return own and kind in (stat.S_IFREG, stat.S_IFDIR)


def _own_content(path: Path) -> bytes:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        return file.read() if _is_own(os.fstat(file.fileno())) else b""


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, whoever else writes it at the same time."""
    import tempfile  # noqa: PLC0415 - most runs find what they need, and write nothing

    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink()
        raise


def _tidy(folder: Path) -> None:
    kept = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_MOST:]:
        path.unlink(missing_ok=True)
