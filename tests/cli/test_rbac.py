"""``gwdeployer rbac``."""

from __future__ import annotations

import json

import yaml

from gwdeployer.objects import Object
from tests.cli.running import run


def objects(*arguments: object) -> list[Object]:
    done = run("rbac", *arguments)
    assert (done.code, done.err) == (0, "")
    return list(yaml.safe_load_all(done.out))


def test_prints_roles_and_bindings_for_the_account_of_an_install() -> None:
    printed = objects()
    assert [obj["kind"] for obj in printed] == ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
    account = {"kind": "ServiceAccount", "namespace": "gwdeployer-system", "name": "gwdeployer"}
    assert [obj["subjects"] for obj in printed if "subjects" in obj] == [[account], [account]]


def test_namespaces_narrow_it_and_json_is_one_list() -> None:
    done = run("rbac", "-n", "shop", "-n", "blog", "--service-account", "ops/deployer", "-o", "json")
    printed = json.loads(done.out)
    assert (printed["apiVersion"], printed["kind"]) == ("v1", "List")
    roles = [obj for obj in printed["items"] if obj["kind"] == "Role"]
    assert [obj["metadata"]["namespace"] for obj in roles] == ["shop", "blog", "default", "ops"]


def test_an_account_needs_a_namespace() -> None:
    for text in ("deployer", "/deployer", "ops/", "a/b/c"):
        done = run("rbac", "--service-account", text)
        assert done.code == 2
        assert f"'{text}' is no account; write NAMESPACE/NAME" in done.err


def test_help_has_an_example() -> None:
    assert "Example: gwdeployer rbac --namespace shop" in run("rbac", "--help").out
