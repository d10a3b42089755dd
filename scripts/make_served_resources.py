"""Make ``gwdeployer/testing/apiserver/kinds/resources.json`` from what a real API server says it serves.

``python scripts/make_served_resources.py URL TOKEN`` asks the discovery of a kube-apiserver without custom
resources. Only resources of kinds in ``kubernetes_types.json`` that can be listed are kept: no reviews.
"""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OBJECTS = HERE.parent / "gwdeployer" / "objects" / "kubernetes_types.json"
TARGET = HERE.parent / "gwdeployer" / "testing" / "apiserver" / "kinds" / "resources.json"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
Json = dict[str, Any]


class Server:
    """A kube-apiserver of our own, hence the unverified certificate."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def get(self, path: str, accept: str) -> Json:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, context=self.context) as answer:  # noqa: S310
            body: Json = json.load(answer)
        return body


def main() -> None:
    server = Server(*sys.argv[1:3])
    kinds = json.loads(OBJECTS.read_bytes())["kinds"]
    groups = server.get("/api", DISCOVERY)["items"] + server.get("/apis", DISCOVERY)["items"]
    found = []
    for group in groups:
        for version in group["versions"]:
            name = group["metadata"].get("name", "")
            api_version = f"{name}/{version['version']}" if name else version["version"]
            found += [
                described(api_version, resource)
                for resource in version["resources"]
                if f"{api_version}/{resource['responseKind']['kind']}" in kinds
                and "list" in resource["verbs"]
            ]
    text = "[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in found) + "\n]\n"
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(found)} resources, {len(text) / 1024:.0f} KiB")


def described(api_version: str, resource: Json) -> Json:
    return {
        "apiVersion": api_version,
        "kind": resource["responseKind"]["kind"],
        "plural": resource["resource"],
        "singular": resource["singularResource"],
        "namespaced": resource["scope"] == "Namespaced",
        "shortNames": resource.get("shortNames", []),
        "categories": resource.get("categories", []),
        "verbs": resource["verbs"],
        "subresources": {inner["subresource"]: inner["verbs"] for inner in resource.get("subresources", [])},
    }


if __name__ == "__main__":
    main()
