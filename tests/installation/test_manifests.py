"""What is applied to install a controller."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from gwdeployer.inputs import read_inputs
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.manifests import Installation, install_objects
from gwdeployer.objects import Object
from gwdeployer.plugins import configure, discover
from tests.support.schema import validate_object

ACCOUNT = Account("system", "controller")


def objects(**given: Any) -> list[Object]:
    plugins = configure(discover())
    definitions = [definition for plugin in plugins for definition in plugin.crds()]
    return install_objects(Installation("example.com/gwdeployer:1", ACCOUNT, **given), plugins, definitions)


def one(kind: str, found: Sequence[Object]) -> Object:
    (obj,) = [obj for obj in found if obj["kind"] == kind]
    return obj


def test_what_others_need_comes_first_and_nothing_is_there_twice() -> None:
    kinds = [obj["kind"] for obj in objects()]
    assert list(dict.fromkeys(kinds)) == [
        "Namespace",
        "CustomResourceDefinition",
        "ServiceAccount",
        "ConfigMap",
        "ClusterRole",
        "Role",
        "ClusterRoleBinding",
        "RoleBinding",
        "Service",
        "Deployment",
        "PodDisruptionBudget",
    ]
    names = [(obj["kind"], obj["metadata"]["name"]) for obj in objects()]
    assert len(set(names)) == len(names)


def test_every_object_is_valid_in_all_supported_versions_of_kubernetes() -> None:
    for obj in objects(namespaces=["shop"], replicas=3):
        assert obj["kind"] == "CustomResourceDefinition" or validate_object(obj)


def test_everything_that_a_namespace_holds_says_which() -> None:
    outside = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
    for obj in objects():
        assert obj["metadata"].get("namespace") == (None if obj["kind"] in outside else "system")


def test_the_pods_read_the_inputs_that_are_given() -> None:
    inputs = {"controllerName": "example.com/c", "controlPlane": {"xdsPort": 1}}
    found = objects(inputs=inputs)
    pod = one("Deployment", found)["spec"]["template"]["spec"]
    [container] = pod["containers"]
    [mount], [volume] = container["volumeMounts"], pod["volumes"]
    config_map = one("ConfigMap", found)
    assert f"--inputs={mount['mountPath']}/inputs.yaml" in container["args"]
    assert (volume["name"], volume["configMap"]["name"]) == (mount["name"], config_map["metadata"]["name"])
    assert yaml.safe_load(config_map["data"]["inputs.yaml"]) == inputs


def test_inputs_that_say_nothing_can_be_read_too(tmp_path: Path) -> None:
    path = tmp_path / "inputs.yaml"
    path.write_text(one("ConfigMap", objects())["data"]["inputs.yaml"])
    assert read_inputs(path) == {}


def test_pods_restart_when_the_inputs_change() -> None:
    templates = [
        one("Deployment", objects(inputs={"version": version}))["spec"]["template"] for version in ("1", "2")
    ]
    assert templates[0]["metadata"]["annotations"] != templates[1]["metadata"]["annotations"]


def test_replicas_elect_a_leader_by_the_lease_that_they_may_use() -> None:
    found = objects(replicas=3)
    deployment = one("Deployment", found)
    assert deployment["spec"]["replicas"] == 3
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--leader-elect", "--lease-namespace=system", "--lease-name=controller"} <= set(arguments)
    [role] = [obj for obj in found if obj["kind"] == "Role"]
    assert (role["metadata"]["namespace"], role["rules"][1]["resourceNames"]) == ("system", ["controller"])


def test_namespaces_narrow_the_rights_and_the_work_alike() -> None:
    found = objects(namespaces=["shop", "blog"])
    arguments = one("Deployment", found)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"--namespace=shop", "--namespace=blog"} <= set(arguments)
    roles = [obj["metadata"]["namespace"] for obj in found if obj["kind"] == "Role"]
    assert roles == ["shop", "blog", "default", "system"]


def test_service_and_disruption_budget_select_the_pods() -> None:
    found = objects()
    labels = one("Deployment", found)["spec"]["template"]["metadata"]["labels"]
    assert one("Service", found)["spec"]["selector"].items() <= labels.items()
    budget = one("PodDisruptionBudget", found)["spec"]
    assert budget["selector"]["matchLabels"].items() <= labels.items()
    assert budget["maxUnavailable"] == 1
