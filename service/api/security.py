"""What every answer tells a browser: take it for what it says it is, and show it in no frame.

Pages say more by a policy of their own.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"content-security-policy": b"frame-ancestors 'none'",
}


class Security:
    """Adds the headers to every answer that has not got them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = dict(message["headers"])
                missing = [pair for pair in HEADERS.items() if pair[0] not in own]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        await self._app(scope, receive, send_with_headers)
