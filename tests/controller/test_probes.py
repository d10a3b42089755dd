"""The HTTP endpoints for kubelet and Prometheus."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from gwdeployer.controller.metrics import Metrics
from gwdeployer.controller.probes import Check, Probes


class Got(NamedTuple):
    status: int
    media_type: str
    text: str


def ask(probes: Probes, target: str, method: str = "GET", **headers: str) -> Got:
    url = urlsplit(probes.url)
    connection = HTTPConnection(url.hostname or "", url.port, timeout=30)
    try:
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        return Got(answer.status, answer.headers["Content-Type"], answer.read().decode())
    finally:
        connection.close()


def well() -> str:
    return ""


def serve(*, metrics: Callable[[str], tuple[str, bytes]] | None = None, **ready: Check) -> Probes:
    return Probes(0, "127.0.0.1", healthy={"ping": well}, ready=ready, metrics=metrics)


@pytest.mark.parametrize("target", ["/healthz", "/readyz", "/healthz/", "/readyz?x=1"])
def test_where_all_is_well_the_answer_is_ok(target: str) -> None:
    with serve(caches=well) as probes:
        assert ask(probes, target) == (200, "text/plain; charset=utf-8", "ok")


@pytest.mark.parametrize("target", ["/readyz?verbose", "/readyz?verbose=1"])
def test_verbose_answers_list_the_checks(target: str) -> None:
    with serve(caches=well, leader=well) as probes:
        assert ask(probes, target).text == "[+]caches ok\n[+]leader ok\nreadyz check passed\n"


def test_a_failed_check_is_named_with_its_reason_and_the_status_is_503() -> None:
    with serve(caches=lambda: "not synced: Service", leader=well) as probes:
        got = ask(probes, "/readyz")
        assert ask(probes, "/healthz").status == 200
    assert got.status == 503
    assert got.text == "[-]caches failed: not synced: Service\n[+]leader ok\nreadyz check failed\n"


def test_checks_are_asked_each_time() -> None:
    why = ["not yet"]
    with serve(caches=lambda: why[0]) as probes:
        assert ask(probes, "/readyz").status == 503
        why[0] = ""
        assert ask(probes, "/readyz").status == 200


def test_a_check_that_raises_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise KeyError("x")

    with serve(caches=broken) as probes:
        got = ask(probes, "/readyz")
    assert got.status == 503
    assert "[-]caches failed: KeyError: 'x'" in got.text
    assert "a check failed itself" in caplog.text


def test_metrics_are_served_in_the_format_that_is_asked_for() -> None:
    with serve(metrics=Metrics().exposition) as probes:
        plain = ask(probes, "/metrics")
        open_metrics = ask(probes, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert plain.status == 200
    assert plain.media_type.startswith("text/plain; version=")
    assert "gwdeployer_build_info" in plain.text
    assert open_metrics.media_type.startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")


def test_metrics_that_cannot_be_told_are_an_error_of_the_server(caplog: pytest.LogCaptureFixture) -> None:
    def broken(accept: str) -> tuple[str, bytes]:
        raise ValueError("no numbers")

    with serve(metrics=broken) as probes:
        got = ask(probes, "/metrics")
    assert (got.status, got.text) == (500, "ValueError: no numbers\n")


@pytest.mark.parametrize("target", ["/", "/metrics", "/healthz/ping", "//example.com/healthz"])
def test_what_is_not_there_is_404_and_says_what_is(target: str) -> None:
    with serve() as probes:
        got = ask(probes, target)
    assert (got.status, got.text) == (404, "there are: /healthz /readyz\n")


def test_head_is_answered_without_a_body_and_other_methods_are_not() -> None:
    with serve() as probes:
        assert ask(probes, "/healthz", "HEAD") == (200, "text/plain; charset=utf-8", "")
        assert ask(probes, "/healthz", "POST").status == 501


def test_a_client_that_says_nothing_keeps_nobody_waiting() -> None:
    with serve() as probes:
        url = urlsplit(probes.url)
        with socket.create_connection((url.hostname or "", url.port or 0)):
            assert ask(probes, "/healthz").status == 200


def test_after_close_the_port_is_free_again() -> None:
    with serve() as probes:
        port = urlsplit(probes.url).port or 0
    probes.close()
    with pytest.raises(RuntimeError, match="not started"):
        _ = probes.url
    with Probes(port, "127.0.0.1") as again:
        assert ask(again, "/healthz").text == "ok"


def test_a_port_that_is_taken_is_an_error_at_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Probes(taken.getsockname()[1], "127.0.0.1").start()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="Needs IPv6")
def test_ipv6_addresses_are_listened_on() -> None:
    with Probes(0, "::1") as probes:
        assert probes.url.startswith("http://[::1]:")
        assert ask(probes, "/healthz").text == "ok"


def test_without_a_host_every_address_is_meant() -> None:
    host, port = Probes(8080)._place
    assert (host, port) == ("::", 8080) if socket.has_dualstack_ipv6() else ("0.0.0.0", 8080)  # noqa: S104
