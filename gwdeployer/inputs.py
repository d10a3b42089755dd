"""What the embedding controller knows and every plan needs: :class:`Inputs`.

Filled by a constructor call, by one YAML file, or by environment variables. Plugins subclass it. Every key
has a default, so that previews work without any inputs.
"""

# Annotations are not postponed: pydantic would compile the text of each of them at every start.

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from gwdeployer import documents
from gwdeployer._version import __version__
from gwdeployer.errors import DocumentError, Fault, InputsError, shown
from gwdeployer.objects import is_dns_subdomain
from gwdeployer.parameters import faults_of

#: ``GWDEPLOYER_INPUTS_CONTROL_PLANE__XDS_HOST`` sets ``controlPlane.xdsHost``.
ENVIRONMENT_PREFIX = "GWDEPLOYER_INPUTS_"


def _no_flag(value: Any) -> Any:
    """Refuse true and false, which Python takes for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


Port = Annotated[int, BeforeValidator(_no_flag), Field(ge=1, le=65535)]


def _is_name(value: str) -> str:
    if not is_dns_subdomain(value):
        message = (
            "{value} is not a name Kubernetes accepts; use lower-case letters, digits, - and . (at most 253)"
        )
        raise PydanticCustomError("name", message, {"value": shown(value)})
    return value


#: The name of an object, or of a namespace.
Name = Annotated[str, AfterValidator(_is_name)]


class InputsModel(BaseModel):
    """The base of all inputs: frozen, camelCase in files, unknown keys refused."""

    #: Whether this very model (none that derives from it) is right without any data: a preview without inputs
    #: then needs no validator, which takes longer to make than the preview itself.
    defaults_are_sound: ClassVar[bool] = False

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class ContentRef(InputsModel):
    """A key of a ConfigMap or Secret."""

    kind: Literal["ConfigMap", "Secret"] = "ConfigMap"
    namespace: Name
    name: Name
    key: Annotated[str, Field(min_length=1)] = "ca.crt"


class ControlPlane(InputsModel):
    """Where proxies find their control plane."""

    xds_host: Annotated[str, Field(min_length=1)] = "kgateway.kgateway-system.svc.cluster.local"
    xds_port: Port = 9977
    xds_tls: bool = False
    #: PEM text of the CA that signed the control plane's certificate.
    xds_ca_cert: str = ""
    #: Where to look that text up, instead: what it says then is followed.
    xds_ca_ref: ContentRef | None = None

    @model_validator(mode="after")
    def _has_one_ca(self) -> Self:
        if self.xds_ca_cert and self.xds_ca_ref:
            message = "xdsCaCert and xdsCaRef exclude each other; leave one out"
            raise PydanticCustomError("one_of", message)
        return self


class ImageInputs(InputsModel):
    """Defaults for container images; parameters override each part."""

    registry: str = "cr.kgateway.dev"
    repository: str | None = None
    tag: str = "v2.3.0"
    digest: str | None = None
    pull_policy: str | None = None


class Inputs(InputsModel):
    """What the embedding controller knows. Plugins subclass it and add keys of their own."""

    #: Who deploys: the controller that owners name as theirs, and the field manager of what is applied.
    controller_name: Annotated[str, Field(min_length=1)] = "gwdeployer.dev/gateway-controller"
    #: The value of the label ``app.kubernetes.io/managed-by``.
    managed_by: Annotated[str, Field(min_length=1)] = "gwdeployer"
    #: The value of the label ``app.kubernetes.io/version``.
    version: Annotated[str, Field(min_length=1)] = __version__
    control_plane: ControlPlane = Field(default_factory=ControlPlane.model_construct)
    image: ImageInputs = Field(default_factory=ImageInputs.model_construct)


T = TypeVar("T", bound=InputsModel)


def read_inputs(path: Path) -> dict[str, Any]:
    """Return the mapping that an inputs file holds. Raises InputsError naming file and line."""
    try:
        found = documents.load_all(path.read_bytes(), source=str(path))
    except DocumentError as error:
        raise InputsError(error.faults) from error
    except OSError as error:
        raise InputsError(Fault(f"cannot be read: {error.strerror}", subject=str(path))) from error
    if not found:
        return {}
    if len(found) > 1 or not isinstance(found[0], dict):
        raise InputsError(Fault("must hold one mapping", subject=str(path)))
    return found[0]


def environment_variables(environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Return the names of the ``GWDEPLOYER_INPUTS_…`` variables that say something, by the key each one sets.

    ``__`` goes one level deeper. An empty variable says nothing.
    """
    return {
        tuple(to_camel(part.lower()) for part in name[len(ENVIRONMENT_PREFIX) :].split("__")): name
        for name in sorted(environ)
        if name.startswith(ENVIRONMENT_PREFIX) and environ[name]
    }


def inputs_from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the mapping that ``GWDEPLOYER_INPUTS_…`` variables describe.

    Values stay text: the models make of it what they want (``9977`` may be a port or an image's tag). Raises
    InputsError for variables that contradict each other.
    """
    variables = environment_variables(environ)
    faults: list[Fault] = []
    result: dict[str, Any] = {}
    for keys, name in variables.items():
        above = [variables[keys[:i]] for i in range(1, len(keys)) if keys[:i] in variables]
        if above:
            faults.append(Fault(f"contradicts {above[0]}", subject=name, hint="unset one of the two"))
            continue
        place = result
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = environ[name]
    if faults:
        raise InputsError(faults)
    return result


def blame_environment(error: InputsError, environ: Mapping[str, str]) -> InputsError:
    """Return the error with the environment's variables as the subject of the faults they caused."""
    variables = {".".join(keys): name for keys, name in environment_variables(environ).items()}
    return InputsError(
        replace(fault, subject=variables.get(fault.path, fault.subject)) for fault in error.faults
    )


def validate_inputs(model: type[T], data: Mapping[str, Any], subject: str) -> T:
    """Return ``data`` as ``model``. Raises InputsError with one fault for each key that is wrong."""
    given = without_unset(data)
    if not given and vars(model).get("defaults_are_sound"):
        return cast("T", model.model_construct())
    try:
        return model.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        faults = faults_of(error, model)
        raise InputsError(replace(fault, subject=subject) for fault in faults) from None


def without_unset(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs without explicit nulls, which mean that a key is not set."""
    return {
        key: without_unset(value) if isinstance(value, Mapping) else value
        for key, value in data.items()
        if value is not None
    }


def known_keys(models: Iterable[type[InputsModel]]) -> set[str]:
    """Return the top-level keys that any of the models has."""
    return {info.alias or name for model in models for name, info in model.model_fields.items()}
