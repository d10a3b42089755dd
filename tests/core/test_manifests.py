"""Reading manifests: objects and faults side by side, neither hiding the other."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gwdeployer.manifests import Manifests, read_manifests, read_text

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def read(text: str | bytes) -> Manifests:
    manifests = Manifests()
    read_text(text, "f.yaml", manifests)
    return manifests


def test_a_broken_document_spares_the_others() -> None:
    found = read(f"{OBJECT}---\na: [\n---\n{OBJECT}")
    assert len(found.objects) == 2
    assert [fault.subject for fault in found.faults] == ["f.yaml:6"]


def test_lists_in_lists_are_taken_apart() -> None:
    inner = '{"kind": "List", "items": [{"apiVersion": "v1", "kind": "A"}, 7]}'
    found = read(
        f'{{"apiVersion": "v1", "kind": "List", "items": [{inner}, {{"apiVersion": "v1", "kind": "B"}}]}}'
    )
    assert [obj["kind"] for obj in found.objects] == ["A", "B"]
    assert [fault.message for fault in found.faults] == ["7 is not an object"]


@pytest.mark.parametrize("items", ["null", "[]"])
def test_a_list_may_be_empty(items: str) -> None:
    found = read(f"apiVersion: v1\nkind: List\nitems: {items}\n")
    assert (found.objects, found.faults) == ([], [])


@pytest.mark.parametrize(
    "nothing", ["", "null", "{}", "{name: null}", "{name: a, labels: null, annotations: null}"]
)
def test_metadata_may_be_missing_or_null(nothing: str) -> None:
    assert len(read(f"apiVersion: v1\nkind: A\nmetadata: {nothing}\n").objects) == 1


def test_what_is_wrong_is_cut() -> None:
    [fault] = read("".join(f"key{i}: 1\n" for i in range(1000))).faults
    assert len(str(fault)) < 500


def test_standard_input_is_a_file_named_dash_where_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(read_manifests(["-"], io.BytesIO(OBJECT.encode())).objects) == 1
    monkeypatch.chdir(tmp_path)
    assert [str(fault) for fault in read_manifests(["-"]).faults] == [
        "-: cannot be read: No such file or directory"
    ]


def test_an_empty_path_is_not_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(OBJECT)
    monkeypatch.chdir(tmp_path)
    found = read_manifests([""])
    assert found.objects == []
    assert [str(fault) for fault in found.faults] == [
        "the name of a file is empty; name a file, a folder, or -"
    ]
    assert len(read_manifests(["."]).objects) == 1
