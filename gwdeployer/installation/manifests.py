"""Everything that a controller needs in a cluster, as objects: what ``kubectl apply`` of it installs. Pure.

The workload is a chart of ours (``templates/controller``), rendered as any owner's is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gwdeployer._version import __version__
from gwdeployer.chart import Release
from gwdeployer.charts import builtin_chart
from gwdeployer.checksums import with_config_checksum
from gwdeployer.crd import CrdDefinition, crd_of
from gwdeployer.deployer import Deployer
from gwdeployer.installation.accounts import Account
from gwdeployer.installation.rights import rights_of
from gwdeployer.installation.roles import role_objects
from gwdeployer.objects import Object, tier
from gwdeployer.plugins import Plugin

#: Definitions come after their namespace and before whatever may need them.
_DEFINITIONS_TIER = 0.5
_INPUTS = "/etc/gwdeployer/inputs.yaml"


@dataclass(frozen=True, slots=True)
class Installation:
    """How a controller is installed.

    ``inputs`` are those of its inputs file. It looks after owners in ``namespaces``, or in all of them.
    """

    image: str
    account: Account
    replicas: int = 2
    inputs: Mapping[str, Any] = field(default_factory=dict)
    namespaces: Sequence[str] = ()


def install_objects(
    installation: Installation, parts: Iterable[Deployer | Plugin], definitions: Iterable[CrdDefinition]
) -> list[Object]:
    """Return what to apply, in this order, so that a controller of these parts runs.

    Namespace, definitions, account, inputs, rights, Service, and a Deployment with a PodDisruptionBudget. The
    caller owns the objects.
    """
    account = installation.account
    rendered = builtin_chart("controller").render(
        _values(installation), Release(account.name, account.namespace)
    )
    rendered = with_config_checksum(rendered)
    roles = role_objects(rights_of(parts, lease=account.name), account, installation.namespaces)
    return sorted([*rendered, *map(crd_of, definitions), *roles], key=_order)


def _order(obj: Object) -> float:
    return _DEFINITIONS_TIER if obj["kind"] == "CustomResourceDefinition" else tier(obj)


def _values(installation: Installation) -> dict[str, Any]:
    scope = [f"--namespace={namespace}" for namespace in installation.namespaces]
    account = installation.account
    elected = ["--leader-elect", f"--lease-namespace={account.namespace}", f"--lease-name={account.name}"]
    return {
        "version": __version__,
        "image": installation.image,
        "replicas": installation.replicas,
        "inputs": installation.inputs,
        "args": ["run", f"--inputs={_INPUTS}", "--log-format=json", "--listen=:8080", *elected, *scope],
    }
