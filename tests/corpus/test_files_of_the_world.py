"""Files that others wrote: whatever is in them, a preview ends in 0 or 2 and in lines for people.

Every class that a file names is treated as ours. The examples here are the project's own; those of shared/
come from public projects, and from the Gateway API's own invalid examples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer.manifests import read_manifests
from tests.cli.running import Done, run
from tests.gateway.scenarios import assert_keys_are_distinct
from tests.support.schema import validate_object

EXAMPLES = Path(__file__).parent / "examples"
SHARED = Path(__file__).parents[2].parent / "shared/data"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def classes_in(path: Path) -> list[str]:
    """Return the class names of a file, as many as can be read."""
    specs = (obj.get("spec") for obj in read_manifests([path]).objects)
    names = (spec.get("gatewayClassName") for spec in specs if isinstance(spec, dict))
    return sorted({name for name in names if isinstance(name, str)})


def rendered(path: Path, *arguments: str) -> Done:
    options = [part for name in classes_in(path) for part in ("--class", name)]
    done = run("render", "-f", path, *options, *arguments)
    assert done.code in (0, 2)
    assert "Traceback" not in done.err
    assert bool(done.errors) == (done.code == 2)
    for obj in yaml.load_all(done.out, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        check(obj)
    return done


def check(obj: dict[str, Any]) -> None:
    validate_object(obj)
    assert_keys_are_distinct(obj)


OWN = {
    "anchors.yaml": (2, ["Service anchored"]),
    "another-controllers-parameters.yaml": (2, []),
    "beta-api-and-unknown-fields.yaml": (0, ["Service older"]),
    "crlf.yaml": (0, ["Service crlf"]),
    "list.json": (0, ["Service in-a-list"]),
    "listener-sets.yaml": (0, ["Service parent"]),
    "no-listeners-and-templates.yaml": (2, []),
    "parameters-of-every-part.yaml": (0, ["Service tuned"]),
    "two-gateways-of-one-class.yaml": (0, ["Service one", "Service two-example-com-"]),
    "wrong-in-many-ways.yaml": (2, []),
}


def test_every_example_of_our_own_is_expected() -> None:
    assert {path.name for path in files(EXAMPLES)} == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_examples_of_our_own(name: str) -> None:
    code, services = OWN[name]
    done = rendered(EXAMPLES / name)
    found = [obj for obj in yaml.safe_load_all(done.out) if obj["kind"] == "Service"]
    assert done.code == code, done.err
    assert len(found) == len(services)
    for obj, start in zip(found, services, strict=True):
        assert f"Service {obj['metadata']['name']}".startswith(start)


def test_everything_wrong_in_a_file_is_told() -> None:
    errors = rendered(EXAMPLES / "wrong-in-many-ways.yaml").errors
    places = [
        error.removeprefix(f"{EXAMPLES}/wrong-in-many-ways.yaml").partition(": ")[0] for error in errors
    ]
    assert places == [
        "",
        ":20",
        "",
        ":26",
        "Gateway wrong spec.infrastructure.labels",
        "Gateway wrong spec.infrastructure.parametersRef.kind",
        "Gateway wrong spec.listeners[0].port",
        "Gateway wrong spec.listeners[1].port",
        "Gateway wrong spec.listeners[2]",
        "Gateway wrong spec.addresses",
    ]


def test_all_examples_at_once_give_what_each_gives() -> None:
    classes = {name for path in files(EXAMPLES) for name in classes_in(path)}
    options = [part for name in sorted(classes) for part in ("--class", name)]
    done = run("render", "-f", EXAMPLES, *options, "-o", "name")
    assert done.code == 2
    assert sum(line.startswith("service/") for line in done.out.splitlines()) == sum(
        len(services) for _, services in OWN.values()
    )


def shared(folder: str) -> list[Any]:
    if not (SHARED / folder).is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="shared/ with the corpus is not here"))]
    return [pytest.param(path, id=path.name) for path in files(SHARED / folder)]


@pytest.mark.parametrize("path", [*shared("corpus"), *shared("corpus-invalid")])
def test_files_of_the_world(path: Path) -> None:
    rendered(path)
