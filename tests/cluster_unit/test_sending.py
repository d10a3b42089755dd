"""What of a planned object is sent."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gwdeployer.cluster.sending import as_sent
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
