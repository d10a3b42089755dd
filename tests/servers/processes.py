"""Child processes of tests: started with a log of their own, ended by their own id, free ports for them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

LOOPBACK = "127.0.0.1"


class StartError(Exception):
    """A process ended or did not become ready; the text has the end of its log."""


class Process:
    """One started program. Its log stays after it has ended; :meth:`stop` may be called again."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start ``command``; what it says goes to ``log``."""
        self.name = Path(command[0]).name
        self.log = log
        with log.open("wb") as output:
            self._child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def wait_until(self, is_ready: Callable[[], bool], timeout: float = 60) -> None:
        """Return when ``is_ready``; StartError when the process ends before, or the time is over."""
        deadline = time.monotonic() + timeout
        while not is_ready():
            if self._child.poll() is not None:
                raise self._failure(f"ended with {self._child.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(f"is not ready after {timeout:.0f} s")
            time.sleep(0.05)

    def stop(self, grace: float = 10) -> None:
        """End the process: asked first, killed after ``grace`` seconds."""
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _failure(self, what: str) -> StartError:
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        return StartError(f"{self.name} {what}; {self.log} ends with:\n{tail}")


def free_ports(count: int) -> list[int]:
    """Return that many loopback ports nobody listens on."""
    # All sockets stay open until every port is known, so that no two are the same.
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports: list[int] = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return ports
