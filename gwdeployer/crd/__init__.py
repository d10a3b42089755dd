"""CustomResourceDefinitions made from pydantic models, so that model and CRD cannot drift apart.

::

    SITE = CrdDefinition(KindRef("example.com", "v1", "Site"), spec=SiteSpec, short_names=("st",))
    crd_of(SITE)                     # a dict, ready to be applied

``definition`` says what a CRD is made from and costs nothing to import; ``structural`` turns a model into the
schema an API server takes; ``making`` puts both together. Names are loaded on first use: a plugin declares
its CRDs as it is imported, and ``render`` makes none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gwdeployer._lazy import lazy_exports

if TYPE_CHECKING:
    from gwdeployer.crd.definition import CrdDefinition, PrinterColumn
    from gwdeployer.crd.making import crd_of
    from gwdeployer.crd.structural import structural_schema

__all__ = ["CrdDefinition", "PrinterColumn", "crd_of", "structural_schema"]

__getattr__, _ = lazy_exports(
    __name__,
    {
        "definition": ("CrdDefinition", "PrinterColumn"),
        "making": ("crd_of",),
        "structural": ("structural_schema",),
    },
)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
