"""The command as its own process: exit codes, pipes, terminals without UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gwdeployer import plugins
from gwdeployer.installed import PLUGINS
from tests.cli.running import run
from tests.cli.scene import CLASS, gateway, stream

COMMAND = [sys.executable, "-c", "from gwdeployer.cli.main import main; main()"]
TEXT = stream(CLASS, gateway())


def process(*arguments: str, stdin: str = TEXT, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin.encode(),
        capture_output=True,
        check=False,
        timeout=60,
        env={**os.environ, **environ},
    )


def test_good_input_ends_in_0_and_bad_in_2() -> None:
    assert process("render", "-f", "-").returncode == 0
    broken = process("render", "-f", "-", stdin=stream(TEXT, "a: ["))
    assert broken.returncode == 2
    assert b"kind: Deployment" in broken.stdout
    assert broken.stderr.startswith(b"error: standard input:12: is not YAML")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_cannot_write_everything_is_no_reason_to_fail(encoding: str) -> None:
    odd = gateway(more="infrastructure: {annotations: {a: é\u4e16}}, tomorrow\u4e16: 1, ")
    for output in ("tree", "yaml", "json"):
        done = process("render", "-f", "-", "-o", output, stdin=stream(CLASS, odd), PYTHONIOENCODING=encoding)
        assert b"Traceback" not in done.stderr
        assert done.returncode == 0


def test_whoever_stops_reading_ends_the_command_quietly() -> None:
    gateways = [gateway(f"g{i}") for i in range(200)]
    with subprocess.Popen(
        [*COMMAND, "render", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdin.write(stream(CLASS, *gateways).encode())
        running.stdin.close()
        running.stdout.readline()
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("source", ["-", "file"])
def test_streams_may_be_closed_as_daemons_close_them(closed: str, source: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(TEXT)
    command = [
        "sh",
        "-c",
        f'"$0" "$@" {closed}',
        *COMMAND,
        "render",
        "-f",
        "-" if source == "-" else str(file),
    ]
    done = subprocess.run(command, input=TEXT.encode(), capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in done.stderr
    assert done.returncode == (2 if (closed, source) == ("<&-", "-") else 0)


def test_logs_go_to_standard_error() -> None:
    done = process("render", "-f", "-", "-vv", "-o", "name")
    assert done.returncode == 0
    assert b"Gateway shop/web: 4 objects" in done.stderr
    assert done.stdout.count(b"\n") == 4


def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "b.yaml").mkdir()
    done = process("render", "-f", str(tmp_path))
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_a_broken_plugin_is_told_by_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        name, value = "broken", "broken:Plugin"

        def load(self) -> None:
            raise ImportError("no module named 'broken'")

    monkeypatch.setattr(plugins, "offers", lambda group: [Entry()] if group == PLUGINS else [])
    for arguments in (("render", "-f", "-"), ("values", "-f", "-"), ("--help",)):
        done = run(*arguments, stdin=TEXT)
        assert done.code == 2
        assert done.errors == [
            "entry point broken = broken:Plugin: cannot be loaded: no module named 'broken'; "
            "install what it needs, or uninstall the distribution that offers it"
        ]
