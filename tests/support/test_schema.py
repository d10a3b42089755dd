"""The schema check must pass what Kubernetes accepts and name what it would reject."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.schema import validate_object

GOLDENS = Path(__file__).parents[2].parent / "shared/data/goldens/kgateway"

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gw"}, "data": {"a": "b"}}


def _deployment() -> dict[str, Any]:
    labels = {"app": "gw"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "gw"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [{"name": "proxy", "image": "envoy", "ports": [{"containerPort": 80}]}]
                },
            },
        },
    }


def _without_artefacts(node: Any) -> Any:
    """Drop what Go's serialiser leaves in golden data: nulls, which include every creationTimestamp."""
    if isinstance(node, dict):
        return {key: _without_artefacts(value) for key, value in node.items() if value is not None}
    return [_without_artefacts(item) for item in node] if isinstance(node, list) else node


def _golden_objects() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.name, _without_artefacts({key: value for key, value in obj.items() if key != "status"}))
        for path in sorted(GOLDENS.glob("*-out.yaml"))
        for obj in yaml.safe_load_all(path.read_text())
        if obj
    ]


@pytest.mark.skipif(not GOLDENS.is_dir(), reason="shared/ with kgateway's golden data is not here")
def test_golden_objects_pass_but_for_the_custom_resource() -> None:
    unknown = {obj["kind"] for _, obj in _golden_objects() if not validate_object(obj)}
    assert unknown == {"VerticalPodAutoscaler"}


def test_sound_objects_pass() -> None:
    assert validate_object(CONFIG_MAP)
    assert validate_object(_deployment())


def test_a_misspelt_field_is_named_with_object_path_and_version() -> None:
    deployment = _deployment()
    deployment["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    with pytest.raises(AssertionError) as caught:
        validate_object(deployment)
    for version, line in zip(("1.25", "1.37"), str(caught.value).splitlines(), strict=True):
        assert line.startswith(f"Deployment gw (Kubernetes {version}): spec.template.spec.containers[0]: ")
        assert "'imagee'" in line


def test_a_wrong_type_is_named() -> None:
    deployment = _deployment()
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = "80"
    with pytest.raises(AssertionError, match=r"containers\[0\]\.ports\[0\]\.containerPort"):
        validate_object(deployment)


def test_a_custom_resource_is_left_unchecked_and_said_so() -> None:
    assert not validate_object({"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler"})


def test_a_kind_that_one_version_lacks_is_a_fault() -> None:
    removed = {
        "apiVersion": "autoscaling/v2beta2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "gw"},
    }
    with pytest.raises(AssertionError, match=r"Kubernetes 1\.37\): no autoscaling/v2beta2"):
        validate_object(removed)
