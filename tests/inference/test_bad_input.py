"""Bad input: one clear line for each fault, exit 2, and other pools unaffected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer import ParametersError
from gwdeployer.objects import Object
from tests.cli.running import Done, run
from tests.inference.numbers import case
from tests.inference.scenarios import MANAGED, alpha_pool, parameters, planned, pool

PLUGINS = [{"type": "queue-scorer"}]


def rendered(folder: Path, *objects: Object) -> Done:
    (folder / "pools.yaml").write_text(yaml.safe_dump_all(objects))
    return run("render", "-f", str(folder), "-o", "name")


@case(14)
@case(18)
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"profile": "router-0.11"}, "spec.profile: unknown profile 'router-0.11'"),
        ({"image": {"tag": "main"}}, "spec.image: unknown image"),
        (
            {"image": {"repository": "ours/epp", "tag": "v9.9.9"}},
            "spec.image: unknown image 'ours/epp:v9.9.9'",
        ),
        ({"ports": {"grpc": 70000}}, "spec.ports.grpc: "),
        ({"ports": {"grpc": 9003}}, "spec.ports.grpc: port 9003 is the health port"),
        ({"flags": {"pool-name": "x"}}, "spec.flags.pool-name: flag 'pool-name' is not to be set here"),
        ({"flags": {"config-text": "{}"}}, "flag 'config-text' is not to be set here"),
        ({"flags": {"lora-info-metric": "x"}}, "profile router-0.10 knows no flag 'lora-info-metric'"),
        ({"flags": {"drain-time": "1s"}}, "knows no flag 'drain-time'"),
        ({"flags": {"v": [1]}}, "spec.flags.v: "),
        ({"extraArgs": ["--tracing=true"]}, "spec.extraArgs[0]: 'tracing' would be there twice"),
        ({"config": {"apiVersion": "v1"}}, "spec.config.apiVersion: profile router-0.10 does not read 'v1'"),
        ({"config": {"kind": "Config"}}, "spec.config.kind: 'Config' is not an EndpointPickerConfig"),
        ({"config": {"plugin": []}}, "spec.config.plugin: unknown section 'plugin'"),
        ({"config": {"plugins": [{"name": "x"}]}}, "spec.config.plugins[0]: a plugin needs a type"),
        ({"config": {"plugins": PLUGINS * 2}}, "plugin 'queue-scorer' is there twice"),
        (
            {"config": {"schedulingProfiles": [{"name": "d", "plugins": [{"pluginRef": "x"}]}]}},
            "spec.config.schedulingProfiles[0].plugins[0].pluginRef: plugin 'x' is not declared",
        ),
        ({"profile": "lwepp-1.6", "config": {"plugins": []}}, "profile lwepp-1.6 reads no configuration"),
        (
            {"profile": "gie-1.5", "config": {"apiVersion": "llm-d.ai/v1alpha1"}},
            "profile gie-1.5 does not read",
        ),
        ({"profile": "gie-0.5"}, "profile gie-0.5 reads no pools of inference.networking.k8s.io"),
        ({"profile": "lwepp-1.6", "highAvailability": "LeaderElection"}, "elects no leader"),
        ({"profile": "lwepp-1.6", "tls": {"mode": "Secret", "secretName": "x"}}, "takes no certificate"),
        (
            {"profile": "gie-1.2", "tls": {"reload": True}},
            "spec.tls.reload: profile gie-1.2 has no flag for this",
        ),
        ({"profile": "lwepp-1.6", "verbosity": 0}, "spec.verbosity: profile lwepp-1.6 has no flag for this"),
        ({"profile": "gie-1.0", "metrics": {"authentication": False}}, "always authenticates"),
        ({"profile": "lwepp-1.6", "metrics": {"authentication": True}}, "never authenticates"),
        (
            {"profile": "gie-1.0", "tracing": {"enabled": True}},
            "spec.tracing.enabled: profile gie-1.0 has no flag for this",
        ),
        ({"profile": "gie-1.3", "modelServer": {"protocol": "grpc"}}, "reads no requests of such"),
        (
            {"profile": "lwepp-1.6", "modelServer": {"metrics": {"loraInfo": "x"}}},
            "takes no names of metrics",
        ),
        ({"tls": {"mode": "Secret"}}, "spec.tls.secretName: is needed where mode is Secret"),
        ({"overlays": {"clusterRole": {"metadata": {}}}}, "patches a ClusterRole, and none is rendered"),
    ],
)
def test_one_line_names_object_field_and_what_is_wrong(
    spec: dict[str, Any], message: str, tmp_path: Path
) -> None:
    owner = pool(annotations={"gwdeployer.dev/parameters": "given"})
    done = rendered(tmp_path, owner, parameters("given", **spec), pool("llama"))
    [line] = done.err.splitlines()
    assert done.code == 2
    assert message in line
    assert "EndpointPickerParameters ml/given" in line
    assert "deployment.apps/llama-epp" in done.out
    assert "qwen" not in done.out


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        (pool(ref={"name": "x"}), "spec.endpointPickerRef.port.number: a Service needs a port"),
        (
            pool(ref={"name": "x", "port": {"number": 0}}),
            "spec.endpointPickerRef.port.number: 0 is not a port",
        ),
        (alpha_pool(portNumber=99999), "spec.extensionRef.portNumber: 99999 is not a port"),
        (pool(ref={"name": "My_Picker", "port": {"number": 1}}), "'My_Picker' is not the name of a Service"),
        (pool(annotations={"gwdeployer.dev/parameters": "none"}), "ml/none does not exist"),
    ],
)
def test_what_is_wrong_with_a_pool(owner: Object, message: str, tmp_path: Path) -> None:
    done = rendered(tmp_path, owner)
    [line] = done.err.splitlines()
    assert (done.code, message in line, "InferencePool ml/qwen" in line) == (2, True, True), line


def test_two_pools_that_name_one_picker_are_both_told_and_others_are_not(tmp_path: Path) -> None:
    shared = {"name": "shared", "port": {"number": 9002}}
    done = rendered(tmp_path, pool("one", ref=shared), pool("two", ref=shared), pool("three"))
    assert (done.code, len(done.err.splitlines())) == (2, 2)
    assert "pool two (inference.networking.k8s.io/v1) has the same picker, shared" in done.err
    assert "deployment.apps/three-epp" in done.out


def test_a_pool_of_both_apis_has_one_picker_where_one_of_them_asks(tmp_path: Path) -> None:
    assert rendered(tmp_path, pool(), alpha_pool(annotations={})).code == 0
    assert rendered(tmp_path, pool(), alpha_pool(annotations=MANAGED)).code == 2


def test_render_says_why_a_pool_is_left_alone(tmp_path: Path) -> None:
    done = rendered(tmp_path, pool(annotations={}))
    assert done.code == 0
    assert "InferencePool ml/qwen" in done.err
    assert "nobody has asked for its endpoint picker" in done.err


def test_an_outdated_configuration_is_read_with_a_warning() -> None:
    config = {"apiVersion": "inference.networking.x-k8s.io/v1alpha1", "plugins": PLUGINS}
    plan = planned(pool(annotations={"gwdeployer.dev/parameters": "p"}), [parameters("p", config=config)])
    assert ["is read for compatibility only" in str(warning) for warning in plan.warnings] == [True]


def test_faults_of_both_layers_come_at_once() -> None:
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "ml", "annotations": {"gwdeployer.dev/parameters": "absent"}},
    }
    with pytest.raises(ParametersError) as caught:
        planned(pool(annotations={"gwdeployer.dev/parameters": "gone"}), [space])
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(("profile", "warned"), [("router-0.10", True), ("gie-1.3", False)])
def test_a_model_server_that_a_configuration_makes_void_is_warned_of(profile: str, warned: bool) -> None:
    server = {"metrics": {"queuedRequests": "queue"}}
    given = parameters("p", profile=profile, config={"plugins": PLUGINS}, modelServer=server)
    plan = planned(pool(annotations={"gwdeployer.dev/parameters": "p"}), [given])
    assert ["spec.modelServer: is not heeded" in str(one) for one in plan.warnings] == [True] * warned
