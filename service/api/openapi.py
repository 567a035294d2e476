"""What the OpenAPI document says of every call: the problem's schema, and headers."""

from typing import Any

from pydantic import BaseModel

from service.api.problems import Problem
from service.api.schemas.accuracies import AccuracyTable

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
    content = data.model_json_schema(ref_template=_REFERENCE)
    # What it refers to, other calls refer to as well.
    content.pop("$defs", None)
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
    components["schemas"] |= {**table.pop("$defs"), "AccuracyTable": table}
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
