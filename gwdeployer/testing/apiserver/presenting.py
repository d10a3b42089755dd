"""Answers as clients want them: JSON or YAML, the objects themselves, their metadata, or a table."""

from __future__ import annotations

from gwdeployer.objects import Object
from gwdeployer.testing.apiserver.content import Form, encoded_as, metadata_only
from gwdeployer.testing.apiserver.state import Answer, Call
from gwdeployer.testing.apiserver.statuses import StatusError
from gwdeployer.testing.apiserver.watches import Shape
from gwdeployer.testing.apiserver.wire import HttpResponse

_WARNING = '299 - "{}"'


def presented(call: Call, answer: Answer, form: Form) -> HttpResponse:
    """Return the answer to a request for objects, with the warnings that came up."""
    content = answer.content
    if form.transform and content.get("kind") != "Status":
        content = _transformed(call, content, form)
    headers = [("Warning", _WARNING.format(_escaped(one))) for one in dict.fromkeys(call.warnings)]
    return HttpResponse(answer.code, encoded_as(form.media_type, content), form.media_type, headers)


def refused(error: StatusError) -> HttpResponse:
    """Return the answer to a request that is not done."""
    response = HttpResponse(error.code, encoded_as("application/json", error.status))
    if error.retry_after:
        response.headers.append(("Retry-After", str(error.retry_after)))
    return response


def watched_as(call: Call, form: Form) -> Shape:
    """Return how the objects of a watch are brought into form; tables tell their columns once."""
    columns: list[object] = []

    def shape(obj: Object) -> Object:
        result = _transformed(call, obj, form)
        if form.transform == "Table":
            told, columns[:] = columns == result["columnDefinitions"], result["columnDefinitions"]
            result |= {"columnDefinitions": None} if told else {}
        return result

    return shape if form.transform else lambda obj: obj


def _transformed(call: Call, content: Object, form: Form) -> Object:
    """Return an object or a list as a table, or as its metadata."""
    if form.transform == "PartialObjectMetadata":
        return metadata_only(content)
    from gwdeployer.testing.apiserver.tables import table  # noqa: PLC0415 - for people at a terminal

    is_list = "items" in content and content["kind"] == f"{call.kind.resource.kind.kind}List"
    result: Object = table(call.kind, content["items"] if is_list else [content])
    meta = content.get("metadata") or {}
    listed = {key: meta[key] for key in ("resourceVersion", "continue", "remainingItemCount") if key in meta}
    rows = [row | {"object": _of_row(call, row["object"])} for row in result["rows"]]
    return result | {"metadata": listed, "rows": rows}


def _of_row(call: Call, obj: Object) -> Object | None:
    """Return as much of a row's object as is wanted."""
    match "".join(call.query.get("includeObject", ())):
        case "Object":
            return call.kind.type_meta | obj
        case "None":
            return None
    return metadata_only(obj)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
