"""The rights that are derived for a controller: enough for what its parts say of themselves, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gwdeployer import Inputs, KindRef, ObjectStore, Plugin, Skip
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import Rights, rights_of
from gwdeployer.installation.roles import role_objects
from gwdeployer.objects import Object
from gwdeployer.status import Reporter

SITE = KindRef("example.com", "v1", "Site")
SITE_CLASS = KindRef("example.com", "v1", "SiteClass")
SERVICE = KindRef("", "v1", "Service")
CONFIG_MAP = KindRef("", "v1", "ConfigMap")
CLUSTER_ROLE = KindRef("rbac.authorization.k8s.io", "v1", "ClusterRole")
ACCOUNT = Account("system", "controller")
READ = ["get", "list", "watch"]
DEPLOY = [*READ, "create", "patch", "delete"]


class Sites(Plugin):
    """Deploys Services for Sites."""

    name = "sites"
    owners = (SITE,)
    reads = (CONFIG_MAP,)
    cluster_scoped = (SITE_CLASS,)

    def route(self, owner: Object, store: ObjectStore) -> Skip:
        return Skip("is not ours")

    def deploys(self) -> Sequence[KindRef]:
        return (SERVICE,)


class Told(Sites):
    """Writes the status of Sites, and of their classes, which it makes."""

    def status(self, *_: Any) -> Mapping[str, Any]:
        return {}

    def reporters(self) -> Sequence[Reporter]:
        return (ClassReporter(),)

    def installs(self) -> Sequence[Object]:
        return [{"apiVersion": "example.com/v1", "kind": "SiteClass", "metadata": {"name": "site"}}]


class ClassReporter(Reporter):
    kind = SITE_CLASS

    def status(self, obj: Object, store: ObjectStore, now: str) -> None:
        return None


class Granting(Sites):
    """Deploys ClusterRoles that allow things."""

    def deploys(self) -> Sequence[KindRef]:
        return (SERVICE, CLUSTER_ROLE)

    def permissions(self) -> Sequence[Mapping[str, Any]]:
        return [
            {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
            {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
            {
                "apiGroups": ["apiextensions.k8s.io"],
                "resources": ["customresourcedefinitions"],
                "verbs": READ,
            },
            {"apiGroups": ["example.com"], "resources": ["siteclasses"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        ]


def rights(plugin: type[Plugin] = Sites) -> Rights:
    return rights_of([plugin(Inputs())], lease="sites")


def verbs(rules: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the verbs by resource."""
    return {
        f"{resource}.{group}".rstrip("."): rule["verbs"]
        for rule in rules
        for group in rule.get("apiGroups", ())
        for resource in rule["resources"]
    }


def test_owners_and_what_is_read_may_be_read_and_what_is_deployed_may_be_written() -> None:
    assert verbs(rights().namespaced) == {
        "sites.example.com": READ,
        "configmaps": READ,
        "services": DEPLOY,
        "events.events.k8s.io": ["create", "patch"],
    }
    assert rights().cluster == ()


def test_resources_of_one_group_that_allow_the_same_share_a_rule() -> None:
    class Both(Sites):
        reads = (CONFIG_MAP, SERVICE)

        def deploys(self) -> Sequence[KindRef]:
            return ()

    core = [rule for rule in rights(Both).namespaced if rule["apiGroups"] == [""]]
    assert core == [{"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": READ}]


def test_only_who_writes_a_status_may_write_it() -> None:
    told = rights(Told)
    assert "sites/status.example.com" not in verbs(rights().namespaced)
    assert verbs(told.namespaced)["sites/status.example.com"] == ["patch"]
    assert verbs(told.cluster) == {
        "siteclasses.example.com": [*READ, "create"],
        "siteclasses/status.example.com": ["patch"],
    }


def test_owners_are_patched_only_for_the_finalizer_that_cluster_scoped_objects_need() -> None:
    assert verbs(rights(Granting).namespaced)["sites.example.com"] == [*READ, "patch"]


def test_what_deployed_roles_allow_is_held_too() -> None:
    found = rights(Granting)
    assert {"nonResourceURLs": ["/metrics"], "verbs": ["get"]} in found.cluster
    assert verbs(found.cluster)["tokenreviews.authentication.k8s.io"] == ["create"]
    assert verbs(found.cluster)["customresourcedefinitions.apiextensions.k8s.io"] == READ
    assert verbs(found.cluster)["siteclasses.example.com"] == ["get"]
    assert verbs(found.namespaced)["pods"] == ["get"]


def test_a_bare_deployer_needs_no_plugin() -> None:
    from tests.cluster.scene import site_deployer

    found = rights_of([site_deployer()], lease="sites")
    assert verbs(found.namespaced)["sites.example.com"] == [*READ, "patch"]
    assert verbs(found.namespaced)["deployments.apps"] == DEPLOY
    assert verbs(found.cluster) == {"clusterroles.rbac.authorization.k8s.io": DEPLOY}


def test_the_lease_is_the_only_one_that_may_be_read_or_changed() -> None:
    create, change = rights().home
    assert "resourceNames" not in create
    assert create["verbs"] == ["create"]
    assert (change["resourceNames"], change["verbs"]) == (["sites"], ["get", "patch"])


# --- as objects --------------------------------------------------------------------------------------------


def names(objects: Sequence[Object]) -> list[tuple[str, str, str]]:
    metadata = [obj["metadata"] for obj in objects]
    return [
        (obj["kind"], of.get("namespace", ""), of["name"]) for obj, of in zip(objects, metadata, strict=True)
    ]


def test_without_namespaces_everything_is_allowed_everywhere_but_the_lease() -> None:
    objects = role_objects(rights(Told), ACCOUNT)
    assert names(objects) == [
        ("ClusterRole", "", "system:controller"),
        ("ClusterRoleBinding", "", "system:controller"),
        ("Role", "system", "controller-leader-election"),
        ("RoleBinding", "system", "controller-leader-election"),
    ]
    assert set(verbs(objects[0]["rules"])) > {"services", "siteclasses.example.com"}


def test_with_namespaces_there_is_a_role_in_each_and_a_small_cluster_role() -> None:
    objects = role_objects(rights(Told), ACCOUNT, ["shop", "blog", "shop"])
    roles = {obj["metadata"].get("namespace", ""): obj for obj in objects if "rules" in obj}
    assert list(roles) == ["", "shop", "blog", "default", "system"]
    assert verbs(roles["default"]["rules"]) == {"events.events.k8s.io": ["create", "patch"]}
    assert set(verbs(roles[""]["rules"])) == {"siteclasses.example.com", "siteclasses/status.example.com"}
    assert roles["shop"]["rules"] == roles["blog"]["rules"] == list(rights(Told).namespaced)


def test_each_role_is_bound_to_the_account_alone() -> None:
    objects = role_objects(rights(Told), ACCOUNT, ["shop"])
    for role, binding in zip(objects[::2], objects[1::2], strict=True):
        assert binding["kind"] == f"{role['kind']}Binding"
        assert binding["roleRef"]["name"] == role["metadata"]["name"] == binding["metadata"]["name"]
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "namespace": "system", "name": "controller"}
        ]


def test_a_role_that_would_allow_nothing_is_left_out() -> None:
    assert [obj["kind"] for obj in role_objects(rights(), ACCOUNT, ["shop"])].count("ClusterRole") == 0
