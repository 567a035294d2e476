"""A limit on request bodies, before anything parses them."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Reads no more than `limit` bytes of a body, whatever its length is said to be.

    Starlette's own limiter answers in plain text, outside the request's log line and id.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise HTTPException(413, "Content Too Large")
            return message

        await self._app(scope, limited if scope["type"] == "http" else receive, send)
