"""One id, one log line and one measurement for every request."""

import re
import time
from uuid import uuid4

import structlog
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import REQUEST_ID

log = structlog.get_logger()

HEADER = b"x-request-id"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Observe:
    """Takes the client's `X-Request-ID` or makes one, and gives it back."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "nascore_request_seconds",
            "Seconds from a request's first byte to its answer's last",
            ["method", "route", "status"],
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(HEADER, b"")
        request_id = given.decode() if _ACCEPTABLE.fullmatch(given) else uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**{REQUEST_ID: request_id})
        status = 500
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER, request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            # The route's template, not the path: hashes would make a series each.
            route = getattr(scope.get("route"), "path", "none")
            # Nor does a method that a client has invented get one.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._seconds.labels(method, route, status).observe(seconds)
            log.info(
                "request",
                method=scope["method"][:20],
                path=scope["path"][:200],
                status=status,
                seconds=round(seconds, 4),
            )
