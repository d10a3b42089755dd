"""What the API server's own code makes of applies and updates, and what ours does: are they the same?"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from gwdeployer.testing.apiserver.fields import (
    ApplyConflict,
    FieldsError,
    Schema,
    apply,
    schema_of_crd,
    schema_of_type,
    update,
)
from tests.oracle.generate_writes import KINDS, Ask, widget_schema

SOURCE = Path(__file__).with_name("structuredmerge")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

Map = dict[str, Any]


def build(folder: Path) -> Path:
    """Build the Go program."""
    program = folder / "structuredmerge"
    subprocess.run(["go", "build", "-o", program, "."], cwd=SOURCE, check=True)
    return program


@contextmanager
def asking(program: Path) -> Iterator[Ask]:
    """Run the Go program; the function answers one request."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        requests, answers = process.stdin, process.stdout

        def ask(request: Map) -> Map:
            requests.write(json.dumps(request) + "\n")
            requests.flush()
            answer: Map = json.loads(answers.readline())
            return answer

        yield ask


@cache
def schema_of(kind: str) -> Schema:
    type_name = KINDS[kind][1]
    return schema_of_type(type_name) if type_name else schema_of_crd(widget_schema())


def verdict(request: Map, answer: Map) -> str:
    """Return what both say: ``"apply"``, ``"update"``, ``"conflict"``, ``"no fit"``, or ``"not decoded"``.

    Raises ``AssertionError`` where they differ.
    """
    if request["verb"] == "update":
        return _update_verdict(request, answer) if "new" in answer else "not decoded"
    try:
        ours = apply(_live(request), request["object"], **_arguments(request, answer), force=request["force"])
    except ApplyConflict as error:
        return _conflict_verdict(error, answer)
    except FieldsError as error:
        return _misfit_verdict(error, answer)
    if "object" not in answer:
        assert "to proper version" in answer["error"], f"theirs {answer['error']}"
        return "not decoded"
    theirs = answer.get("merged") or _live(request) or answer["empty"]
    _compare(_bare(ours), _bare(theirs), "object")
    _compare(_owners(ours), _owners(answer["object"]), "managedFields")
    _compare(_last_applied(ours), _last_applied(answer["object"]), "annotation")
    return "apply" if answer.get("merged") else "no change"


def _live(request: Map) -> Map | None:
    """Return the live object in the version that is written."""
    live = request.get("live")
    return live and live | {"apiVersion": request["object"]["apiVersion"]}


def _arguments(request: Map, answer: Map) -> Map:
    return {
        "schema": schema_of(request["object"]["kind"]),
        "manager": request["manager"],
        "now": request["now"],
        "subresource": request.get("subresource", ""),
        "reset": frozenset(map(tuple, request.get("reset", ()))),
        "empty": answer["empty"],
    }


def _update_verdict(request: Map, answer: Map) -> str:
    new = answer["new"]
    if request["object"]["metadata"].get("managedFields") == []:
        # The server has them in what it decodes, though not in what it prints of it.
        new = new | {"metadata": new["metadata"] | {"managedFields": []}}
    ours = update(_live(request), new, **_arguments(request, answer))
    _compare(_bare(ours), _bare(answer["object"]), "object")
    _compare(_owners(ours), _owners(answer["object"]), "managedFields")
    return "update"


def _misfit_verdict(error: FieldsError, answer: Map) -> str:
    theirs = answer.get("error", "no error")
    # Where a field is not declared, Go looks at no more of the map's fields, in whatever order it met them.
    undeclared = all("field not declared in schema" in message for message in (str(error), theirs))
    assert undeclared or _lines(str(error)) == _lines(theirs), f"ours {error}\ntheirs {theirs}"
    return "no fit"


def _conflict_verdict(error: ApplyConflict, answer: Map) -> str:
    ours, theirs = error.status(), answer.get("status") or {}
    assert theirs.get("reason") == "Conflict", f"ours {error}\ntheirs {answer.get('error', 'no conflict')}"
    _compare(_sorted(ours["details"]["causes"]), _sorted(theirs["details"]["causes"]), "causes")
    assert _lines(ours["message"]) == _lines(theirs["message"])
    return "conflict"


def _sorted(causes: list[Map]) -> list[str]:
    return sorted(json.dumps(cause, sort_keys=True) for cause in causes)


def _lines(message: str) -> list[str]:
    """Return the lines of a message; Go walks maps in any order."""
    return sorted(message.split("\n"))


def _bare(obj: Map) -> Map:
    metadata = {key: value for key, value in obj.get("metadata", {}).items() if key != "managedFields"}
    if metadata.get("annotations"):
        # Setting one annotation makes texts of nulls.
        texts = {name: text or "" for name, text in metadata["annotations"].items()}
        metadata["annotations"] = texts | ({_LAST_APPLIED: ""} if _LAST_APPLIED in texts else {})
    return obj | {"metadata": metadata}


def _last_applied(obj: Map) -> Any:
    return (obj["metadata"].get("annotations") or {}).get(_LAST_APPLIED) or ""


def _owners(obj: Map) -> list[tuple[Map, str]]:
    """Return the entries, with their fields as text: the order of fields counts."""
    entries = obj["metadata"].get("managedFields") or []
    return [(entry | {"fieldsV1": None}, json.dumps(entry["fieldsV1"])) for entry in entries]


def _compare(ours: Any, theirs: Any, what: str) -> None:
    assert ours == theirs, f"{what}:\nours   {json.dumps(ours)}\ntheirs {json.dumps(theirs)}"
