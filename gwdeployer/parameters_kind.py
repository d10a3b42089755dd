"""Parameters kinds of third parties: objects of their own that customise what a plugin deploys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from gwdeployer.chart import Chart
from gwdeployer.generator import Context, HelmValuesGenerator
from gwdeployer.objects import KindRef, Object
from gwdeployer.parameters import Merged


class ParametersKind(NamedTuple):
    """A kind of parameters object that a third party adds to those a plugin knows.

    Offered by an entry point in the group ``gwdeployer.parameters``, or given to ``configure``. A
    ``parametersRef`` may then name it wherever the plugin's own kind may stand. ``model`` is the model of its
    spec; its fields' merge policies say how the layers come together. ``plugin`` is the plugin's name.

    It composes with the plugin's own parameters, or replaces them:

    * ``as_base`` returns the spec of the plugin's own kind that an object's spec carries (or stands for), so
      that one layer may use this kind and another the plugin's. Without it, all layers must be of this kind.
    * ``to_values`` returns the chart's values, given the merged parameters of this kind, the values made so
      far, the owner and the context.
    * ``wrap`` returns a generator around (or instead of) the plugin's, ``chart`` another chart for it.
    """

    kind: KindRef
    model: type[BaseModel]
    plugin: str
    as_base: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    to_values: Callable[[Merged[Any], Mapping[str, Any], Object, Context], Mapping[str, Any]] | None = None
    wrap: Callable[[HelmValuesGenerator], HelmValuesGenerator] | None = None
    chart: Chart | None = None
