"""What is no HTTP, or too long for it, is answered as a problem too."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.api.problems import MEDIA_TYPE, Problem
from service.api.security import HEADERS

HEAD_BYTES_LIMIT = 64 * 1024
"""Of a request line and its headers: uvicorn's default, which nothing here comes near."""

_PROBLEM = (
    Problem(
        type="urn:nascore:problem:malformed-request",
        title="No HTTP request that could be read",
        status=400,
        detail="the request line or a header is malformed, or both together are longer than"
        f" {HEAD_BYTES_LIMIT} bytes",
    )
    .model_dump_json(exclude_none=True)
    .encode()
)


class HttpProtocol(H11Protocol):
    """uvicorn's, which says this in plain text."""

    def send_400_response(self, msg: str) -> None:
        headers = [
            *HEADERS.items(),
            (b"Content-Type", MEDIA_TYPE.encode()),
            (b"Content-Length", b"%d" % len(_PROBLEM)),
            (b"Connection", b"close"),
        ]
        events = (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=_PROBLEM),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
