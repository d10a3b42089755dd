"""What each answer of an API server means; ``answers.json`` has what a kube-apiserver 1.36 really says."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from gwdeployer import errors
from gwdeployer.cluster.answers import Answer, Request, content_of, error_of, kind_not_installed
from gwdeployer.cluster.decoding import object_in
from gwdeployer.errors import (
    ApiError,
    Cause,
    Conflict,
    Denied,
    Expired,
    Forbidden,
    ImmutableField,
    InvalidObject,
    KindNotInstalled,
    NotFound,
    RetryableError,
    ServerFailure,
    TerminalError,
    Throttled,
    Unauthorized,
)
from gwdeployer.objects import KindRef

WEB = Request("patch", KindRef("apps", "v1", "Deployment"), "shop", "web")
SAID: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text())

MEANINGS: dict[str, tuple[type[ApiError], str]] = {
    "selector of a Deployment": (ImmutableField, "spec.selector: Invalid value: "),
    "clusterIP of a Service": (ImmutableField, "spec.clusterIPs[0]: Invalid value: "),
    "load balancer class of a Service": (ImmutableField, "may not change once set"),
    "roleRef of a RoleBinding": (ImmutableField, "cannot change roleRef"),
    "spec of a StatefulSet": (ImmutableField, "for fields other than 'replicas'"),
    "immutable ConfigMap": (ImmutableField, "field is immutable when `immutable` is set"),
    "type of a Secret": (ImmutableField, "type: Invalid value: "),
    "spec of a Pod": (ImmutableField, "pod updates may not change fields other than"),
    "template of a Job": (ImmutableField, "spec.template: Invalid value: "),
    "spec of a PersistentVolumeClaim": (ImmutableField, "spec is immutable after creation"),
    "unknown field": (InvalidObject, "spec.foo: field not declared in schema"),
    "several faults of the schema": (
        InvalidObject,
        "spec.replicas: expected numeric (int or float), got string\n"
        "Deployment shop/web spec.foo: field not declared in schema",
    ),
    "duplicate key in a list": (
        InvalidObject,
        'spec.template.spec.containers[name="web"].env: duplicate entries for key [name="A"]',
    ),
    "no quantity": (InvalidObject, "quantities must match the regular expression"),
    "two invalid fields": (
        InvalidObject,
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0\n"
        'Deployment shop/web spec.template.metadata.labels: Invalid value: {"app":"y"}',
    ),
    "default in the way": (InvalidObject, "spec.strategy.rollingUpdate: Forbidden: may not be specified"),
    "unreadable body": (InvalidObject, "json parse error"),
    "media type": (InvalidObject, "415: Unsupported Media Type"),
    "method": (InvalidObject, "does not allow this method"),
    "test of a JSON patch": (InvalidObject, "the server rejected our request"),
    "page that is none": (InvalidObject, "invalid continue token"),
    "recreated": (Conflict, "was recreated in between"),
    "changed": (Conflict, "the object has been modified"),
    "deleted": (Conflict, "no existing object was found"),
    "owned by others": (Conflict, 'conflict with "m"'),
    "exists already": (Conflict, "already exists"),
    "deletion of another UID": (Conflict, "does not match the UID in record"),
    "deletion of another version": (Conflict, "does not match the ResourceVersion in record"),
    "no object": (NotFound, 'deployments.apps "nothing" not found'),
    "no namespace": (NotFound, 'namespaces "none" not found'),
    "no group": (KindNotInstalled, "the API server does not serve Deployment in apps/v1"),
    "no kind": (KindNotInstalled, "the API server does not serve Deployment in apps/v1"),
    "quota wants limits": (Denied, "failed quota: q: must specify limits.cpu for: c"),
    "pod security": (Denied, 'violates PodSecurity "restricted:latest": host namespaces'),
    "admission policy": (Denied, "denied request: five replicas are enough"),
    "namespace that goes": (Denied, "because it is being terminated"),
    "webhook that does not answer": (ServerFailure, "connect: connection refused"),
    "not allowed": (
        Forbidden,
        'allow it in a Role: {apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"]}',
    ),
    "not allowed to create": (
        Forbidden,
        'allow it in a Role: {apiGroups: [""], resources: ["configmaps"], verbs: ["create"]}',
    ),
    "not allowed at all": (
        Forbidden,
        'allow it in a ClusterRole: {apiGroups: ["rbac.authorization.k8s.io"], '
        'resources: ["clusterroles"], verbs: ["list"]}',
    ),
    "not allowed in a subresource": (Forbidden, 'resources: ["deployments/status"], verbs: ["patch"]'),
    "not allowed to get a path": (
        Forbidden,
        'allow it in a ClusterRole: {nonResourceURLs: ["/metrics"], verbs: ["get"]}',
    ),
    "unknown token": (Unauthorized, "Unauthorized; the credentials are wrong or have expired"),
}


def status(code: int, message: str, **details: Any) -> Answer:
    said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return Answer(code, {}, json.dumps({**said, "details": details}).encode())


def meaning(answer: Answer) -> ApiError:
    return error_of(answer, WEB)


def test_every_recorded_answer_has_a_meaning() -> None:
    assert set(MEANINGS) == set(SAID)


@pytest.mark.parametrize("name", MEANINGS)
def test_an_answer_of_a_real_server_means(name: str) -> None:
    said = SAID[name]["body"]
    body = said if isinstance(said, str) else json.dumps(said)
    error = meaning(Answer(SAID[name]["status"], {}, body.encode()))
    cls, words = MEANINGS[name]
    assert type(error) is cls
    assert words in str(error)
    assert str(error).startswith("Deployment shop/web")
    assert error.status == SAID[name]["status"]


# What a server says only when it is in trouble, or when somebody else's webhook runs.
RARE: dict[str, tuple[Answer, type[ApiError], str]] = {
    "too old": (
        status(410, "The provided continue parameter is too old to display a consistent list result"),
        Expired,
        "too old",
    ),
    "too many": (status(429, "Too many requests, please try again later."), Throttled, "Too many"),
    "no leader": (status(500, "etcdserver: no leader"), ServerFailure, "no leader"),
    "storage that is being initialised": (
        status(429, "storage is (re)initializing", retryAfterSeconds=3),
        Throttled,
        "initializing",
    ),
    "stored object that cannot be read": (
        status(500, "failed to create typed live object (shop/web; apps/v1, Kind=Deployment): .spec: no"),
        ServerFailure,
        "typed live object",
    ),
    "quota": (
        status(403, 'configmaps "y" is forbidden: exceeded quota: q, requested: count/configmaps=1, used: 0'),
        Denied,
        "exceeded quota: q, requested: count/configmaps=1",
    ),
    "limit range": (
        status(403, 'pods "y" is forbidden: maximum cpu usage per Container is 1, but limit is 2'),
        Denied,
        "maximum cpu usage",
    ),
    "rights that we do not have": (
        status(
            403,
            'roles.rbac.authorization.k8s.io "x" is forbidden: user "d" (groups=["g"]) is attempting to '
            'grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
        ),
        Forbidden,
        "{APIGroups:",
    ),
    "parameters of a StorageClass": (
        status(
            422,
            'StorageClass.storage.k8s.io "x" is invalid: parameters: Forbidden: updates to parameters are '
            "forbidden.",
            causes=[{"field": "parameters", "message": "Forbidden: updates to parameters are forbidden."}],
        ),
        ImmutableField,
        "parameters: Forbidden",
    ),
    "value of a PriorityClass": (
        status(
            422,
            "invalid",
            causes=[{"field": "value", "message": "Forbidden: may not be changed in an update."}],
        ),
        ImmutableField,
        "value: Forbidden",
    ),
    "rule of a custom resource": (
        status(
            422,
            "invalid",
            causes=[{"field": "spec.a", "message": 'Invalid value: "string": Value is immutable: keep it'}],
        ),
        ImmutableField,
        "Value is immutable: keep it",
    ),
    "immutable without causes": (status(422, "spec.a: field is immutable"), ImmutableField, "spec.a"),
}


@pytest.mark.parametrize("name", RARE)
def test_a_rare_answer_means(name: str) -> None:
    answer, cls, words = RARE[name]
    error = meaning(answer)
    assert type(error) is cls
    assert words in str(error)


def test_every_kind_of_error_comes_of_some_answer() -> None:
    classes = {
        cls
        for _, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, ApiError) and not cls.__name__.startswith("_") and cls is not ApiError
    }
    # No answer is no answer: tests of KubernetesCluster have that one.
    unanswered = {errors.Unreachable}
    assert {cls for cls, _ in MEANINGS.values()} | {
        cls for _, cls, _ in RARE.values()
    } == classes - unanswered


@pytest.mark.parametrize("code", [400, 403, 404, 409, 422, 429, 500])
def test_a_webhooks_denial_is_one_whatever_status_the_webhook_chose(code: int) -> None:
    error = meaning(status(code, 'admission webhook "no.example.com" denied the request: not on Fridays'))
    assert type(error) is Denied
    assert "not on Fridays" in str(error)
    assert error.delay == 60


def test_what_a_value_says_does_not_make_a_field_immutable() -> None:
    message = 'Invalid value: "immutable: field is immutable": must be a DNS label'
    error = meaning(status(422, "invalid", causes=[{"field": "metadata.name", "message": message}]))
    assert type(error) is InvalidObject


@pytest.mark.parametrize("value", ["map[string]string{}", '"never closed', "1.5.6"])
def test_a_value_that_is_no_json_is_read_over(value: str) -> None:
    message = f"Invalid value: {value}: field is immutable"
    error = meaning(status(422, "invalid", causes=[{"field": "spec.a", "message": message}]))
    assert type(error) is ImmutableField


def test_causes_are_kept_field_by_field() -> None:
    said = SAID["default in the way"]
    error = meaning(Answer(said["status"], {}, json.dumps(said["body"]).encode()))
    words = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
    assert error.causes == (Cause("spec.strategy.rollingUpdate", "FieldValueForbidden", words),)


def test_terminal_and_retryable_are_told_apart() -> None:
    kinds = {cls: issubclass(cls, RetryableError) for cls, _ in MEANINGS.values()}
    assert {cls for cls, retryable in kinds.items() if not retryable} == {InvalidObject, ImmutableField}
    assert all(issubclass(cls, TerminalError) for cls, retryable in kinds.items() if not retryable)


@pytest.mark.parametrize(
    ("headers", "details", "delay"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({"retry-after": "7"}, {"retryAfterSeconds": 3}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"retryAfterSeconds": 3}, 3.0),
        ({"Retry-After": "soon"}, {}, 1.0),
        ({"Retry-After": "-5"}, {}, 0.0),
        ({}, {"retryAfterSeconds": None}, 1.0),
        ({}, {}, 1.0),
    ],
)
def test_a_throttled_request_may_come_again_when_the_server_says(
    headers: dict[str, str], details: dict[str, Any], delay: float
) -> None:
    _, _, body = status(429, "too many", **details)
    error = meaning(Answer(429, headers, body))
    assert isinstance(error, Throttled)
    assert error.delay == delay


@pytest.mark.parametrize(("after", "delay"), [("30", 30.0), ("1", 2.0)])
def test_a_failing_server_is_asked_again_no_sooner_than_it_says(after: str, delay: float) -> None:
    error = meaning(Answer(503, {"Retry-After": after}, b"{}"))
    assert isinstance(error, ServerFailure)
    assert error.delay == delay


def test_a_page_of_a_proxy_is_shown_as_text() -> None:
    page = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\n<body><hr>nginx</body></html>"
    error = meaning(Answer(502, {"Content-Type": "text/html"}, page))
    assert type(error) is ServerFailure
    assert str(error) == "Deployment shop/web: 502 Bad Gateway nginx"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b'"text"',
        b'{"details": "text"}',
        b'{"details": {"causes": ["text", 1, null]}}',
        b'{"message": null, "details": {"causes": {}}}',
        b'{"details": {"causes": [{"field": null, "message": null}]}}',
    ],
)
@pytest.mark.parametrize("code", [302, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503])
def test_an_answer_that_is_no_status_still_is_an_error_of_that_status(code: int, body: bytes) -> None:
    error = meaning(Answer(code, {}, body))
    assert error.status == code
    assert str(error)


def test_an_empty_answer_is_named_by_its_status() -> None:
    assert str(meaning(Answer(503, {}, b""))) == "Deployment shop/web: HTTP status 503"


def test_the_servers_words_are_cut_and_on_one_line() -> None:
    error = meaning(status(403, "x" * 5000 + "\n\x1b[31m"))
    assert len(str(error)) < 1200
    assert "\n" not in str(meaning(status(500, "a\nb")))


@pytest.mark.parametrize("code", [200, 201, 202])
def test_a_success_is_the_object_in_it(code: int) -> None:
    assert content_of(Answer(code, {}, b'{"kind": "Deployment"}'), WEB, object_in) == {"kind": "Deployment"}


@pytest.mark.parametrize("body", [b"", b"<html>log in</html>", b"[]", b"{", b"\xff"])
def test_a_success_that_is_no_object_is_a_failure_of_the_server(body: bytes) -> None:
    with pytest.raises(ServerFailure, match="Deployment shop/web: the answer is not JSON"):
        content_of(Answer(200, {}, body), WEB, object_in)


def test_any_other_status_is_raised() -> None:
    with pytest.raises(NotFound):
        content_of(status(404, 'deployments.apps "web" not found', name="web"), WEB, object_in)


def test_a_kind_that_is_not_served_says_how_to_get_it() -> None:
    gateway = Request("list", KindRef("gateway.networking.k8s.io", "v1", "Gateway"))
    error = kind_not_installed(gateway)
    assert str(error) == (
        "Gateway.gateway.networking.k8s.io: the API server does not serve Gateway in "
        "gateway.networking.k8s.io/v1; install its CustomResourceDefinition"
    )
    assert error.status == 404
    assert "install" not in str(kind_not_installed(WEB))
