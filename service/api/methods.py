"""Which methods a path has: HEAD beside GET, OPTIONS everywhere, and `Allow` names all of them."""

from functools import cache
from re import Pattern
from typing import TYPE_CHECKING

from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import Mount, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from fastapi import FastAPI

EVENTS = "text/event-stream"


class Methods:
    """Answers OPTIONS, and HEAD as GET; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["type"] == "http" else ""
        if method == "OPTIONS" and (allow := allowed(scope["app"], scope["path"])):
            answer = Response(status_code=204, headers={"Allow": ", ".join(allow)})
            await answer(scope, receive, send)
        elif method == "HEAD" and "HEAD" in allowed(scope["app"], scope["path"]):
            as_get = {**scope, "method": "GET"}
            await self._app(as_get, receive, send)
            if "route" in as_get:
                scope["route"] = as_get["route"]
        else:
            await self._app(scope, receive, send)


def allowed(app: "FastAPI", path: str) -> list[str]:
    """The methods that a path answers; none where there is no such path."""
    found: set[str] = set()
    for pattern, methods in _patterns(app):
        if pattern.match(path):
            found |= methods
    return sorted({*found, "OPTIONS"}) if found else []


@cache
def _patterns(app: "FastAPI") -> list[tuple[Pattern[str], set[str]]]:
    found = []
    for route in iter_route_contexts(app.routes):
        # What is mounted is files.
        below = "/{file:path}" if isinstance(route.original_route, Mount) else ""
        pattern, *_ = compile_path(f"{route.path}{below}")
        methods = route.methods or {"GET"}
        answer = getattr(route.original_route, "responses", {}).get(200, {})
        # A stream without its events would last as long, and say nothing.
        if "GET" in methods and EVENTS not in answer.get("content", ()):
            methods = {*methods, "HEAD"}
        found.append((pattern, methods))
    return found
