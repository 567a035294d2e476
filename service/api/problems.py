"""Errors as RFC 9457 problem details: what is wrong, where, and what would be valid."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware

from service.api.methods import allowed

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

OF_A_BODY = (400, 413, 415, 422)
"""The statuses of a call that takes JSON, besides its own."""


class Fault(BaseModel):
    """One thing wrong with a request."""

    architecture: int | None = Field(
        None, description="The index of the architecture in the request, from 0."
    )
    row: int | None = Field(
        None, description="The row of a table, from 0, a CSV's header and empty lines not counted."
    )
    field: str = Field(description="The field, its parts joined by slashes.", examples=["ops/1"])
    detail: str = Field(examples=["'conv3x3' is no operation"])
    valid: str | None = Field(None, description="What would be valid.")


class Problem(BaseModel):
    """An RFC 9457 problem."""

    model_config = ConfigDict(json_schema_extra={"description": "An RFC 9457 problem."})

    type: str = Field(examples=["urn:nascore:problem:invalid-architecture"])
    title: str
    status: int
    detail: str
    errors: list[Fault] = Field(default_factory=list)


class ProblemError(HTTPException):
    """Raised by a route, or while its request is read; answered as a problem."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # What FastAPI passes on from the reading of a body is an HTTPException.
        super().__init__(status, detail, headers)
        self.problem = Problem(
            type=f"urn:nascore:problem:{slug}",
            title=title,
            status=status,
            detail=detail,
            errors=list(errors),
        )


def not_found(what: str, detail: str) -> ProblemError:
    return ProblemError(404, "not-found", f"No such {what}", detail)


def invalid(errors: Sequence[Fault]) -> ProblemError:
    """A request of which some field is wrong."""
    return ProblemError(
        422, "invalid-request", "The request is not valid", errors[0].detail, errors
    )


def unknown(field: str, value: str, what: str, valid: Sequence[str]) -> ProblemError:
    """A name that is not among the valid ones."""
    fault = Fault(
        field=field,
        detail=f"there is no {what} {value[:64]!r}",
        valid=f"one of {', '.join(valid)}" if valid else "there is none yet",
    )
    return invalid([fault])


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of a route's errors."""
    titles = {
        400: "The body is not in the coding that `Content-Encoding` names",
        404: "Not found",
        408: "The body has not gone on for too long",
        409: "Not as the job is now",
        413: "The body is too large",
        415: "The body is of a type that is not read here, or in an unknown coding",
        422: "The request is not valid; `errors` names every fault",
        503: "The database is away or busy, or the queue full; see `Retry-After`",
    }
    headers = {
        415: ("Accept", "Accept-Encoding"),
        503: ("Retry-After",),
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": titles[status],
            "content": {MEDIA_TYPE: {"schema": schema}},
            "headers": {
                name: {"$ref": f"#/components/headers/{name}"} for name in headers.get(status, ())
            },
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answers every error of the app as a problem."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _away)
    app.add_exception_handler(PoolTimeoutError, _away)
    # Not as a handler: FastAPI would call it outside of all that gives an answer its headers.
    app.add_middleware(ServerErrorMiddleware, handler=_unexpected)


def _answer(error: ProblemError) -> JSONResponse:
    return JSONResponse(
        error.problem.model_dump(exclude_none=True),
        status_code=error.problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(error.headers or {}),
    )


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101 - Starlette's handlers take any Exception
    return _answer(error)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    # The input itself is never echoed: it may be huge, or not be JSON at all.
    faults = [_fault(request, fault) for fault in error.errors()[:100]]
    return _answer(invalid(faults))


def _fault(request: Request, fault: Mapping[str, Any]) -> Fault:
    place = [str(part) for part in fault["loc"]]
    field = "/".join(place[1:])[:200] or place[0]
    known = _fields(request) if fault["type"] == "extra_forbidden" and len(place) == 2 else None
    valid = f"one of {', '.join(known)}" if known else None
    return Fault(field=field, detail=str(fault["msg"])[:500], valid=valid)


def _fields(request: Request) -> list[str]:
    """The fields that the body of this route may have."""
    body = getattr(request.scope.get("route"), "body_field", None)
    model = body and body.field_info.annotation
    return list(model.model_fields) if model else []


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == 404:
        return _answer(not_found("path", "there is nothing here; GET / lists the calls"))
    if error.status_code == 405:
        return _answer(_not_allowed(request))
    title = str(error.detail)
    slug = title.lower().replace(" ", "-") if len(title) < 40 else "http"
    return _answer(ProblemError(error.status_code, slug, title, title, headers=error.headers))


def _not_allowed(request: Request) -> ProblemError:
    # Starlette's own `Allow` stops at the first route of the path.
    allow = ", ".join(allowed(request.app, request.scope["path"]))
    fault = Fault(field="method", detail=f"not {request.method[:20]!a}", valid=f"one of {allow}")
    return ProblemError(
        405,
        "method-not-allowed",
        "Method Not Allowed",
        f"this path answers {allow}",
        [fault],
        {"Allow": allow},
    )


async def _away(request: Request, error: Exception) -> JSONResponse:
    log.warning("database away", error=str(error)[:1_000])
    return _answer(
        ProblemError(
            503,
            "database-away",
            "The database is away or busy",
            "the same request may succeed in a moment",
            headers={"Retry-After": "5"},
        )
    )


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    return _answer(
        ProblemError(
            500, "internal", "Something went wrong here", "the log has it under the request's id"
        )
    )
