"""HTTP by hand: what no client library would send."""

import http.client
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

ANSWER_S = 60.0
"""Every refusal comes within milliseconds; the machine may be busy."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def exchange(port: int, pieces: Iterable[bytes], method: str = "POST") -> Answer:
    """Sends the bytes for as long as somebody takes them, and reads one answer."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # It has heard enough and hung up; its answer was sent before.
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def head(line: str, **headers: Any) -> bytes:
    """A request line and headers; `Content_Type` is written `Content-Type`."""
    given = cast("dict[str, Any]", {"Host": "nascore", "Connection": "close", **headers})
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items()]
    return "\r\n".join([f"{line} HTTP/1.1", *lines, "", ""]).encode("latin-1")


def posted(path: str, body: bytes, **headers: Any) -> list[bytes]:
    """A POST of JSON, unless other headers say otherwise."""
    given = {"Content_Type": "application/json", "Content_Length": len(body), **headers}
    return [head(f"POST {path}", **given), body]


def chunked(path: str, pieces: Iterable[bytes], **headers: Any) -> Iterable[bytes]:
    given = {"Content_Type": "application/json", "Transfer_Encoding": "chunked", **headers}
    yield head(f"POST {path}", **given)
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
