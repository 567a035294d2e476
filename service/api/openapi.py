"""What the OpenAPI document says of every call: the problem's schema, and headers."""

from typing import Any

from service.api.problems import Problem

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


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Adds to a document what its routes refer to, and what every answer has."""
    template = "#/components/schemas/{model}"
    schema = Problem.model_json_schema(ref_template=template)
    components = document["components"]
    components["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
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
