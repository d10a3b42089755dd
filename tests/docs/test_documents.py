"""The documents are true: what they run runs, what they show is shown, what they link to is there.

A line ``$ gwdeployer …`` of a console block is run in a folder that holds the examples and the files of the
same document (``<!-- file: NAME -->`` before a block). What stands below it is what it prints, errors and
warnings last; columns may be narrower than a terminal's, and a line ``…`` stands for any lines. After
``pip install ./FOLDER`` in the same block, that distribution's entry points are there.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import gwdeployer
import gwdeployer_gateway
import gwdeployer_inference
from gwdeployer import Deployer, MemoryStore, parameters
from gwdeployer.cli.command_line import COMMANDS as COMMAND_NAMES
from gwdeployer.inputs import Inputs, known_keys
from gwdeployer_gateway import GatewayInputs, agentgateway, envoy
from gwdeployer_inference import PROFILES, InferenceInputs
from gwdeployer_inference.generator import OVERLAYS as PICKER_OVERLAYS
from gwdeployer_inference.parameters import EndpointPickerParametersSpec
from tests.cli.running import Done, run

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")])
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in DOCUMENTS}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: A chart for snippets that load one: the reader's own folder.
SITE_CHART = {
    "Chart.yaml": "name: site\nversion: 1.0.0\n",
    "templates/deployment.yaml.j2": (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: site}\n"
        "spec: {replicas: {{ Values.replicas }}}\n"
    ),
}


class Command(NamedTuple):
    """A line that a reader may type, and what the document shows below it."""

    document: str
    line: str
    shown: str
    installed: str

    @property
    def arguments(self) -> list[str]:
        """What stands behind the name of the command, before a pipe or a comment."""
        words = shlex.split(self.line, comments=True)
        return words[1 : words.index("|") if "|" in words else None]


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[document], re.DOTALL | re.MULTILINE)


def commands_of(document: str) -> list[Command]:
    found = []
    for block in blocks(document, "console"):
        installed = re.search(r"pip install \./(\S+)", block)
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, shown = part.split("\n", 1)
            if line.startswith("gwdeployer "):
                found.append(Command(document, line, shown, installed[1] if installed else ""))
    return found


#: Documents with a test of their own: test_charts_examples, and those of which the Python needs a cluster.
ELSEWHERE = {"docs/charts.md", "docs/deploying.md", "docs/embed.md"}


def pythons() -> list[tuple[str, str]]:
    return [(name, code) for name in TEXTS if name not in ELSEWHERE for code in blocks(name, "python")]


#: Documents whose commands need a cluster: test_deploying and test_guides type them.
AT_A_CLUSTER = {"docs/deploying.md", "docs/install.md", "docs/operate.md", "docs/troubleshoot.md"}
COMMANDS = [
    command for document in TEXTS if document not in AT_A_CLUSTER for command in commands_of(document)
]


def files_of(document: str) -> dict[str, str]:
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", TEXTS[document], re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples", target_is_directory=True)
    for name, text in SITE_CHART.items():
        path = tmp_path / "charts" / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_files(folder: Path, document: str) -> None:
    for name, text in files_of(document).items():
        (folder / name).write_text(text, encoding="utf-8")


def install(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what an editable install does: put the package and its entry points on the path."""
    project = tomllib.loads((ROOT / source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = folder / "site" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(parents=True)
    lines = [f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"]
    (metadata / "METADATA").write_text("".join(lines), encoding="utf-8")
    groups = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
    monkeypatch.syspath_prepend(str(ROOT / source))
    monkeypatch.syspath_prepend(str(folder / "site"))


def narrow(text: str) -> str:
    """Return text with its columns two spaces apart."""
    return re.sub(r"(?<=\S) {2,}", "  ", text)


def is_shown(done: Done, shown: str) -> bool:
    parts = re.split(r"^…\n", narrow(shown), flags=re.MULTILINE)
    return bool(re.fullmatch(r"(?:.*\n)*?".join(map(re.escape, parts)), narrow(done.out + done.err)))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.document}: {command.line}")
def test_commands_do_what_is_shown(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(folder, command.document)
    if command.installed:
        install(command.installed, folder, monkeypatch)
    done = run(*command.arguments)
    assert done.code == 0, done.err
    assert not command.shown.strip() or is_shown(done, command.shown), narrow(done.out + done.err)


def test_there_are_commands_to_run() -> None:
    assert {document for document in TEXTS if commands_of(document)} >= {
        "README.md",
        "docs/crds.md",
        "docs/customising.md",
    }
    assert {name for command in COMMANDS for name in command.arguments[:1]} >= {"render", "explain", "crds"}


def errors() -> list[tuple[str, str, str, str, str]]:
    form = r"<!-- error: (\S+) (\S+) (\S+) -->\n```text\n(.*?)```"
    return [(name, *found) for name, text in TEXTS.items() for found in re.findall(form, text, re.DOTALL)]


@pytest.mark.parametrize(("document", "name", "right", "wrong", "shown"), errors())
def test_slips_are_reported_as_shown(
    document: str, name: str, right: str, wrong: str, shown: str, folder: Path
) -> None:
    write_files(folder, document)
    text = (folder / name).read_text(encoding="utf-8")
    (folder / name).write_text(text.replace(right, wrong), encoding="utf-8")
    done = run("render", "-f", "examples/gateway/gateway.yaml", "-f", name)
    assert (done.code, done.err) == (2, shown)


def executed(code: str) -> tuple[dict[str, Any], str]:
    names: dict[str, Any] = {"__name__": "document"}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "document", "exec", dont_inherit=True), names)  # noqa: S102 - the example itself
    return names, printed.getvalue()


@pytest.mark.parametrize(("document", "code"), pythons())
def test_python_blocks_run(document: str, code: str, folder: Path) -> None:
    executed(code)


def outputs() -> list[tuple[str, str, str]]:
    block = r"((?:(?!```).*\n)*)```"
    form = rf"^```python\n{block}\n\n```text\n{block}"
    return [(name, *found) for name, text in TEXTS.items() for found in re.findall(form, text, re.MULTILINE)]


@pytest.mark.parametrize(("document", "code", "shown"), outputs())
def test_python_blocks_print_what_is_shown(document: str, code: str, shown: str, folder: Path) -> None:
    assert executed(code)[1] == shown


def test_there_are_outputs_to_compare() -> None:
    assert {document for document, _, _ in outputs()} >= {"docs/merging.md"}


def test_every_name_of_merging_is_in_its_document() -> None:
    assert [name for name in parameters.__all__ if not is_named(name, TEXTS["docs/merging.md"])] == []


def test_the_library_example_prints_what_is_deployed(folder: Path) -> None:
    _, printed = executed(blocks("README.md", "python")[0])
    assert [line.split()[0] for line in printed.splitlines()] == [
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "Deployment",
    ]


def test_the_generator_of_the_readme_makes_plans(folder: Path) -> None:
    names, _ = executed(blocks("README.md", "python")[1])
    deployer = names["deployer"]
    assert isinstance(deployer, Deployer)
    metadata = {"name": "blog", "namespace": "web", "uid": "1"}
    [made] = deployer.plan({"metadata": metadata, "spec": {"replicas": 4}}, MemoryStore()).objects
    assert made["spec"]["replicas"] == 4


def test_the_generator_of_customising_has_the_last_word(folder: Path) -> None:
    names, _ = executed(blocks("docs/customising.md", "python")[0])
    annotations = [obj["metadata"]["annotations"] for obj in names["plan"].objects]
    assert annotations == [{"example.com/reviewed": "yes"}] * 4


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[str, str]]:
    form = r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)"
    return [
        (name, link) for name, text in TEXTS.items() for link in re.findall(form, text) if "://" not in link
    ]


@pytest.mark.parametrize(("document", "link"), links())
def test_links_lead_somewhere(document: str, link: str) -> None:
    file, _, anchor = link.partition("#")
    target = (ROOT / document).parent / file if file else ROOT / document
    assert target.exists()
    assert not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def test_every_document_is_listed_in_the_readme() -> None:
    assert [
        name for name in TEXTS if name.startswith("docs/") and f"]({name})" not in TEXTS["README.md"]
    ] == []


def is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


@pytest.mark.parametrize(
    "module", [gwdeployer, gwdeployer_gateway, gwdeployer_inference], ids=lambda module: module.__name__
)
def test_every_public_name_is_in_the_table_of_names(module: Any) -> None:
    section = TEXTS["docs/architecture.md"].split("## Public names")[1].split("\n## ")[0]
    assert {name for name in module.__all__ if f"`{name}`" not in section} == set()


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in COMMAND_NAMES if not is_named(f"gwdeployer {name}", TEXTS["README.md"])] == []


def rooms() -> list[str]:
    [layers] = [contract for contract in PROJECT["tool"]["importlinter"]["contracts"] if "layers" in contract]
    return [room for layer in layers["layers"] for room in layer.split(" | ")]


def test_every_room_is_in_the_table_of_rooms() -> None:
    assert [room for room in rooms() if f"`{room}`" not in TEXTS["docs/architecture.md"]] == []
    there = {path.stem for path in (ROOT / "gwdeployer").iterdir() if not path.name.startswith(("_", "."))}
    there -= {"py", "templates"}
    assert {room.removeprefix("gwdeployer.") for room in rooms() if "." in room} == there


@pytest.mark.parametrize("plugin", ["gateway", "inference"])
def test_every_module_of_a_plugin_is_in_its_table(plugin: str) -> None:
    folder = ROOT / f"gwdeployer_{plugin}"
    modules = {path.stem for path in folder.glob("*") if path.suffix in ("", ".py")}
    modules = {name for name in modules if not name.startswith(("_", "."))} - {"py"}
    section = TEXTS["docs/architecture.md"].split(f"Inside the {plugin} plugin")[1].split("\n\n")[1]
    assert {name for name in modules if f"`{name}`" not in section} == set()


def test_every_dependency_has_its_reason() -> None:
    groups = PROJECT["dependency-groups"].values()
    wanted = [*PROJECT["project"]["dependencies"], *(one for group in groups for one in group)]
    names = [re.split(r"[<>=!; ]", one, maxsplit=1)[0] for one in wanted]
    section = TEXTS["CONTRIBUTING.md"].split("## Dependencies")[1].split("\n## ")[0]
    assert [name for name in names if not is_named(name, section)] == []


def test_every_overlay_is_in_customising() -> None:
    fields = [
        field for one in (envoy, agentgateway) for field in (*one.OVERLAYS.patches, *one.OVERLAYS.supports)
    ]
    assert [field for field in fields if f"`{field}`" not in TEXTS["docs/customising.md"]] == []


def test_every_input_is_in_the_table_of_inputs() -> None:
    section = TEXTS["docs/gateways.md"].split("## Inputs")[1].split("\n## ")[0]
    assert [
        key for key in known_keys([GatewayInputs]) if not re.search(rf"^\| `{key}\b", section, re.MULTILINE)
    ] == []


def test_the_document_of_inference_pools_is_complete() -> None:
    text = TEXTS["docs/inference.md"]
    overlays = [*PICKER_OVERLAYS.patches, *PICKER_OVERLAYS.supports]
    fields = [field.alias or name for name, field in EndpointPickerParametersSpec.model_fields.items()]
    inputs = known_keys([InferenceInputs]) - known_keys([Inputs])
    names = [*overlays, *fields, *inputs, *(profile.name for profile in PROFILES)]
    assert [name for name in names if f"`{name}`" not in text] == []
