"""``gwdeployer render``: what it reads, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.running import run
from tests.cli.scene import CLASS, REFERS, THEIRS, gateway, parameters, stream

KINDS = ["ServiceAccount", "ConfigMap", "Service", "Deployment"]


def test_yaml_names_each_owner_before_its_objects() -> None:
    done = run(
        "render", "-f", "-", stdin=stream(CLASS, gateway("b"), gateway("a"), gateway("a", namespace="z"))
    )
    assert (done.code, done.err) == (0, "")
    owners = [line for line in done.out.splitlines() if line.startswith("#")]
    assert owners == ["# owner: Gateway shop/a", "# owner: Gateway shop/b", "# owner: Gateway z/a"]
    documents = list(yaml.safe_load_all(done.out))
    assert [document["kind"] for document in documents] == KINDS * 3
    assert [document["metadata"]["namespace"] for document in documents] == ["shop"] * 8 + ["z"] * 4


def test_json_is_one_list() -> None:
    done = run("render", "-f", "-", "-o", "json", stdin=stream(CLASS, gateway("b"), gateway("a")))
    found = json.loads(done.out)
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")
    assert [item["kind"] for item in found["items"]] == KINDS * 2
    yaml_objects = list(
        yaml.safe_load_all(run("render", "-f", "-", stdin=stream(CLASS, gateway("b"), gateway("a"))).out)
    )
    assert found["items"] == yaml_objects


def test_names_are_as_kubectl_writes_them() -> None:
    done = run("render", "-f", "-", "-o", "name", stdin=stream(CLASS, gateway()))
    assert done.out == "serviceaccount/web\nconfigmap/web\nservice/web\ndeployment.apps/web\n"


def test_the_tree_shows_what_matters() -> None:
    text = stream(CLASS, gateway(more=REFERS), parameters("{kube: {deployment: {replicas: 3}}}"))
    done = run("render", "-f", "-", "-o", "tree", stdin=text)
    assert done.out.splitlines() == [
        "Gateway shop/web",
        "├── ServiceAccount web",
        "├── ConfigMap web: xds_service_account_token.json, envoy.yaml",
        "├── Service web: LoadBalancer on 80/TCP",
        "└── Deployment web: 3 replicas of kgateway-proxy (cr.kgateway.dev/envoy-wrapper:v2.3.0)",
    ]


@pytest.mark.parametrize(("output", "nothing"), [("yaml", ""), ("name", ""), ("tree", "")])
def test_nothing_to_deploy_prints_nothing(output: str, nothing: str) -> None:
    done = run("render", "-f", "-", "-o", output, stdin=CLASS)
    assert (done.code, done.out) == (0, nothing)


def test_an_empty_list_is_still_a_list() -> None:
    done = run("render", "-f", "-", "-o", "json", stdin=CLASS)
    assert json.loads(done.out) == {"apiVersion": "v1", "kind": "List", "items": []}


def test_a_second_run_prints_the_same() -> None:
    text = stream(CLASS, gateway("b"), gateway("a"))
    assert run("render", "-f", "-", stdin=text) == run("render", "-f", "-", stdin=text)


# --- What is read -----------------------------------------------------------------------------------------


def test_files_folders_and_standard_input_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/a.yaml").write_text(gateway("a"))
    (tmp_path / "deep/er/b.yml").write_text(gateway("b"))
    (tmp_path / "deep/c.json").write_text(json.dumps(yaml.safe_load(gateway("c"))))
    (tmp_path / "deep/README.md").write_text("not: [read")
    (tmp_path / "one.txt").write_text(gateway("d"))
    done = run(
        "render", "-f", tmp_path / "deep", "-f", tmp_path / "one.txt", "-f", "-", "-o", "name", stdin=CLASS
    )
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith("service/")] == [
        f"service/{name}" for name in "abcd"
    ]


def test_lists_are_taken_apart_and_other_kinds_ignored() -> None:
    items = [yaml.safe_load(document) for document in (CLASS, gateway())]
    inner = {"apiVersion": "v1", "kind": "List", "items": items}
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "r"},
        "spec": 7,
    }
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [inner, route]})
    done = run("render", "-f", "-", "-o", "name", stdin=text)
    assert (done.code, done.err) == (0, "")
    assert "service/web" in done.out


@pytest.mark.parametrize("variant", ["\ufeff{}", "{}\n...\n", "%YAML 1.1\n---\n{}", "# c\n{}\n"])
def test_harmless_oddities_of_files_change_nothing(variant: str) -> None:
    text = variant.replace("{}", gateway())
    done = run("render", "-f", "-", "--class", "ours", "-o", "name", stdin=text.replace("\n", "\r\n"))
    assert (done.code, done.err, len(done.out.splitlines())) == (0, "", 4)


def test_json_may_escape_characters_beyond_the_basic_plane() -> None:
    found = yaml.safe_load(gateway(more='infrastructure: {annotations: {a: "\U0001f600"}}, '))
    done = run("render", "-f", "-", "--class", "ours", "-o", "json", stdin=json.dumps(found))
    assert json.loads(done.out)["items"][0]["metadata"]["annotations"] == {"a": "\U0001f600"}


def test_an_object_given_twice_is_a_warning_and_the_later_counts() -> None:
    older = gateway(port=81).replace("k8s.io/v1", "k8s.io/v1beta1")
    done = run("render", "-f", "-", "-o", "tree", stdin=stream(CLASS, CLASS, older, gateway(port=82)))
    assert done.code == 0
    assert done.warnings == ["Gateway shop/web: is given twice; the later one counts"]
    assert "on 82/TCP" in done.out


def test_the_class_may_stand_anywhere() -> None:
    assert run("render", "-f", "-", stdin=stream(gateway(), CLASS)).code == 0


# --- Whose it is ------------------------------------------------------------------------------------------


def test_owners_that_are_left_alone_are_named_with_the_reason() -> None:
    text = stream(
        CLASS,
        THEIRS,
        gateway("theirs", class_name="istio"),
        gateway("lost", class_name="none"),
        gateway("shut", port=9091),
        gateway(more=REFERS),
        parameters("{selfManaged: {}}"),
    )
    done = run("render", "-f", "-", stdin=text)
    assert (done.code, done.out, done.errors) == (0, "", [])
    assert sorted(done.notes) == [
        "Gateway shop/lost is left alone: GatewayClass none does not exist",
        "Gateway shop/shut is left alone: no listener has a port that can be served",
        "Gateway shop/theirs is left alone: GatewayClass istio belongs to 'istio.io/gateway-controller', "
        "not to us ('gwdeployer.dev/gateway-controller')",
        "Gateway shop/web is left alone: its parameters say selfManaged: somebody else deploys the proxy",
    ]
    assert done.warnings == [
        "Gateway shop/shut spec.listeners[0].port: port 9091 is the proxy's own (metrics): "
        "the listener is not served; choose another port"
    ]


@pytest.mark.parametrize("others", [[], [THEIRS]])
def test_a_class_may_be_treated_as_ours(others: list[str]) -> None:
    text = stream(*others, gateway(class_name="istio"), gateway("b", class_name="another"))
    done = run("render", "-f", "-", "--class", "istio", "--class", "another", "-o", "name", stdin=text)
    assert (done.code, done.err, len(done.out.splitlines())) == (0, "", 8)


def test_warnings_are_no_faults() -> None:
    done = run("render", "-f", "-", stdin=stream(CLASS, gateway(more="tomorrow: 1, ")))
    assert done.code == 0
    assert len(done.warnings) == 1
    assert done.warnings[0].startswith("Gateway shop/web spec.tomorrow: unknown field 'tomorrow' is ignored")
    assert "kind: Deployment" in done.out


# --- Inputs -----------------------------------------------------------------------------------------------


def test_inputs_come_from_a_file_and_over_it_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_text("controllerName: example.com/c\nimage: {registry: r.example.com, tag: '1.30'}\n")
    ours = CLASS.replace("gwdeployer.dev/gateway-controller", "example.com/c")
    environ = {"GWDEPLOYER_INPUTS_IMAGE__TAG": "1.31", "GWDEPLOYER_INPUTS_IMAGE__PULL_POLICY": ""}
    text = stream(ours, gateway())
    done = run("render", "-f", "-", "--inputs", file, "-o", "tree", stdin=text, env=environ)
    assert (done.code, done.err) == (0, "")
    assert "(r.example.com/envoy-wrapper:1.31)" in done.out


def test_an_odd_name_cannot_forge_a_line() -> None:
    done = run("render", "-f", "-", stdin=stream(CLASS, gateway('"a\\nkind: Evil"')))
    assert (done.code, done.out) == (2, "")
    assert done.errors == [
        "Gateway metadata.name: 'a\\nkind: Evil' is not a name Kubernetes accepts; "
        "use lower-case letters, digits, - and . (at most 253)"
    ]


def test_an_odd_class_name_cannot_paint_the_terminal() -> None:
    done = run("render", "-f", "-", stdin=gateway(class_name='"\\e[2J"'))
    assert "\x1b" not in done.err
    assert done.notes == ["Gateway shop/web is left alone: GatewayClass \\x1b[2J does not exist"]


# --- values -----------------------------------------------------------------------------------------------


def test_values_are_printed_for_all_owners_or_one() -> None:
    text = stream(CLASS, gateway("a"), gateway("b"), gateway("a", namespace="z"))
    done = run("values", "-f", "-", stdin=text)
    assert (done.code, done.err) == (0, "")
    assert [line for line in done.out.splitlines() if line.startswith("#")] == [
        "# values: Gateway shop/a",
        "# values: Gateway shop/b",
        "# values: Gateway z/a",
    ]
    found = [document["gateway"]["gatewayName"] for document in yaml.safe_load_all(done.out)]
    assert found == ["a", "b", "a"]
    one = run("values", "-f", "-", "gateway/a", "-n", "z", "-o", "json", stdin=text)
    assert json.loads(one.out)["Gateway z/a"]["gateway"]["gatewayNamespace"] == "z"
    assert len(json.loads(run("values", "-f", "-", "a", "-o", "json", stdin=text).out)) == 2


def test_values_of_an_owner_that_is_not_there() -> None:
    done = run("values", "-f", "-", "Gateway/x", stdin=stream(CLASS, gateway("a")))
    assert done.code == 2
    assert "no such owner in these files; there are: Gateway/a" in done.err


def test_values_of_broken_owners_tell_the_faults() -> None:
    done = run("values", "-f", "-", "Gateway/a", stdin=stream(CLASS, gateway("a", port=70000)))
    assert (done.code, done.out) == (2, "")
    assert done.errors == ["Gateway shop/a spec.listeners[0].port: must be at most 65535, is 70000"]


# --- Help and usage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["render", "values"])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_has_an_example_and_the_plugins_options(command: str, flag: str) -> None:
    done = run(command, flag)
    assert done.code == 0
    assert f"Example: gwdeployer {command} -f " in done.out
    assert "--class NAME" in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["render"], "Missing option '-f'"),
        (["render", "-f", "x", "-o", "xml"], "'xml' is not one of 'yaml', 'json', 'name', 'tree'"),
        (["rendr"], "No such command 'rendr'"),
        (["render", "--nope"], "--nope"),
        (["values", "-f", "-", "-o", "tree"], "'tree' is not one of 'yaml', 'json'"),
    ],
)
def test_wrong_usage_ends_in_2_and_says_how(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert message in done.err


def test_the_version_is_shown() -> None:
    assert run("--version").out.startswith("gwdeployer, version ")
