"""Programs are found where people put them, and built once where nobody did."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from tests.servers import binaries

VERSION = binaries.PROGRAMS["kube-apiserver"].version


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with an empty ``path`` and an empty ``cache``: a machine without any program."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/bin:/usr/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: _which(tmp_path / "path", name))
    return tmp_path


def _which(folder: Path, name: str) -> str | None:
    return str(folder / name) if (folder / name).exists() else None


def _program(path: Path, script: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def _go(machine: Path, script: str) -> None:
    # go build -ldflags FLAGS -o OUTPUT PACKAGE
    _program(machine / "path/go", f'echo "$6" >>{machine}/builds; {script}')


def test_the_assets_of_envtest_come_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(machine / "assets"))
    _program(machine / "path/etcd", "echo etcd Version: 3.6.1")
    assets = _program(machine / "assets/etcd")
    assert binaries.find("etcd") == assets


def test_a_program_that_the_assets_lack_is_looked_for_elsewhere(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(machine / "assets"))
    on_path = _program(machine / "path/kube-controller-manager", f"echo Kubernetes {VERSION}")
    assert binaries.find("kube-controller-manager") == on_path


def test_a_program_of_another_minor_version_on_path_does_not_count(machine: Path) -> None:
    _program(machine / "path/kubectl", "echo Client Version: v1.19.0")
    assert binaries.existing("kubectl") is None


def test_a_built_program_is_found_in_the_cache(machine: Path) -> None:
    built = _program(machine / "cache/gwdeployer/test-servers" / VERSION / "kubectl")
    assert binaries.find("kubectl") == built


def test_without_go_one_line_says_what_to_do(machine: Path) -> None:
    with pytest.raises(binaries.UnavailableError, match=r"^no etcd: set KUBEBUILDER_ASSETS .* install Go"):
        binaries.find("etcd")


def test_a_build_that_fails_leaves_nothing_and_says_gos_last_line(machine: Path) -> None:
    _go(machine, 'touch "$5"; echo noise >&2; echo no space left >&2; exit 1')
    with pytest.raises(binaries.UnavailableError, match=r"^go can't build etcd: no space left$"):
        binaries.find("etcd", say=_nothing)
    assert [path.name for path in binaries.cache_folder().iterdir()] == [".lock"]


def test_a_build_tells_that_it_begins_and_how_long_it_took(machine: Path) -> None:
    _go(machine, 'touch "$5"; chmod +x "$5"')
    said: list[str] = []
    binaries.find("etcd", say=said.append)
    etcd = binaries.PROGRAMS["etcd"].version
    assert said[0] == f"building etcd {etcd} into {binaries.cache_folder()} (once; minutes)"
    assert said[1].startswith("built etcd in ")


def test_two_who_need_a_program_at_once_build_it_once(machine: Path) -> None:
    _go(machine, 'sleep 0.2; touch "$5"; chmod +x "$5"')
    threads = [threading.Thread(target=binaries.find, args=("etcd", _nothing)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (machine / "builds").read_text().splitlines() == [binaries.PROGRAMS["etcd"].package]


def test_what_belongs_to_another_release_is_kept_apart(machine: Path) -> None:
    _program(machine / "path/go", f'echo "$1 $2" >{machine}/command; touch "$6"; chmod +x "$6"')
    suite = binaries.find("gateway-api-conformance", say=_nothing)
    version = binaries.PROGRAMS["gateway-api-conformance"].version
    assert suite == machine / "cache/gwdeployer/test-servers" / version / "gateway-api-conformance"
    assert (machine / "command").read_text() == "test -c\n"


def test_sources_are_where_go_says(machine: Path) -> None:
    _program(machine / "path/go", """echo '{"Dir": "/modules/gateway-api@v1.6.1"}'""")
    found = binaries.sources("gateway-api", "sigs.k8s.io/gateway-api")
    assert found == Path("/modules/gateway-api@v1.6.1")


def test_sources_that_go_cannot_download_are_unavailable(machine: Path) -> None:
    with pytest.raises(binaries.UnavailableError, match=r"^no sources of .*: install Go"):
        binaries.sources("gateway-api", "sigs.k8s.io/gateway-api")
    _program(machine / "path/go", "echo no route to host >&2; exit 1")
    with pytest.raises(binaries.UnavailableError, match=r"^go can't download .*: no route to host$"):
        binaries.sources("gateway-api", "sigs.k8s.io/gateway-api")


def _nothing(line: str) -> None:
    """Say nothing."""
