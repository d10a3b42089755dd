"""Sites, an owner and a chart of one's own: kept deployed by gwdeployer's loop, or by an operator in kopf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gwdeployer import KindRef, Object, ObjectRef
from tests.examples.operating import CONFIG_MAP, DEPLOYMENT, EXAMPLES, SERVICE, Operated, documents

SITE = KindRef("example.com", "v1", "Site")
KOPF: list[object] = [
    "-m",
    "kopf",
    "run",
    "--standalone",
    "--all-namespaces",
    EXAMPLES / "kopf_operator" / "site_operator.py",
]
PROGRAMS: dict[str, list[object]] = {"loop": [EXAMPLES / "custom_generator" / "sites.py"], "kopf": KOPF}
DEPLOYED = {DEPLOYMENT: "blog", SERVICE: "blog", CONFIG_MAP: "blog-site"}


@pytest.fixture(scope="module", params=PROGRAMS)
def operated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    crds = documents("custom_generator/crd.yaml")
    with Operated(tmp_path_factory.mktemp("sites"), PROGRAMS[request.param], crds) as one:
        yield one


@pytest.fixture
def namespace(operated: Operated) -> str:
    return operated.namespace()


def site_and_pages(namespace: str, **spec: Any) -> tuple[Object, Object]:
    pages, site = documents("custom_generator/site.yaml")
    for obj in (pages, site):
        obj["metadata"]["namespace"] = namespace
    site["spec"] |= spec
    return site, pages


def deployed(operated: Operated, namespace: str) -> None:
    """Put the example into the cluster, and wait until it is deployed."""
    for obj in reversed(site_and_pages(namespace)):
        operated.put(obj)
    for kind, name in DEPLOYED.items():
        operated.appears(kind, namespace, name)


def test_a_site_gets_its_objects_and_they_are_its_own(operated: Operated, namespace: str) -> None:
    deployed(operated, namespace)
    site = operated.appears(SITE, namespace, "blog")
    for kind, name in DEPLOYED.items():
        made = operated.appears(kind, namespace, name)
        [reference] = made["metadata"]["ownerReferences"]
        assert (reference["uid"], reference["controller"]) == (site["metadata"]["uid"], True)
    assert operated.appears(DEPLOYMENT, namespace, "blog")["status"]["availableReplicas"] == 2
    assert operated.appears(CONFIG_MAP, namespace, "blog-site")["data"] == {"index.html": "<h1>A blog</h1>\n"}


def test_what_a_site_says_now_is_deployed(operated: Operated, namespace: str) -> None:
    deployed(operated, namespace)
    operated.put(site_and_pages(namespace, replicas=5)[0])
    operated.appears(DEPLOYMENT, namespace, "blog", replicas=5)


def test_what_somebody_changed_or_deleted_is_put_right(operated: Operated, namespace: str) -> None:
    deployed(operated, namespace)
    service = operated.appears(SERVICE, namespace, "blog")
    patch = [{"op": "replace", "path": "/spec/replicas", "value": 9}]
    operated.cluster.json_patch(ObjectRef(DEPLOYMENT, namespace, "blog"), patch, manager="somebody")
    operated.appears(DEPLOYMENT, namespace, "blog", replicas=2)
    operated.cluster.delete(ObjectRef(SERVICE, namespace, "blog"))
    again = operated.appears(SERVICE, namespace, "blog")
    assert again["metadata"]["uid"] != service["metadata"]["uid"]


def test_with_a_site_goes_what_was_deployed_for_it(operated: Operated, namespace: str) -> None:
    deployed(operated, namespace)
    operated.cluster.delete(ObjectRef(SITE, namespace, "blog"))
    operated.vanish(namespace, {SITE: "blog", **DEPLOYED})


def test_a_site_can_go_while_it_is_looked_at(operated: Operated, namespace: str) -> None:
    with operated.server.faults.delay(1.0, verb="get", kind="Site", namespace=namespace, times=1):
        deployed(operated, namespace)
        operated.cluster.delete(ObjectRef(SITE, namespace, "blog"))
        operated.vanish(namespace, {SITE: "blog", **DEPLOYED})


def test_a_site_without_pages_is_told_what_is_missing(operated: Operated, namespace: str) -> None:
    operated.put(site_and_pages(namespace)[0])
    told = "spec.pages: there is no ConfigMap 'blog-pages'; create it"
    operated.eventually("the log says what is missing", lambda: told in operated.log)
    assert operated.server.get(DEPLOYMENT, namespace, "blog") is None


@pytest.mark.parametrize("operated", ["loop"], indirect=True)  # which remembers what plans read
def test_the_loop_deploys_a_site_as_soon_as_its_pages_are_there(operated: Operated, namespace: str) -> None:
    site, pages = site_and_pages(namespace)
    operated.put(site)
    operated.put(pages)
    operated.appears(DEPLOYMENT, namespace, "blog")
    operated.put(pages | {"data": {"index.html": "<h1>Another blog</h1>"}})
    operated.eventually(
        "the pages are the new ones",
        lambda: (
            operated.appears(CONFIG_MAP, namespace, "blog-site")["data"]["index.html"]
            == "<h1>Another blog</h1>"
        ),
    )
