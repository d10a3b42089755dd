"""Make ``answers/*.json``: what a real API server says of the objects in ``cases``.

``python -m tests.testing.kinds.answers URL TOKEN`` needs a kube-apiserver of one's own: every object is
created and deleted again. What the server makes up (uids, versions, times, addresses) is left out of what
is compared.
"""

from __future__ import annotations

import copy
import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from gwdeployer.testing.apiserver.kinds import Kind, builtin_kinds, crd_kinds

Json = dict[str, Any]

HERE = Path(__file__).parent
GENERATED = "Bad_[a-z0-9]{5}"
#: Columns of ages and times.
AGES = ("Age", "Created At", "Last Seen", "First Seen", "Duration")
MADE_UP = ("creationTimestamp", "managedFields", "resourceVersion", "selfLink", "uid")
ADDRESS, NODE_PORT, UID, TIME = "10.0.0.100", 30100, "uid", "2026-01-01T00:00:00Z"


def cases(name: str) -> list[Any]:
    """Return the cases of one file: objects, or for updates what is done with two."""
    text = (HERE / "cases" / f"{name}.yaml").read_text()
    return yaml.safe_load(text) if name == "updated" else list(yaml.safe_load_all(text))


def kinds() -> dict[tuple[str, str], Kind]:
    """Return all kinds that the cases have, by apiVersion and kind."""
    custom = [
        kind
        for crd in cases("created")
        if crd["kind"] == "CustomResourceDefinition"
        for kind in crd_kinds(crd)
    ]
    return {
        (kind.resource.kind.api_version, kind.resource.kind.kind): kind
        for kind in (*builtin_kinds(), *custom)
    }


def merged(first: Json, second: Json) -> Json:
    """Return a JSON merge of two objects in which null stays null and lists are replaced."""
    result = copy.deepcopy(first)
    for key, value in second.items():
        inner = result.get(key)
        result[key] = (
            merged(inner, value)
            if isinstance(inner, dict) and isinstance(value, dict)
            else copy.deepcopy(value)
        )
    return result


def comparable(obj: Json, given: Json) -> Json:
    """Return an object without what a server makes up; ``given`` is what the client asked for."""
    result: Json = json.loads(json.dumps(obj).replace(obj["metadata"].get("uid") or UID, UID))
    for name in MADE_UP:
        result["metadata"].pop(name, None)
    if result["kind"] == "Service":
        _plain_service(result["spec"], given["spec"])
    for condition in (
        result.get("status", {}).get("conditions", ()) if isinstance(result.get("status"), dict) else ()
    ):
        if result["kind"] == "CustomResourceDefinition":
            condition["lastTransitionTime"] = TIME
    return result


def _plain_service(spec: Json, given: Json) -> None:
    asked = given.get("clusterIP") or next(iter(given.get("clusterIPs") or ()), None)
    if spec.get("clusterIP") not in (asked, "None", None):
        spec["clusterIP"], spec["clusterIPs"] = ADDRESS, [ADDRESS]
    wanted = {port.get("nodePort") for port in given.get("ports", ())}
    for port in spec.get("ports", ()):
        if port.get("nodePort") and port["nodePort"] not in wanted:
            port["nodePort"] = NODE_PORT
    if spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = NODE_PORT


def made_up_values(spec: Json, given: Json) -> list[tuple[str, str]]:
    """Return what the server chose for a Service, as text, and what stands for it."""
    asked = {port.get("nodePort") for port in given.get("ports", ())}
    ports = {port.get("nodePort") for port in spec.get("ports", ())} - asked - {None}
    address = spec.get("clusterIP")
    chosen = [(address, ADDRESS)] if address not in (None, "None", given.get("clusterIP")) else []
    return [*chosen, *((f":{port}/", f":{NODE_PORT}/") for port in ports)]


def printed(table: Json) -> Json:
    """Return a table's columns and its one row, by the names of the columns."""
    columns = [
        [column[key] for key in ("name", "type", "format", "priority")]
        for column in table["columnDefinitions"]
    ]
    cells = dict(zip([column[0] for column in columns], table["rows"][0]["cells"], strict=True))
    return {"columns": columns, "cells": {name: cell for name, cell in cells.items() if name not in AGES}}


class Server:
    """A kube-apiserver of our own, hence the unverified certificate."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token, self.kinds = url, token, kinds()
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def ask(self, verb: str, path: str, body: Json | None = None, accept: str = "*/*") -> Json:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        headers["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=verb)  # noqa: S310 - a URL of our own
        try:
            with urllib.request.urlopen(request, context=self.context) as answer:  # noqa: S310
                said: Json = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            said = json.loads(text) if text.startswith(b"{") else {"kind": "Status", "message": text.decode()}
        return said

    def path(self, obj: Json, name: str = "", subresource: str = "") -> str:
        resource = self.kinds[obj["apiVersion"], obj["kind"]].resource
        root = "/apis/" if "/" in obj["apiVersion"] else "/api/"
        namespace = "/namespaces/default" if resource.namespaced else ""
        parts = [f"{root}{obj['apiVersion']}{namespace}", resource.plural, name, subresource]
        return "/".join(filter(None, parts)) + "?fieldValidation=Strict&fieldManager=test"

    def create(self, obj: Json) -> Json:
        said = self.ask("POST", self.path(obj), obj)
        return self.settled(obj, said)

    def settled(self, obj: Json, said: Json) -> Json:
        """Return an answer once the controllers of definitions have seen its object."""
        if obj["kind"] != "CustomResourceDefinition" or said["kind"] == "Status":
            return said
        time.sleep(3)
        return self.ask("GET", self.path(obj, obj["metadata"]["name"]))

    def table(self, obj: Json) -> Json:
        """Return how an object is printed, but for ages."""
        name = obj["metadata"]["name"]
        live = self.ask("GET", self.path(obj, name))
        said = self.ask("GET", self.path(obj, name), accept="application/json;as=Table;v=v1;g=meta.k8s.io")
        text = json.dumps(said["rows"]).replace(live["metadata"]["uid"], UID)
        if live["kind"] == "Service":
            for made_up, plain in made_up_values(live["spec"], obj["spec"]):
                text = text.replace(made_up, plain)
        return printed({**said, "rows": json.loads(text)})

    def delete(self, obj: Json) -> None:
        name = obj["metadata"]["name"]
        live = self.ask("GET", self.path(obj, name))
        if live["kind"] == "Status":
            return
        if live["metadata"].get("finalizers"):
            del live["metadata"]["finalizers"]
            self.ask("PUT", self.path(obj, name), live)
        self.ask("DELETE", self.path(obj, name) + "&gracePeriodSeconds=0&propagationPolicy=Background")
        self.settled(obj, live)
        if obj["kind"] == "Namespace":
            live = self.ask("GET", self.path(obj, name))
            self.ask("PUT", self.path(obj, name, "finalize"), merged(live, {"spec": {"finalizers": []}}))


def told(said: Json, given: Json) -> Json:
    """Return what is kept of an answer: the object, or the causes, or the message."""
    if said.get("kind") != "Status":
        return comparable(said, given)
    causes = said.get("details", {}).get("causes")
    if said.get("reason") != "Invalid" or not causes:
        return {"message": said["message"]}
    return {"causes": listed(causes)}


def listed(causes: list[Json]) -> list[Json]:
    """Return each cause once, in one order, generated names and what a struct of Go looks like left out.

    A real server tells some causes of an update two or three times.
    """
    plain = [{**cause, "message": re.sub(GENERATED, "Bad_", cut(cause["message"]))} for cause in causes]
    told_once = {json.dumps(cause, sort_keys=True): cause for cause in plain}
    return sorted(told_once.values(), key=lambda cause: (cause["field"], cause["message"]))


def cut(message: str) -> str:
    """Return a message without a diff and without a whole template."""
    shown = re.sub(r'Invalid value: \{.*"(Spec|spec)":.*\}: ', "Invalid value: …: ", message, flags=re.DOTALL)
    return shown.partition("\n")[0]


def main() -> None:
    server = Server(*sys.argv[1:3])
    definitions = [obj for obj in cases("created") if obj["kind"] == "CustomResourceDefinition"]
    created, tables = {}, {}
    for obj in cases("created"):
        identity = f"{obj['kind']}/{obj['metadata']['name']}"
        created[identity] = told(server.create(obj), obj)
        tables[identity] = server.table(obj)
        if obj not in definitions:
            server.delete(obj)
    refused = {
        f"{obj['kind']}/{obj['metadata']['name']}": told(server.create(obj), obj) for obj in cases("refused")
    }
    updated = [update(server, case) for case in cases("updated")]
    for obj in definitions:
        server.delete(obj)
    told_of = {"created": created, "refused": refused, "tables": tables, "updated": updated}
    for name, answer in told_of.items():
        text = json.dumps(answer, indent=1, sort_keys=True) + "\n"
        (HERE / "answers" / f"{name}.json").write_text(text)


def update(server: Server, case: Json) -> Json:
    first = case["first"]
    server.create(first)
    name = first["metadata"]["name"]
    live = server.ask("GET", server.path(first, name))
    subresource = case.get("subresource", "")
    said = server.ask("PUT", server.path(first, name, subresource), merged(live, case["second"]))
    said = server.settled(first, said)
    server.delete(first)
    if first["kind"] == "Namespace":
        time.sleep(1)
    return told(said, merged(first, case["second"]))


if __name__ == "__main__":
    main()
