"""Tables of the controller's documents have all that the code has, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from math import ceil
from pathlib import Path

import click
import pytest
import yaml

from gwdeployer.cli.command_line import COMMANDS, command_line
from gwdeployer.controller.event_series import BURST, ONE_EVERY, OVER_AFTER
from gwdeployer.controller.lease import JITTER, Timing
from gwdeployer.controller.work_queue import LONGEST_RETRY
from tests.cli.running import run
from tests.docs.test_documents import ROOT, TEXTS, blocks

_GATEWAY = ROOT / "gwdeployer_gateway"
#: Where conditions are stated.
STATUSES = [
    *(_GATEWAY / "status").glob("*.py"),
    *(module for module in (_GATEWAY / "classes").glob("*.py") if module.stem != "features"),
    ROOT / "gwdeployer" / "parameters" / "reporting.py",
    ROOT / "gwdeployer_inference" / "conditions.py",
]
EVENTS = [ROOT / "gwdeployer" / "controller" / "event_reporting.py"]
#: Words with capitals in these modules that are neither a condition nor a reason: kinds, values of fields.
OTHER_WORDS = {
    *("CustomResourceDefinition", "DaemonSet", "Gateway", "Secret", "Service"),
    *("AllowInsecureFallback", "AllowValidOnly", "ExternalName", "Hostname", "IPAddress", "LoadBalancer"),
    *("False", "None", "Same", "Terminate", "True", "Unknown"),
    *("Progressing", "ProgressDeadlineExceeded", "ReplicaFailure"),
}
EVENT_WORDS = {"Apply", "Delete", "Normal", "Reconcile", "Warning"}
_WORD = re.compile(r"[A-Z]+[a-z][A-Za-z]*")


def texts_in(module: Path) -> Iterator[str]:
    """Yield the literals of a module that are one word, as conditions and reasons are."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORD.fullmatch(node.value):
            yield node.value


def words_of(modules: Iterable[Path]) -> set[str]:
    return {word for module in modules for word in texts_in(module)}


def section(document: str, heading: str) -> str:
    return TEXTS[document].split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def quoted(cells: Iterable[str]) -> set[str]:
    return {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}


def test_every_condition_and_reason_is_explained_and_no_other() -> None:
    table = rows(section("docs/troubleshoot.md", "Conditions"))
    told = quoted(row[2] for row in table) | {row[1] for row in table if row[1]}
    assert told == words_of(STATUSES) - OTHER_WORDS


@pytest.mark.parametrize("document", ["docs/troubleshoot.md", "docs/metrics.md"])
def test_every_reason_of_an_event_is_explained_and_no_other(document: str) -> None:
    column = {"docs/troubleshoot.md": 0, "docs/metrics.md": 1}[document]
    told = quoted(row[column] for row in rows(section(document, "Events")))
    assert told == words_of(EVENTS) - EVENT_WORDS


def test_alerts_are_about_metrics_and_labels_that_there_are() -> None:
    lines = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|", TEXTS["docs/metrics.md"], re.MULTILINE)
    labels = {name: set(found.split(", ")) for name, found in lines}
    (rule, *_) = (yaml.safe_load(block) for block in blocks("docs/metrics.md", "yaml"))
    alerts = [alert for group in rule["spec"]["groups"] for alert in group["rules"]]
    assert len({alert["alert"] for alert in alerts}) == len(alerts) > 3
    for alert in alerts:
        metric, selected = re.findall(r"(\w+_\w+)(?:\{([^}]*)\})?", alert["expr"])[0]
        named = {*re.findall(r"(\w+)=", selected), *re.findall(r"by \((\w+)\)", alert["expr"])}
        assert named <= labels[metric], alert["alert"]
        assert {"summary", "description"} <= alert["annotations"].keys()


@cache
def parameters_of(command: str) -> dict[str, click.Parameter]:
    """Return the options of a command, by flag."""
    group = command_line()
    found = group.get_command(click.Context(group), command)
    assert found is not None
    flags = ((flag, one) for one in found.params for flag in (*one.opts, *one.secondary_opts))
    return {**dict(flags), "--help": click.Option(["--help"])}


def inline_commands() -> list[tuple[str, str]]:
    form = re.compile(r"`gwdeployer ([^`\n]+)`")
    return [(name, line) for name, text in TEXTS.items() for line in form.findall(text)]


@pytest.mark.parametrize(("document", "line"), inline_commands())
def test_commands_within_sentences_have_the_options_that_they_show(document: str, line: str) -> None:
    command, *words = line.replace("\\|", "|").split("|")[0].split()
    assert command in COMMANDS
    flags = {word.partition("=")[0] for word in words if word.startswith("-")}
    assert flags <= parameters_of(command).keys()


def test_the_options_of_run_have_the_defaults_that_are_told() -> None:
    options = parameters_of("run")
    for names, told, _ in rows(section("docs/operate.md", "What can be set")):
        for name in re.findall(r"`(-[\w-]+)`", names):
            option = options[name]
            assert not getattr(option, "show_default", False) or str(option.default) == told.strip("`"), name


def test_every_module_of_the_controller_is_in_its_table() -> None:
    modules = {path.stem for path in (ROOT / "gwdeployer" / "controller").glob("[!_]*.py")}
    assert quoted(row[0] for row in rows(section("docs/controller.md", "The rooms"))) == modules


def said() -> list[str]:
    """Return what the symptoms quote of commands, probes and logs: words, no names, commands or metrics."""
    looks = " ".join(row[1] for row in rows(section("docs/troubleshoot.md", "Symptoms")))
    quotes = re.findall(r"`([^`]+)`", looks)
    return [quote for quote in quotes if " " in quote and not quote.startswith(("gwdeployer ", "kubectl "))]


@cache
def sources() -> str:
    packages = ("gwdeployer", "gwdeployer_gateway")
    return "".join(path.read_text("utf-8") for name in packages for path in (ROOT / name).rglob("*.py"))


@pytest.mark.parametrize("quote", said())
def test_what_symptoms_quote_is_what_is_said(quote: str) -> None:
    pieces = [piece.strip() for piece in quote.split("…")]
    assert [piece for piece in pieces if piece not in sources()] == []


def test_the_table_of_rights_has_every_verb() -> None:
    told = quoted(row[0] for row in rows(section("docs/operate.md", "Rights")))
    done = run("rbac", env={"GWDEPLOYER_INPUTS_CREATE_CLASSES": "true"})
    rules = [rule for role in yaml.safe_load_all(done.out) for rule in role.get("rules", ())]
    # That one is a picker's, of its own Lease.
    assert {verb for rule in rules for verb in rule["verbs"]} - {"update"} == told


def test_the_times_of_an_election_and_of_retries_are_those_of_the_code() -> None:
    timing, text = Timing(), TEXTS["docs/operate.md"]
    lease = f"lasts {timing.lease_duration} seconds, is renewed every {timing.retry_period:g}"
    assert f"{lease}, and one who cannot renew it for {timing.renew_deadline:g} stops" in text
    longest = timing.lease_duration + timing.retry_period * (1 + JITTER)
    assert f"within {ceil(longest):.0f} seconds, where it vanishes" in text
    assert f"up to every {LONGEST_RETRY / 60:g} minutes" in text
    events = section("docs/metrics.md", "Events")
    assert (OVER_AFTER / 60, ONE_EVERY / 60) == (6, 5)
    assert f"at most {BURST} new" in events
    assert "within six minutes" in events
    assert "one every five minutes" in events


def test_what_an_install_requests_is_what_the_guide_says() -> None:
    done = run("manifests", "--image=example.com/gwdeployer:1")
    [deployment] = [one for one in yaml.safe_load_all(done.out) if one["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    text = TEXTS["docs/operate.md"]
    assert "requests {cpu} and {memory}".format(**resources["requests"]) in text
    assert "is limited to {memory}".format(**resources["limits"]) in text
    assert f"`terminationGracePeriodSeconds` is not {pod['terminationGracePeriodSeconds']}" in text
