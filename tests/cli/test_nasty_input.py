"""Input that nobody should write: every run ends in 0 or 2 with lines for people, never in a traceback."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Done, run

HEAD = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n"
META = "metadata: {name: web, namespace: shop}\n"
SPEC = "spec: {gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP}]}\n"
GATEWAY = HEAD + META + SPEC
PARAMETERS = "apiVersion: gateway.kgateway.dev/v1alpha1\nkind: GatewayParameters\n" + META


def render(text: str | bytes, *arguments: str) -> Done:
    done = run("render", "-f", "-", "--class", "c", *arguments, stdin=text)
    assert done.code in (0, 2)
    assert "Traceback" not in done.err
    assert bool(done.errors) == (done.code == 2)
    for fault in done.errors:
        assert len(fault) < 2000
    return done


DEEP = "[" * 5000 + "]" * 5000
SPECS = [
    "null",
    "[]",
    "text",
    "7",
    "true",
    "{}",
    "{gatewayClassName: null}",
    "{gatewayClassName: [c]}",
    "{gatewayClassName: 7}",
    "{gatewayClassName: ''}",
    *[
        f"{{gatewayClassName: c, {rest}}}"
        for rest in (
            "listeners: null",
            "listeners: {}",
            "listeners: text",
            "listeners: [null]",
            "listeners: [text, 7]",
            "listeners: [[]]",
            "listeners: [{}]",
            "listeners: [{port: [80]}]",
            "listeners: [{port: 80.5, protocol: HTTP}]",
            "listeners: [{port: 8e1, protocol: HTTP}]",
            "listeners: [{port: true, protocol: HTTP}]",
            "listeners: [{port: 1e400, protocol: HTTP}]",
            f"listeners: [{{port: {'9' * 5000}, protocol: HTTP}}]",
            f"listeners: [{{port: 0x{'f' * 5000}, protocol: HTTP}}]",
            f"listeners: [{{port: {'9' * 4000}, protocol: HTTP}}]",
            "listeners: [{port: 80, protocol: [HTTP]}]",
            "infrastructure: []",
            "infrastructure: {labels: []}",
            "infrastructure: {labels: {a: null}}",
            "infrastructure: {labels: {a: {b: c}}}",
            "infrastructure: {annotations: {a: 1}}",
            "infrastructure: {parametersRef: web}",
            "infrastructure: {parametersRef: {name: web}}",
            "infrastructure: {parametersRef: {group: [], kind: {}, name: 7}}",
            "addresses: {}",
            "addresses: [null, 7]",
            "addresses: [{value: 7}]",
            "addresses: [{type: IPAddress, value: [1]}]",
            "allowedListeners: []",
            "allowedListeners: {namespaces: {from: 7}}",
            "allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: []}}}",
            "listeners: [{name: a, port: 80, protocol: HTTP}], ? [complex, key] : 1",
            "listeners: [{name: a, port: 80, protocol: HTTP}], <<: {}",
            "listeners: [{name: a, port: 80, protocol: HTTP}], <<: text",
            "listeners: [{name: a, port: 80, protocol: HTTP}], *a : 1",
            'listeners: [{name: "\\ud800", port: 80, protocol: "\\ud800"}]',
            "listeners: [{name: a, port: 80, protocol: HTTP}], 7: 8, null: 9, true: 1, 1.5: 2",
        )
    ],
]


@pytest.mark.parametrize("spec", SPECS, ids=[spec[:70] for spec in SPECS])
def test_a_gateways_spec_may_be_anything(spec: str) -> None:
    render(f"{HEAD}{META}spec: {spec}\n")


METADATA = [
    "null",
    "[]",
    "text",
    "7",
    "{}",
    "{name: null}",
    "{name: 7}",
    "{name: true}",
    "{name: [web]}",
    "{name: ''}",
    "{namespace: shop}",
    "{name: web, namespace: 7}",
    "{name: web, namespace: [shop]}",
    "{name: web, namespace: {a: b}}",
    "{name: web, namespace: ''}",
    "{name: web, labels: []}",
    "{name: web, labels: text}",
    "{name: web, labels: {a: 1}}",
    "{name: web, annotations: []}",
    "{name: web, uid: 7}",
    "{name: web, uid: [7]}",
    "{name: web, resourceVersion: [7]}",
    '{name: "a\\nkind: Evil"}',
    '{name: "\\e[31mred"}',
    '{name: "\\ud800"}',
    '{name: "\\0"}',
    f"{{name: {'a' * 300}}}",
    f"{{name: {'a' * 100000}}}",
    "{name: Upper}",
    "{name: a b}",
    "{name: -a}",
    "{generateName: web-}",
]


@pytest.mark.parametrize("metadata", METADATA, ids=[metadata[:40] for metadata in METADATA])
@pytest.mark.parametrize("output", ["yaml", "json", "name", "tree"])
def test_metadata_may_be_anything(metadata: str, output: str) -> None:
    render(f"{HEAD}metadata: {metadata}\n{SPEC}", "-o", output)


@pytest.mark.parametrize("kind", ["GatewayClass", "ListenerSet", "GatewayParameters", "Namespace"])
@pytest.mark.parametrize(
    "metadata", ["{name: c, labels: []}", "{name: [c]}", "null", "{name: c, namespace: 7}"]
)
@pytest.mark.parametrize(
    "spec", ["null", "[]", "text", "{parentRef: {name: web, namespace: shop}, listeners: 7}"]
)
def test_what_is_read_besides_may_be_anything(kind: str, metadata: str, spec: str) -> None:
    group = {"Namespace": "v1", "GatewayParameters": "gateway.kgateway.dev/v1alpha1"}
    version = group.get(kind, "gateway.networking.k8s.io/v1")
    listeners = "listeners: [{port: 80, protocol: HTTP}]"
    allowed = f"{{gatewayClassName: c, {listeners}, allowedListeners: {{namespaces: {{from: All}}}}}}"
    gateway = f"{HEAD}metadata: {{name: web, namespace: shop}}\nspec: {allowed}\n"
    render(f"{gateway}---\napiVersion: {version}\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n")


KUBES = [
    "null",
    "[]",
    "text",
    "{envoyContainer: text}",
    "{envoyContainer: {env: {A: b}}}",
    "{envoyContainer: {env: [A]}}",
    "{envoyContainer: {env: [{value: a}]}}",
    "{envoyContainer: {env: [{name: [A]}]}}",
    "{envoyContainer: {env: [null]}}",
    "{envoyContainer: {extraVolumeMounts: [{}]}}",
    "{envoyContainer: {image: nginx}}",
    "{envoyContainer: {image: {tag: 1.30}}}",
    "{envoyContainer: {extraArgs: []}}",
    "{envoyContainer: {extraArgs: [--a, 1]}}",
    "{envoyContainer: {resources: {limits: {cpu: [1]}}}}",
    "{envoyContainer: {bootstrap: {logFormat: {json: {a: .inf}}}}}",
    f"{{envoyContainer: {{bootstrap: {{logFormat: {{json: {{a: 0x{'f' * 5000}}}}}}}}}}}",
    f"{{envoyContainer: {{bootstrap: {{logFormat: {{json: {{a: {'9' * 4000}}}}}}}}}}}",
    '{envoyContainer: {bootstrap: {logFormat: {text: "\\ud800"}}}}',
    '{service: {extraAnnotations: {a: "\\ud800"}}}',
    "{envoyContainer: {bootstrap: {maxDownstreamConnections: 1e30}}}",
    "{service: {ports: [{port: 80}, {port: 80}]}}",
    "{service: {ports: {port: 80}}}",
    "{service: {type: Nonsense}}",
    "{podTemplate: {extraVolumes: [{emptyDir: {}}]}}",
    "{podTemplate: {affinity: []}}",
    "{podTemplate: {tolerations: [text]}}",
    "{podTemplate: {readinessProbe: {httpGet: text}}}",
    "{deployment: {replicas: -1}}",
    "{deployment: {replicas: 1e30}}",
    "{deploymentOverlay: text}",
    "{deploymentOverlay: {spec: []}}",
    "{deploymentOverlay: {spec: {template: text}}}",
    "{deploymentOverlay: {spec: {template: {spec: {containers: text}}}}}",
    "{deploymentOverlay: {spec: {template: {spec: {containers: [null]}}}}}",
    "{deploymentOverlay: {spec: {template: {spec: {containers: [{image: a}]}}}}}",
    "{deploymentOverlay: {spec: {template: null}}}",
    "{deploymentOverlay: {spec: {template: {metadata: null, spec: null}}}}",
    "{deploymentOverlay: {spec: {template: {$patch: delete}}}}",
    "{deploymentOverlay: {spec: {$patch: nonsense}}}",
    "{deploymentOverlay: {metadata: {labels: {a: 1}}}}",
    "{serviceOverlay: {spec: {ports: [{}]}}}",
    "{serviceOverlay: {spec: {ports: null, selector: null, type: [a]}}}",
    "{serviceAccountOverlay: {spec: {a: b}}}",
    "{horizontalPodAutoscaler: {spec: {maxReplicas: many}}}",
    "{podDisruptionBudget: {}}",
    "{verticalPodAutoscaler: {spec: 7}}",
    "{selfManaged: {}}",
]
REFERS = (
    "spec: {gatewayClassName: c, listeners: [{name: a, port: 80, protocol: HTTP}], infrastructure: "
    "{parametersRef: "
    "{group: gateway.kgateway.dev, kind: GatewayParameters, name: web}}}\n"
)


@pytest.mark.parametrize("kube", KUBES, ids=[kube[:70] for kube in KUBES])
@pytest.mark.parametrize("output", ["yaml", "tree"])
def test_parameters_may_be_anything(kube: str, output: str) -> None:
    render(f"{HEAD}{META}{REFERS}---\n{PARAMETERS}spec: {{kube: {kube}}}\n", "-o", output)


STREAMS: list[str | bytes] = [
    "",
    "\n\n",
    "---\n---\n---\n",
    "# only a comment\n",
    "null\n",
    "text\n",
    "7\n",
    "[]\n",
    "- a\n- b\n",
    "{}\n",
    "a: b\n",
    "kind: Gateway\n",
    "apiVersion: v1\n",
    "apiVersion: [v1]\nkind: {a: b}\n",
    "apiVersion: gateway.networking.k8s.io/v1/x\nkind: Gateway\n" + META,
    "apiVersion: /\nkind: Gateway\n" + META,
    "%YAML 9.9\n---\na: b\n",
    "%TAG ! tag:x,2000:\n---\n!a b\n",
    "a: [\n",
    "a: b: c\n",
    "\ta: b\n",
    "a: *nothing\n",
    "&a a: *a\n",
    "a: &a [*a]\n",
    "? {a: b}\n: c\n",
    "a: 1\na: 2\n",
    "a: !!python/object/apply:os.system [ls]\n",
    "a: !!binary '///'\n",
    "a: !!int text\n",
    "a: !!set {a, b}\n",
    "a: 2024-01-01\nb: 12:30:45\n",
    DEEP,
    "{a: " * 3000 + "}" * 3000,
    "- " * 3000 + "a",
    "a: " + "9" * 5000,
    "a: 1e999999999\n",
    '{"a": 1,}',
    '{"a": "\\ud83d"}',
    "\ufeff" + GATEWAY,
    GATEWAY.replace("\n", "\r\n"),
    GATEWAY.replace("\n", "\r"),
    GATEWAY.encode("utf-16"),
    b"\xff\xfe\x00",
    b"\x00" * 100,
    b"\x80\x81",
    GATEWAY.encode() + b"# \xe4\n",
    b"\x1f\x8b\x08\x00gzip",
    "x" * 1_000_000,
    "'" + "x" * 100_000,
    f"{GATEWAY}...\n{GATEWAY}",
    f"{GATEWAY}---\n{GATEWAY}",
    f"{GATEWAY}---\n{GATEWAY.replace('port: 80', 'port: 81')}",
    f"--- # comment\n{GATEWAY}",
    f"---\ttext\n{GATEWAY}",
    "apiVersion: v1\nkind: List\nitems: null\n",
    "apiVersion: v1\nkind: List\nitems: text\n",
    "apiVersion: v1\nkind: List\nitems: {a: b}\n",
    "apiVersion: v1\nkind: List\n",
    "apiVersion: v1\nkind: List\nitems: [null, 7, text, [], {}, {kind: List, items: [{}]}]\n",
    "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayList\nitems: [7]\n",
    "".join(f"k{i}: 1\n" for i in range(5000)),
]


@pytest.mark.parametrize("text", STREAMS, ids=range(len(STREAMS)))
def test_a_stream_may_be_anything(text: str | bytes) -> None:
    render(text)


@pytest.mark.parametrize("cut", range(0, len(GATEWAY), 7))
def test_a_file_may_end_anywhere(cut: int) -> None:
    render(GATEWAY[:cut])


def test_a_billion_laughs_end_in_under_a_second() -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    before = time.monotonic()
    done = render("\n".join(lines))
    assert time.monotonic() - before < 1
    [error] = done.errors
    assert error.endswith("aliases expand to more than 50000 nodes; write the values out")


@pytest.mark.parametrize("inputs", [*STREAMS[:40], "image: [a]\n", "image: {tag: {a: b}}\n", "istio: 7\n"])
def test_an_inputs_file_may_be_anything(inputs: str | bytes, tmp_path: Path) -> None:
    file = tmp_path / "inputs.yaml"
    file.write_bytes(inputs if isinstance(inputs, bytes) else inputs.encode("utf-8", "surrogatepass"))
    render(GATEWAY, "--inputs", str(file))


ENVIRONMENTS: list[dict[str, str]] = [
    {"": "x"},
    {"__": "x"},
    {"IMAGE": "x", "IMAGE__TAG": "y"},
    {"IMAGE__TAG__DEEPER": "x"},
    {"VERSION": ".inf"},
    {"VERSION": "\udcff"},
    {"CONTROL_PLANE__XDS_PORT": "9" * 5000},
    {"ISTIO": "yes"},
]


@pytest.mark.parametrize("environ", ENVIRONMENTS, ids=map(str, range(len(ENVIRONMENTS))))
def test_the_environment_may_be_anything(environ: dict[str, str]) -> None:
    prefixed: Any = {f"GWDEPLOYER_INPUTS_{name}": text for name, text in environ.items()}
    done = run("render", "-f", "-", "--class", "c", stdin=GATEWAY, env=prefixed)
    assert done.code in (0, 2)
    assert "Traceback" not in done.err


def test_json_output_of_odd_text_is_json() -> None:
    odd = SPEC.replace("listeners", 'infrastructure: {annotations: {a: "\\u2028\\0\\e"}}, listeners')
    done = render(HEAD + META + odd, "-o", "json")
    assert done.code == 0
    assert json.loads(done.out)["items"][0]["metadata"]["annotations"] == {"a": "\u2028\0\x1b"}
