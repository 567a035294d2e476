"""What the OpenAPI document says of every call: the problem's schema, and headers."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from service.api.problems import Problem
from service.api.schemas.accuracies import AccuracyTable
from service.api.schemas.score import Spelling

_REFERENCE = "#/components/schemas/{model}"

HEADERS = {
    "Accept": "The type of body that is read, where another was sent",
    "Accept-Encoding": "The coding of a body that is read, where another was sent",
    "Link": 'The address of the next page, as `rel="next"`, where there is one',
    "Retry-After": "Seconds until it is worth asking again",
    "X-Request-ID": "The request's id, as the logs have it: the client's own, or a fresh one",
}
"""By name, for a route to refer to."""


def header(name: str) -> dict[str, Any]:
    """A route's reference to a header."""
    return {name: {"$ref": f"#/components/headers/{name}"}}


def event(name: str, data: type[BaseModel]) -> dict[str, Any]:
    """The schema of a server-sent event, as one of a stream's `itemSchema`."""
    # Results refer to spellings; and all that is referred to, other calls refer to as well.
    _, described = models_json_schema(
        [(data, "serialization"), (Spelling, "serialization")], ref_template=_REFERENCE
    )
    content = described["$defs"][data.__name__]
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "event": {"const": name},
            "id": text,
            "data": {**text, "contentMediaType": "application/json", "contentSchema": content},
        },
        "required": ["event", "data"],
    }


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to a document what its routes refer to, and what every answer has."""
    schema = Problem.model_json_schema(ref_template=_REFERENCE)
    components = document["components"]
    components["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
    # Read as it comes, and so not by FastAPI, which would have described it.
    table = AccuracyTable.model_json_schema(ref_template=_REFERENCE)
    parts = {**table.pop("$defs"), "AccuracyTable": table}
    for part in parts.values():
        for field in part["properties"].values():
            # Absent it may be; null is no value of most of them.
            if field.get("default", ...) is None:
                del field["default"]
    components["schemas"] |= parts
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["headers"] = {
        name: {"description": description, "schema": {"type": "string"}}
        for name, description in HEADERS.items()
    }
    for methods in document["paths"].values():
        for call in methods.values():
            for response in call["responses"].values():
                response["headers"] = {**response.get("headers", {}), **header("X-Request-ID")}
    return document
