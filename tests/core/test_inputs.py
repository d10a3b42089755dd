"""Inputs: what the embedding controller knows, from a file, the environment, or a constructor."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import ValidationError, model_validator

from gwdeployer import Inputs, InputsError
from gwdeployer.inputs import blame_environment, inputs_from_environment, read_inputs, validate_inputs
from gwdeployer_gateway.inputs import GatewayInputs
from gwdeployer_inference.inputs import InferenceInputs

P = "GWDEPLOYER_INPUTS_"


def test_every_input_has_a_default() -> None:
    inputs = Inputs()
    assert inputs.model_dump(by_alias=True, exclude={"version"}) == {
        "controllerName": "gwdeployer.dev/gateway-controller",
        "managedBy": "gwdeployer",
        "controlPlane": {
            "xdsHost": "kgateway.kgateway-system.svc.cluster.local",
            "xdsPort": 9977,
            "xdsTls": False,
            "xdsCaCert": "",
            "xdsCaRef": None,
        },
        "image": {
            "registry": "cr.kgateway.dev",
            "repository": None,
            "tag": "v2.3.0",
            "digest": None,
            "pullPolicy": None,
        },
    }


def test_inputs_are_frozen_and_take_both_spellings() -> None:
    inputs = Inputs(controller_name="a", controlPlane={"xdsPort": 1})  # type: ignore[call-arg]
    assert (inputs.controller_name, inputs.control_plane.xds_port) == ("a", 1)
    with pytest.raises(ValidationError, match="frozen"):
        inputs.version = "2"  # type: ignore[misc]


# --- The file ---------------------------------------------------------------------------------------------


def test_a_file_holds_one_mapping(tmp_path: Path) -> None:
    file = tmp_path / "in.yaml"
    file.write_bytes(b"\xef\xbb\xbf# comment\r\nversion: '1.30'\r\ncontrolPlane: {xdsPort: 1}\r\n")
    assert read_inputs(file) == {"version": "1.30", "controlPlane": {"xdsPort": 1}}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "---\n---\n", "null\n"])
def test_an_empty_file_says_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "in.yaml"
    file.write_text(text)
    assert read_inputs(file) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- a\n", "in.yaml: must hold one mapping"),
        (b"a: 1\n---\nb: 1\n", "in.yaml: must hold one mapping"),
        (b"text\n", "in.yaml: must hold one mapping"),
        (b"a: 1\na: 2\n", "in.yaml:2: key 'a' appears twice in one mapping"),
        (b"a: [\n", "in.yaml:2: is not YAML"),
        (b"a: \xff\n", "in.yaml: is not UTF-8 text"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "in.yaml"
    file.write_bytes(content)
    with pytest.raises(InputsError) as caught:
        read_inputs(file)
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputsError, match=r"absent\.yaml: cannot be read: No such file"):
        read_inputs(tmp_path / "absent.yaml")
    with pytest.raises(InputsError, match="cannot be read: Is a directory"):
        read_inputs(tmp_path)


# --- The environment --------------------------------------------------------------------------------------


def test_variables_become_keys_and_stay_text() -> None:
    environ = {
        "PATH": "/bin",
        f"{P}CONTROLLER_NAME": "example.com/c",
        f"{P}CONTROL_PLANE__XDS_PORT": "1",
        f"{P}CONTROL_PLANE__XDS_CA_CERT": "a\nb",
        f"{P}IMAGE__TAG": "1.30",
        f"{P}VERSION": "",
    }
    assert inputs_from_environment(environ) == {
        "controllerName": "example.com/c",
        "controlPlane": {"xdsPort": "1", "xdsCaCert": "a\nb"},
        "image": {"tag": "1.30"},
    }


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("IMAGE__TAG", "1.30", "1.30"),
        ("IMAGE__TAG", "0x1F", "0x1F"),
        ("IMAGE__TAG", ".inf", ".inf"),
        ("IMAGE__TAG", "9" * 5000, "9" * 5000),
        ("IMAGE__TAG", "true", "true"),
        ("CONTROL_PLANE__XDS_PORT", "9978", 9978),
        ("CONTROL_PLANE__XDS_TLS", "true", True),
        ("CONTROL_PLANE__XDS_TLS", "no", False),
    ],
)
def test_the_models_make_of_text_what_they_want(name: str, text: str, value: Any) -> None:
    data = inputs_from_environment({P + name: text})
    inputs = validate_inputs(Inputs, data, "inputs").model_dump()
    for part in name.lower().split("__"):
        inputs = inputs[part]
    assert inputs == value


@pytest.mark.parametrize("model", [Inputs, GatewayInputs, InferenceInputs])
@pytest.mark.parametrize("data", [{}, {"image": None}])
def test_no_data_are_the_defaults(model: type[Inputs], data: dict[str, Any]) -> None:
    assert validate_inputs(model, data, "inputs") == model() == model.model_validate({})


def test_a_model_of_somebody_elses_is_asked_without_data_too() -> None:
    class Cautious(GatewayInputs):
        @model_validator(mode="after")
        def _never(self) -> Self:
            raise ValueError("say who you are")

    with pytest.raises(InputsError, match="say who you are"):
        validate_inputs(Cautious, {}, "inputs")


def test_a_required_key_is_asked_for_where_there_is_no_data() -> None:
    class Needing(Inputs):
        needed: str

    with pytest.raises(InputsError, match="needed"):
        validate_inputs(Needing, {}, "inputs")


def test_variables_that_contradict_each_other_are_refused() -> None:
    environ = {f"{P}IMAGE": "x", f"{P}IMAGE__TAG": "1", f"{P}IMAGE__DIGEST": "2"}
    with pytest.raises(InputsError) as caught:
        inputs_from_environment(environ)
    assert str(caught.value).splitlines() == [
        f"{P}IMAGE__{name}: contradicts {P}IMAGE; unset one of the two" for name in ("DIGEST", "TAG")
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CONTROL_PLANE__XDS_PORT", "70000", "must be at most 65535, is '70000'"),
        ("CONTROL_PLANE__XDS_PRT", "1", "unknown field 'xdsPrt'; did you mean 'xdsPort'?"),
        ("IMAGE", "nginx:1", "must be a mapping, not 'nginx:1'"),
    ],
)
def test_a_fault_of_the_environment_names_the_variable(name: str, text: str, message: str) -> None:
    environ = {P + name: text}
    with pytest.raises(InputsError) as caught:
        validate_inputs(Inputs, inputs_from_environment(environ), "in.yaml")
    [fault] = blame_environment(caught.value, environ).faults
    assert fault.subject == P + name
    assert str(fault).endswith(f": {message}")


def test_a_fault_of_the_file_stays_the_files() -> None:
    with pytest.raises(InputsError) as caught:
        validate_inputs(Inputs, {"version": 1}, "in.yaml")
    [fault] = blame_environment(caught.value, {f"{P}IMAGE__TAG": "1"}).faults
    assert fault.subject == "in.yaml"
