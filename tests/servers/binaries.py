"""Finds the programs that tests run: a Kubernetes control plane, the Gateway API conformance suite.

What no folder has is built, once, from Go modules.

Looked for, in this order: the folder ``KUBEBUILDER_ASSETS`` (the convention of controller-runtime's envtest),
``PATH``, where only a program of our own minor version counts, since whoever put it there did not mean these
tests, and a cache of built programs outside the checkout. The versions are those of ``go/*/go.mod``.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MODULES = Path(__file__).with_name("go")

#: Takes one line for the person who waits.
Say = Callable[[str], None]


class UnavailableError(Exception):
    """A program is neither there nor can be built; the text is one line that says what to do."""


class Program(NamedTuple):
    """What is built of which Go module, and how a program on ``PATH`` tells its version."""

    module: str
    package: str
    dependency: str
    version_flags: tuple[str, ...] = ("--version",)
    #: The program whose version names the folder that it is built into.
    kept_with: str = "kube-apiserver"
    #: What makes a program of the package; an exported test is a program, too.
    compile: tuple[str, ...] = ("go", "build")

    @property
    def version(self) -> str:
        """The version that the Go module pins, such as ``v1.36.3``."""
        return _pinned_version(self.module, self.dependency)


def _kubernetes(command: str, *version_flags: str) -> Program:
    return Program(
        "kubernetes", f"k8s.io/kubernetes/cmd/{command}", "k8s.io/kubernetes", version_flags or ("--version",)
    )


PROGRAMS = {
    "etcd": Program("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": _kubernetes("kube-apiserver"),
    "kube-controller-manager": _kubernetes("kube-controller-manager"),
    "kubectl": _kubernetes("kubectl", "version", "--client"),
    "gateway-api-conformance": Program(
        "gateway-api",
        "sigs.k8s.io/gateway-api/conformance",
        "sigs.k8s.io/gateway-api/conformance",
        kept_with="gateway-api-conformance",
        compile=("go", "test", "-c"),
    ),
}


def find(name: str, say: Say = print) -> Path:
    """Return the path of a program of ``PROGRAMS``, built first where need be (minutes, once).

    Raises UnavailableError where it can't be built.
    """
    return existing(name) or _build(name, say)


def existing(name: str) -> Path | None:
    """Return where a program is without building it, or None."""
    candidates = (_in_assets(name), _on_path(name), _built_path(name))
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


def cache_folder(name: str = "kube-apiserver") -> Path:
    """Return where a program is kept once it is built: a new version of Kubernetes gets a new folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "gwdeployer" / "test-servers" / PROGRAMS[PROGRAMS[name].kept_with].version


def sources(module: str, dependency: str) -> Path:
    """Return the folder where Go keeps the sources of what a module of ``go/`` requires.

    Raises UnavailableError without Go, or where it cannot download them.
    """
    if shutil.which("go") is None:
        raise UnavailableError(f"no sources of {dependency}: install Go to have them downloaded")
    command = ["go", "mod", "download", "-json", dependency]
    done = subprocess.run(
        command, cwd=MODULES / module, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise UnavailableError(f"go can't download {dependency}: {_last_line(done.stderr)}")
    return Path(json.loads(done.stdout)["Dir"])


# --- where programs are ------------------------------------------------------------------------------------


def _in_assets(name: str) -> Path | None:
    folder = os.environ.get("KUBEBUILDER_ASSETS")
    return Path(folder, name) if folder else None


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found and _minor(_reported_version(found, name)) == _pinned_minor(name) else None


def _built_path(name: str) -> Path:
    return cache_folder(name) / name


def _reported_version(path: str, name: str) -> str:
    command = [path, *PROGRAMS[name].version_flags]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _minor(text: str) -> str | None:
    found = re.search(r"\bv?(\d+\.\d+)\.\d+", text)
    return found and found[1]


def _pinned_minor(name: str) -> str | None:
    return _minor(PROGRAMS[name].version)


def _pinned_version(module: str, dependency: str) -> str:
    text = (MODULES / module / "go.mod").read_text()
    found = re.search(rf"^\s*{re.escape(dependency)} (v\S+)", text, re.MULTILINE)
    if not found:
        raise LookupError(f"{module}/go.mod does not require {dependency}")
    return found[1]


# --- building ----------------------------------------------------------------------------------------------


def _build(name: str, say: Say) -> Path:
    if shutil.which("go") is None:
        raise UnavailableError(
            f"no {name}: set KUBEBUILDER_ASSETS (setup-envtest fills it), or install Go to have it built"
        )
    target = _built_path(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent / ".lock"):
        if not target.exists():  # another process may have built it while this one waited
            _compile(name, target, say)
    return target


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _compile(name: str, target: Path, say: Say) -> None:
    program = PROGRAMS[name]
    say(f"building {name} {program.version} into {target.parent} (once; minutes)")
    started = time.monotonic()
    # A name of its own until it is whole: whoever finds the program may start it.
    unfinished = target.with_name(f".{name}.{os.getpid()}")
    command = [
        *program.compile,
        *("-ldflags", _link_flags(program)),
        *("-o", str(unfinished), program.package),
    ]
    done = subprocess.run(
        command, cwd=MODULES / program.module, capture_output=True, text=True, timeout=1800, check=False
    )
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        raise UnavailableError(f"go can't build {name}: {_last_line(done.stderr)}")
    unfinished.rename(target)
    say(f"built {name} in {time.monotonic() - started:.0f} s")


def _link_flags(program: Program) -> str:
    # kubectl and the servers compare versions; without this they take themselves for v0.0.0.
    version = f" -X k8s.io/component-base/version.gitVersion={program.version}"
    return "-s -w" + (version if program.module == "kubernetes" else "")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
