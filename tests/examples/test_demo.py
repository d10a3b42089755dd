"""The demo: it plays to its end, says what fails, can be kept for kubectl, and draws on terminals."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.demo import __main__ as demo
from examples.demo import stage
from examples.demo.view import PlainView, Row, TerminalView
from gwdeployer import KubernetesCluster, ObjectRef
from gwdeployer_gateway import GATEWAY

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.demo"]
TITLES = [
    "What a Gateway becomes",
    "Two Gateways are created, and get their proxies",
    "HTTPS waits for its certificate",
    "Port 80 becomes 8080",
    "The class's parameters change two Gateways at once",
    "What somebody changes by hand is put right",
    "What is somebody else's is left alone",
    "With the Gateways goes what was deployed for them",
]


def test_it_plays_all_acts_in_plain_lines_where_there_is_no_terminal() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in TITLES] == TITLES
    assert re.search(r"s shop/front-door  Programmed True  192\.0\.2\.\d  pods 3/3", done.stdout)
    assert lines.index(TITLES[-1]) < next(number for number, line in enumerate(lines) if " s nothing" in line)
    assert done.stderr == ""


def test_what_does_not_happen_is_said_and_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wait_in_vain(on: stage.Stage) -> None:
        on.until("the moon is out", lambda: False)

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(stage, "LONGEST", 0.0)
    monkeypatch.setattr(demo, "ACTS", (wait_in_vain,))
    assert demo.main([]) == 1
    assert capsys.readouterr().err.splitlines()[0] == "demo failed: not within 0 s: the moon is out"


def test_it_can_be_kept_for_kubectl() -> None:
    with subprocess.Popen([*COMMAND, "--keep"], cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        kubeconfig = next(line for line in program.stdout if "KUBECONFIG=" in line).strip().partition("=")[2]
        cluster = KubernetesCluster.connect(kubeconfig)
        found = [obj["metadata"]["name"] for obj in cluster.list(GATEWAY, "shop").items]
        cluster.delete(ObjectRef(GATEWAY, "shop", "warehouse"))  # as somebody at the terminal might
        cluster.close()
        program.send_signal(signal.SIGINT)
        rest = program.stdout.read()
    assert found == ["back-office", "front-door", "warehouse"]
    assert program.returncode == 0
    assert "nothing of them is left" in rest
    assert not Path(kubeconfig).exists()


def row(programmed: str, gateway: str = "shop/web") -> Row:
    return Row(gateway, programmed, "192.0.2.1", "1/2", "80", "1/2 available")


def screen(text: str) -> list[str]:
    """Return what a terminal shows of a text in which the cursor goes up and clears what is below it."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d+F\x1b\[J|\n)", re.sub(r"\x1b\[\d*m", "", text)):
        if part == "\n":
            lines.append("")
        elif part.startswith("\x1b"):
            del lines[len(lines) - 1 - int(part[2:-4]) :]
            lines.append("")
        else:
            lines[-1] += part
    return lines[:-1]


def clock(view: PlainView | TerminalView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(view), "seconds", 1.0)


TABLE = [
    "",
    "GATEWAY   PROGRAMMED  ADDRESS    PODS  PORTS  BECAUSE",
    "shop/web  {:10}  192.0.2.1  1/2   80     1/2 available",
]


def table(programmed: str) -> list[str]:
    return [line.format(programmed) for line in TABLE]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        (lambda view: view.show([row("False")]), table("False")),
        (lambda view: (view.show([row("False")]), view.show([row("True")])), table("True")),
        (lambda view: (view.show([row("True")]), view.say("done")), ["   1.0 s done", *table("True")]),
        (lambda view: (view.act("One"), view.typed("true")), ["", "One", "         $ true"]),
        (lambda view: (view.show([row("True")]), view.show([])), []),
    ],
)
def test_the_table_is_drawn_anew_below_the_log(
    show: Callable[[TerminalView], None], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    view = TerminalView(out)
    clock(view, monkeypatch)
    show(view)
    assert screen(out.getvalue()) == expected


def test_lines_of_the_table_are_cut_where_the_terminal_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = io.StringIO()
    TerminalView(out).show([row("True")])
    assert [len(line) for line in out.getvalue().splitlines()] == [0, 19, 19]


def test_plain_lines_tell_each_change_once(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    view = PlainView(out)
    clock(view, monkeypatch)
    for programmed in ("False", "False", "True"):
        view.show([row(programmed)])
    assert out.getvalue().splitlines() == [
        "   1.0 s shop/web  Programmed False  192.0.2.1  pods 1/2  ports 80  (1/2 available)",
        "   1.0 s shop/web  Programmed True  192.0.2.1  pods 1/2  ports 80  (1/2 available)",
    ]
