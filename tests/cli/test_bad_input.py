"""Bad input: one line a fault, with object, field, layer and what to do; all at once, the rest rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Done, run
from tests.cli.scene import CLASS, REFERS, gateway, parameters, stream

SOUND = stream(CLASS, gateway("sound"))


def render(*documents: str, arguments: tuple[object, ...] = ()) -> Done:
    """Render a sound Gateway beside what is broken: it must come out whatever else happens."""
    done = run("render", "-f", "-", *arguments, "-o", "name", stdin=stream(SOUND, *documents))
    assert done.code == 2
    assert done.out == "serviceaccount/sound\nconfigmap/sound\nservice/sound\ndeployment.apps/sound\n"
    assert done.notes == []
    return done


def of_parameters(spec: str) -> list[str]:
    return render(gateway(more=REFERS), parameters(spec)).errors


def test_not_yaml() -> None:
    [error] = render("a: [\n").errors
    assert error.startswith("standard input:12: is not YAML: ")


def test_a_duplicate_key() -> None:
    assert render("kind: A\nkind: B\n").errors == [
        "standard input:12: key 'kind' appears twice in one mapping; remove one of the two"
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("text\n", "'text' is not an object; every document needs apiVersion, kind and metadata.name"),
        ("[1]\n", "[1] is not an object; every document needs apiVersion, kind and metadata.name"),
        (
            "kind: Gateway\nmetadata: {}\n",
            "an object has no apiVersion (it has: kind, metadata); "
            "every document needs apiVersion, kind and metadata.name",
        ),
        ("apiVersion: v1\nkind: A\nmetadata: []\n", "metadata of a A is not a mapping; every document needs "
         "apiVersion, kind and metadata.name"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: 7}\n", "metadata.name of a A is 7, not text; quote it"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {namespace: yes}\n",
            "metadata.namespace of a A is True, not text; quote it",
        ),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: a, labels: [b]}\n",
            "metadata.labels of a A is not a mapping; write key: value pairs",
        ),
        (
            "apiVersion: v1\nkind: List\nitems: text\n",
            "'text' is not an object; every document needs apiVersion, kind and metadata.name",
        ),
    ],
)  # fmt: skip
def test_documents_that_are_no_objects(document: str, message: str) -> None:
    assert render(document).errors == [f"standard input: {message}"]


def test_an_owner_without_a_name() -> None:
    nameless = gateway().replace("name: web, ", "")
    assert render(nameless).errors == ["Gateway metadata.name: has no name; give it one"]


def test_an_unknown_field_in_parameters() -> None:
    assert of_parameters("{kube: {deployment: {replicaz: 1}}}") == [
        "GatewayParameters shop/web spec.kube.deployment.replicaz: unknown field 'replicaz' "
        "(from Gateway web); did you mean 'replicas'?"
    ]


def test_a_wrong_type_in_parameters() -> None:
    assert of_parameters('{kube: {deployment: {replicas: "3"}}}') == [
        "GatewayParameters shop/web spec.kube.deployment.replicas: must be an integer, not '3' "
        "(from Gateway web); write 3 without quotes"
    ]


def test_an_out_of_range_port_in_parameters() -> None:
    assert of_parameters("{kube: {service: {ports: [{port: 0}, {port: 70000}]}}}") == [
        "GatewayParameters shop/web spec.kube.service.ports[0].port: must be at least 1, is 0 "
        "(from Gateway web)",
        "GatewayParameters shop/web spec.kube.service.ports[1].port: must be at most 65535, is 70000 "
        "(from Gateway web)",
    ]


def test_an_out_of_range_port_in_a_gateway() -> None:
    assert render(gateway(port=70000)).errors == [
        "Gateway shop/web spec.listeners[0].port: must be at most 65535, is 70000"
    ]


def test_a_reference_to_nothing() -> None:
    assert render(gateway(more=REFERS)).errors == [
        "Gateway shop/web spec.infrastructure.parametersRef.name: GatewayParameters shop/web does not exist; "
        "create it, or correct the reference"
    ]


def test_a_reference_to_a_foreign_kind() -> None:
    foreign = REFERS.replace("kind: GatewayParameters", "kind: ConfigMap").replace(
        "gateway.kgateway.dev", "''"
    )
    [error] = render(gateway(more=foreign)).errors
    assert error.startswith(
        "Gateway shop/web spec.infrastructure.parametersRef.kind: "
        "this data plane has no parameters of kind ConfigMap"
    )
    assert error.endswith("; refer to a GatewayParameters.gateway.kgateway.dev")


def test_the_layer_of_a_class_is_named() -> None:
    ours = CLASS.replace("ours", "mine").replace(
        "spec: {",
        "spec: {parametersRef: {group: gateway.kgateway.dev, kind: GatewayParameters, "
        "name: p, namespace: x}, ",
    )
    broken = parameters("{kube: {deployment: {replicas: -1}}}", "p", "x")
    assert render(ours, gateway(class_name="mine"), broken).errors == [
        "GatewayParameters x/p spec.kube.deployment.replicas: must be at least 0, is -1 "
        "(from GatewayClass mine)"
    ]


def test_a_fault_of_a_class_that_several_gateways_share_is_told_once() -> None:
    ours = CLASS.replace("ours", "mine").replace("spec: {", "spec: {parametersRef: {kind: 7}, ")
    gateways = [gateway(name, class_name="mine") for name in ("a", "b", "c")]
    errors = render(ours, *gateways).errors
    assert sorted(errors) == sorted(set(errors))
    assert any(
        error.startswith("GatewayClass mine spec.parametersRef.kind: must be a string, not 7")
        for error in errors
    )


def test_all_faults_of_a_run_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4\n")
    (tmp_path / "twice.yaml").write_text("a: 1\na: 2\n---\nb: 1\nb: 2\n")
    (tmp_path / "empty").mkdir()
    absent = tmp_path / "absent.yaml"
    arguments = [argument for path in (tmp_path, tmp_path / "empty", absent, "") for argument in ("-f", path)]
    errors = render("a: [\n", gateway("x", port=-1), gateway(more=REFERS), arguments=tuple(arguments)).errors
    starts = [
        "standard input:12: is not YAML",
        f"{tmp_path}/latin.yaml: is not UTF-8 text",
        f"{tmp_path}/twice.yaml:2: key 'a' appears twice",
        f"{tmp_path}/twice.yaml:5: key 'b' appears twice",
        f"{tmp_path}/empty: holds no .yaml, .yml or .json file",
        f"{absent}: cannot be read: No such file or directory",
        "the name of a file is empty; name a file, a folder, or -",
        "Gateway shop/web spec.infrastructure.parametersRef.name: ",
        "Gateway shop/x spec.listeners[0].port: must be at least 0, is -1",
    ]
    assert len(errors) == len(starts)
    assert [error for error, start in zip(errors, starts, strict=True) if not error.startswith(start)] == []


def test_a_fault_is_told_once_however_often_it_is_found() -> None:
    assert len(render("kind: A\n", "kind: A\n").errors) == 1


def inputs(text: str, tmp_path: Path, **environ: str) -> list[str]:
    file = tmp_path / "in.yaml"
    file.write_text(text)
    done = run("render", "-f", "-", "--inputs", file, stdin=SOUND, env=environ)
    assert (done.code, done.out) == (2, "")
    return [error.replace(f"{file} ", "").replace(str(file), "in.yaml") for error in done.errors]


def test_wrong_inputs_of_all_plugins_come_at_once(tmp_path: Path) -> None:
    assert inputs(
        "versoin: 1\nimage: {tag: 1.30}\ndataPlane: nginx\nistio: {autoEnable: true}\n", tmp_path
    ) == [
        "versoin: unknown key 'versoin'; did you mean 'version'?",
        "image.tag: must be a string, not 1.3; write it in quotes",
        "dataPlane: must be 'envoy' or 'agentgateway', is 'nginx'",
        "istio.autoEnable: unknown field 'autoEnable'; did you mean 'autoEnabled'?",
    ]


def test_wrong_inputs_of_the_environment_name_the_variable(tmp_path: Path) -> None:
    assert inputs("", tmp_path, GWDEPLOYER_INPUTS_CONTROL_PLANE__XDS_PORT="x") == [
        "GWDEPLOYER_INPUTS_CONTROL_PLANE__XDS_PORT controlPlane.xdsPort: Input should be a valid integer, "
        "unable to parse string as an integer"
    ]
    assert inputs("", tmp_path, GWDEPLOYER_INPUTS_VERSOIN="x") == [
        "GWDEPLOYER_INPUTS_VERSOIN versoin: unknown key 'versoin'; did you mean 'version'?"
    ]


def test_inputs_that_cannot_be_read(tmp_path: Path) -> None:
    done = run("render", "-f", "-", "--inputs", tmp_path / "absent.yaml", stdin=SOUND)
    assert (done.code, done.out) == (2, "")
    assert done.errors == [f"{tmp_path}/absent.yaml: cannot be read: No such file or directory"]
    [error] = inputs("a: [\n", tmp_path)
    assert error.startswith("in.yaml:2: is not YAML: ")


def test_tls_without_a_ca(tmp_path: Path) -> None:
    file = tmp_path / "in.yaml"
    file.write_text("controlPlane: {xdsTls: true}\n")
    done = run("render", "-f", "-", "--inputs", file, stdin=SOUND)
    assert done.code == 2
    assert "set controlPlane.xdsCaCert" in done.err
    assert len(done.errors) == 1
