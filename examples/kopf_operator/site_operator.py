"""An operator in kopf: kopf says which Site to look at, a Deployer brings it to what it should be.

Handlers are level-based: they read the Site as it is now, whatever it was that happened to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import kopf
from custom_generator.sites import SITE, deployer

from gwdeployer import ClusterStore, KubernetesCluster, RetryableError, TerminalError

#: What the chart's objects are labelled with.
OURS = {"app.kubernetes.io/managed-by": "sites"}
#: Seconds between two looks at a Site of which nothing was heard.
LOOK_AGAIN = 60.0


@kopf.on.startup()
def start(memo: kopf.Memo, settings: kopf.OperatorSettings, **_: Any) -> None:
    """Connect as kubectl would, and keep kopf's notes in annotations: Sites have no status."""
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage()
    # A Site that is deleted while its timer runs would else be held for a minute.
    settings.background.cancellation_polling = 1.0
    memo.cluster = KubernetesCluster.connect()
    memo.store = ClusterStore(memo.cluster)
    memo.sites = deployer(memo.cluster)


@kopf.on.cleanup()
def end(memo: kopf.Memo, **_: Any) -> None:
    """Close what was opened."""
    memo.sites.close()
    memo.cluster.close()


@kopf.on.resume(SITE.group, SITE.version, "sites")
@kopf.on.create(SITE.group, SITE.version, "sites")
@kopf.on.update(SITE.group, SITE.version, "sites")
async def deploy(memo: kopf.Memo, namespace: str, name: str, **_: Any) -> None:
    """Bring what is deployed for a Site to its plan; where all is as planned, this only reads."""
    await asyncio.to_thread(reconcile, memo, namespace, name)


@kopf.timer(SITE.group, SITE.version, "sites", interval=LOOK_AGAIN)
async def look_again(memo: kopf.Memo, namespace: str, name: str, **_: Any) -> None:
    """See to what no handler is told of, such as other pages."""
    # A timer that fails for good never comes again.
    with contextlib.suppress(kopf.PermanentError):
        await asyncio.to_thread(reconcile, memo, namespace, name)


@kopf.on.delete(SITE.group, SITE.version, "sites")
async def clean_up(memo: kopf.Memo, namespace: str, name: str, body: kopf.Body, **_: Any) -> None:
    """Delete what the garbage collector would not find; kopf's finalizer holds the Site until then."""
    await asyncio.to_thread(reconcile, memo, namespace, name)
    memo.sites.forget(body)


@kopf.on.event("apps", "v1", "deployments", labels=OURS)
@kopf.on.event("", "v1", "services", labels=OURS)
@kopf.on.event("", "v1", "configmaps", labels=OURS)
async def repair(memo: kopf.Memo, namespace: str, meta: Mapping[str, Any], **_: Any) -> None:
    """Look at the Site of whatever somebody changed or deleted, perhaps by hand."""
    for reference in meta.get("ownerReferences", ()):
        if reference["kind"] == SITE.kind:
            await asyncio.to_thread(reconcile, memo, namespace, reference["name"])


def reconcile(memo: kopf.Memo, namespace: str, name: str) -> None:
    """Plan, apply and prune for a Site. Raises what kopf understands: try again, or wait for a change."""
    try:
        site = memo.store.get(SITE, namespace, name)
        if site is None:
            return
        result = memo.sites.reconcile(site, memo.store)
        result.raise_for_errors()
    except TerminalError as error:
        raise kopf.PermanentError(str(error)) from error
    except RetryableError as error:
        raise kopf.TemporaryError(str(error), delay=error.delay) from error
    if result.requeue_after is not None:
        raise kopf.TemporaryError("not done yet", delay=result.requeue_after)
