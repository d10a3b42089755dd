"""The key of the sessions: made once, kept for ever, never shown, and the same for the same seed."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwdeployer import MemoryStore
from gwdeployer.charts import builtin_chart
from gwdeployer.deployer import Deployer
from gwdeployer_gateway import GATEWAY, AgentgatewayGenerator, GatewayInputs
from gwdeployer_gateway.session_keys import random_key, secret_name, seeded_key
from tests.cli.running import run
from tests.gateway.agentgateway_scenarios import CLASS, agentgateway, checksums, faults_of
from tests.gateway.scenarios import gateway, gateway_class

KEY = "0123456789abcdef" * 4


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def stored(**content: Any) -> dict[str, Any]:
    metadata = {"name": "web-session-key", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **content}


def key_of(outcome: Any) -> str:
    return base64.b64decode(outcome.kind("Secret")["data"]["key"]).decode()


def test_a_secret_with_32_bytes_in_hex_and_nothing_but_the_gateways_labels() -> None:
    made = agentgateway()
    secret = made.kind("Secret")
    assert re.fullmatch(r"[0-9a-f]{64}", key_of(made))
    assert secret["type"] == "Opaque"
    assert secret["metadata"] == {
        "name": "web-session-key",
        "namespace": "shop",
        "labels": {
            "gateway.networking.k8s.io/gateway-class-name": CLASS,
            "gateway.networking.k8s.io/gateway-name": "web",
        },
    }
    reference = {"secretKeyRef": {"name": "web-session-key", "key": "key"}}
    assert {"name": "SESSION_KEY", "valueFrom": reference} in made.proxy["env"]


def test_two_gateways_have_two_keys() -> None:
    assert key_of(agentgateway()) != key_of(agentgateway())
    assert random_key({}) != random_key({})


@pytest.mark.parametrize("content", [{"data": {"key": encoded(KEY)}}, {"stringData": {"key": KEY}}])
def test_the_key_that_is_there_is_kept(content: dict[str, Any]) -> None:
    made = agentgateway(others=[stored(**content)])
    assert key_of(made) == KEY
    assert checksums(made)["checksum/session-key"] == hashlib.sha256(KEY.encode()).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"data": None},
        {"data": "secret, and no mapping", "stringData": []},
        {"stringData": {"key": 12}},
        {"data": {"other": encoded(KEY)}},
        {"data": {"key": encoded("too short, and secret")}},
        {"data": {"key": "*** secret, and no base64 ***"}},
        {"data": {"key": base64.b64encode(b"\xff secret").decode()}},
    ],
)
def test_a_secret_without_a_key_is_refused_and_never_shown(content: dict[str, Any]) -> None:
    [fault] = faults_of(others=[stored(**content)])
    assert fault.startswith(
        "Secret shop/web-session-key data.key: holds no session key (32 bytes in hex); delete"
    )
    assert "secret, and" not in fault


@pytest.mark.parametrize("level", ["own", "of_class"])
def test_a_key_of_the_users_own_on_either_level(level: str) -> None:
    env = [{"name": "SESSION_KEY", "valueFrom": {"secretKeyRef": {"name": "mine", "key": "k"}}}]
    scene: dict[str, Any] = {level: {"env": env}}
    made = agentgateway(**scene)
    assert all(obj["kind"] != "Secret" for obj in made.plan.objects)
    assert made.plan.create_only == frozenset()
    assert set(checksums(made)) == {"checksum/config"}
    assert [one for one in made.proxy["env"] if one["name"] == "SESSION_KEY"] == env


def test_a_new_secret_in_the_store_makes_a_new_plan_and_no_change_keeps_it() -> None:
    store = MemoryStore([gateway_class(CLASS), owner := gateway(class_name=CLASS)])
    generator = AgentgatewayGenerator(GatewayInputs(), session_key=lambda _: "f" * 64)
    deployer = Deployer(
        GATEWAY, controller_name="c", chart=builtin_chart("agentgateway"), generator=generator
    )
    first = deployer.plan(owner, store)
    assert deployer.plan(owner, store) is first
    store.add(stored(data={"key": encoded(KEY)}))
    [secret] = [obj for obj in deployer.plan(owner, store).objects if obj["kind"] == "Secret"]
    assert secret["data"] == {"key": encoded(KEY)}


def test_a_seed_makes_keys_that_depend_on_the_owner_and_on_nothing_else() -> None:
    owners = [gateway(name, namespace=home) for name in ("a", "b") for home in ("x", "y")]
    keys = [seeded_key(seed)(owner) for seed in ("s", "t") for owner in owners]
    assert len(set(keys)) == 8
    assert seeded_key("s")(gateway("a", namespace="x")) == keys[0]
    assert all(re.fullmatch(r"[0-9a-f]{64}", key) for key in keys)


@pytest.mark.parametrize("name", ["web", "x" * 63, "x" * 64, "1.web", "x" * 253])
def test_every_name_makes_a_legal_one(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,62}", secret_name(gateway(name)))


def test_render_with_a_seed_prints_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.safe_dump_all([gateway_class(CLASS), gateway(class_name=CLASS)]), encoding="utf-8")
    arguments = "render", "-f", file
    seeded = [run(*arguments, "--seed", seed).out for seed in ("a", "a", "b")]
    assert seeded[0] == seeded[1] != seeded[2]
    assert "web-session-key" in seeded[0]
    assert run(*arguments).out not in seeded
