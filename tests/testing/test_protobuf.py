"""Bodies in protobuf are the JSON they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from gwdeployer.testing.apiserver.protobuf import PROTOBUF, UnreadableError, object_of
from tests.testing.client import CONFIGMAPS, Client


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: Any) -> bytes:
    """Return one field of a message: a number, a text, or the bytes of another message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def body(api_version: str, kind: str, *fields: bytes) -> bytes:
    about = field(1, api_version) + field(2, kind)
    return b"k8s\0" + field(1, about) + field(2, b"".join(fields)) + field(3, "") + field(4, "")


def meta(name: str) -> bytes:
    return field(1, field(1, name) + field(2, "") + field(8, b""))


def test_a_config_map_is_read() -> None:
    entry = field(1, "x") + field(2, "1")
    said = object_of(body("v1", "ConfigMap", meta("a"), field(2, entry), field(4, 1)))
    assert said == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "generateName": "", "creationTimestamp": None},
        "data": {"x": "1"},
        "immutable": True,
    }


def test_embedded_fields_stand_among_their_message() -> None:
    secret = field(6, field(1, "keys") + field(3, 420))
    volume = field(1, "v") + field(2, secret)
    said = object_of(body("v1", "Pod", field(2, field(1, volume))))
    assert said["spec"]["volumes"] == [{"name": "v", "secret": {"secretName": "keys", "defaultMode": 420}}]


def test_special_types_have_their_json_form() -> None:
    port = field(1, "http") + field(3, 80) + field(4, field(1, 1) + field(2, 0) + field(3, "web"))
    other = field(3, -1) + field(4, field(1, 0) + field(2, 8080) + field(3, ""))
    said = object_of(body("v1", "Service", field(2, field(1, port) + field(1, other))))
    assert said["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "web"},
        {"port": -1, "targetPort": 8080},
    ]
    limit = field(1, "cpu") + field(2, field(1, "100m"))
    quota = object_of(body("v1", "ResourceQuota", field(2, field(1, limit))))
    assert quota["spec"] == {"hard": {"cpu": "100m"}}
    lease = object_of(
        body("coordination.k8s.io/v1", "Lease", field(2, field(3, field(1, 1) + field(2, 5000))))
    )
    assert lease["spec"] == {"acquireTime": "1970-01-01T00:00:01.000005Z"}
    secret = object_of(body("v1", "Secret", field(2, field(1, "k") + field(2, b"\xff"))))
    assert secret["data"] == {"k": "/w=="}


def test_fields_nobody_knows_are_left_out() -> None:
    assert "metadata" not in object_of(body("v1", "ConfigMap", field(99, "x"), varint(98 << 3 | 5) + b"1234"))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{}", "no protobuf of Kubernetes"),
        (body("example.com/v1", "Site"), "no message is known for example.com/v1, Kind=Site"),
        (body("v1", "ConfigMap", meta("a"))[:-9], "proto: "),
        (b"k8s\0\xff", "proto: "),
        (body("v1", "ConfigMap", b"\x0b"), "proto: wire type 3"),
    ],
)
def test_what_is_no_protobuf_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(UnreadableError, match=told):
        object_of(data)


def test_the_server_reads_protobuf_and_answers_in_json(client: Client) -> None:
    connection = client._connection
    connection.request("POST", CONFIGMAPS, body("v1", "ConfigMap", meta("a")), {"Content-Type": PROTOBUF})
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (201, "application/json")
    response.read()
    assert client.get(f"{CONFIGMAPS}/a").meta["name"] == "a"
    broken = client.request("POST", CONFIGMAPS, "k8s", PROTOBUF)
    assert (broken.code, broken.content["reason"]) == (400, "BadRequest")
