"""What of a planned object is sent."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gwdeployer.cluster.sending import as_sent, is_stored
from gwdeployer.objects import Object
from tests.cluster_unit.fake import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE, SITE, thing


def test_what_the_api_would_not_store_is_not_sent() -> None:
    planned = thing(CONFIG_MAP, data={}, binaryData=None)
    planned["metadata"] |= {"annotations": {}, "labels": {"a": None, "b": ""}, "creationTimestamp": None}
    before = copy.deepcopy(planned)
    sent = as_sent(planned)
    assert sent == {**thing(CONFIG_MAP), "metadata": {**thing(CONFIG_MAP)["metadata"], "labels": {"b": ""}}}
    assert planned == before


def test_an_empty_struct_says_something_and_is_sent() -> None:
    volumes = [{"name": "tmp", "emptyDir": {}}]
    spec = {"template": {"spec": {"volumes": volumes, "tolerations": [], "nodeSelector": {}}}}
    sent = as_sent(thing(DEPLOYMENT, spec=spec))
    assert sent["spec"] == {"template": {"spec": {"volumes": volumes}}}


def test_of_kinds_that_nobody_knows_only_nulls_are_left_out() -> None:
    spec = {"a": {}, "b": [], "c": None, "d": [{"e": None, "f": 0}], "g": "", "h": False}
    sent = as_sent(thing(SITE, spec=spec))
    assert sent["spec"] == {"a": {}, "b": [], "d": [{"f": 0}], "g": "", "h": False}


def test_text_of_a_secret_is_sent_as_the_data_it_becomes() -> None:
    planned = thing(SECRET, data={"a": "b2xk", "b": "YQ=="}, stringData={"a": "new", "c": "ü"})
    sent = as_sent(planned)
    assert sent["data"] == {"a": "bmV3", "b": "YQ==", "c": "w7w="}
    assert "stringData" not in sent
    assert as_sent(thing(SECRET, stringData=None)) == thing(SECRET)


@pytest.mark.parametrize("value", [0, False, "", 0.0])
def test_empty_scalars_are_sent_as_they_are(value: Any) -> None:
    assert as_sent(thing(SERVICE, spec={"a": value}))["spec"] == {"a": value}


def test_read_only_views_and_tuples_are_sent_as_plain_data() -> None:
    from types import MappingProxyType

    sent = as_sent(thing(SITE, spec=MappingProxyType({"a": (1, 2)})))
    assert sent["spec"] == {"a": [1, 2]}
    assert type(sent["spec"]) is dict


def answered(sent: Object, **changes: Any) -> Object:
    """Return what a server may answer: what was sent, with more beside it, and with changes in the spec."""
    spec = {"defaulted": True, **copy.deepcopy(sent["spec"]), **changes}
    return {**sent, "metadata": {**sent["metadata"], "uid": "u", "labels": {"of": "others"}}, "spec": spec}


SENT = thing(SERVICE, spec={"selector": {"app": "web"}, "ports": [{"port": 80}], "type": "ClusterIP"})


def test_what_has_only_more_beside_it_is_stored_as_it_was_sent() -> None:
    assert is_stored(answered(SENT), SENT)
    assert is_stored(answered(SENT, ports=[{"port": 80, "protocol": "TCP"}]), SENT)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "NodePort"},
        {"type": None},
        {"selector": {"app": "other"}},
        {"selector": {}},
        {"selector": None},
        {"ports": []},
        {"ports": [{"port": "80"}]},
        {"ports": [{"port": 80}, {"port": 443}]},
        {"ports": {"port": 80}},
    ],
)
def test_what_somebody_has_changed_or_dropped_is_not_stored_as_it_was_sent(changes: Object) -> None:
    assert not is_stored(answered(SENT, **changes), SENT)


def test_what_is_missing_is_not_stored() -> None:
    sent = thing(SERVICE, spec={**SENT["spec"], "clusterIP": "None"})
    assert not is_stored(answered(SENT), sent)


def test_of_kinds_that_nobody_knows_nothing_is_seen() -> None:
    sent = thing(SITE, spec={"replicas": 1})
    assert not is_stored(answered(sent), sent)
