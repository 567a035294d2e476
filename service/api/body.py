"""What a request body may be, before anything parses it: how long, and how coded."""

import zlib
from collections.abc import Iterator, Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import Fault, ProblemError

CODINGS = ("gzip", "x-gzip")
"""One coding under two names (RFC 9110, 8.4.1.3). `deflate` is left out: what it means is disputed,
and senders differ."""

_GZIP_WINDOW = 16 + zlib.MAX_WBITS

_WITH_BODY = {"POST", "PUT", "PATCH"}
"""Of other methods no route reads a body."""


PIECE = 2**16
"""Bytes decoded at once: a body that is read as it comes is never longer than that in memory."""


class Body:
    """Hands on no more than `limit` bytes of a body, decoded, whatever its length is said to be.

    `limits` are those of paths that have one of their own.

    What is refused is refused where the body is read, inside the app, so that the answer is a
    problem with the request's id.
    """

    def __init__(self, app: ASGIApp, limit: int, limits: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in _WITH_BODY:
            limit = self._limits.get(scope["path"], self._limit)
            receive = _Received(Headers(scope=scope), receive, limit)
        await self._app(scope, receive, send)


class _Received:
    """The messages of one request."""

    def __init__(self, headers: Headers, receive: Receive, limit: int) -> None:
        self._headers = headers
        self._receive = receive
        self._limit = limit
        self._begun = False
        self._gzip: _Gzip | None = None
        self._left = limit
        self._coded_left = limit
        self._pieces: Iterator[bytes] = iter(())
        self._more = True
        self._ended = False

    async def __call__(self) -> Message:
        if not self._begun:
            # Before the first message is asked for: who sent `Expect: 100-continue` sends nothing.
            self._begun = True
            self._begin()
        if self._gzip is None or self._ended:
            return self._counted(await self._receive())
        while not (piece := next(filter(None, self._pieces), b"")) and self._more:
            message = self._counted(await self._receive())
            if message["type"] != "http.request":
                return message
            self._more = message.get("more_body", False)
            self._pieces = self._gzip.decode(message.get("body", b""), PIECE)
        if not piece:
            self._gzip.end()
            self._ended = True
        self._left = self._take(self._left, piece)
        return {"type": "http.request", "body": piece, "more_body": not self._ended}

    def _counted(self, message: Message) -> Message:
        # As it comes: ten thousand empty members of a gzip file decode to nothing, for ever.
        self._coded_left = self._take(self._coded_left, message.get("body", b""))
        return message

    def _begin(self) -> None:
        coding = ", ".join(self._headers.getlist("Content-Encoding")).strip().lower()
        if coding in CODINGS:
            self._gzip = _Gzip()
        elif coding not in ("", "identity"):
            raise _unknown_coding(coding)
        elif int(self._headers.get("Content-Length", "0")) > self._limit:
            raise _too_large(self._limit)

    def _take(self, left: int, piece: bytes) -> int:
        if len(piece) > left:
            raise _too_large(self._limit)
        return left - len(piece)


class _Gzip:
    """Decodes piece by piece: a bomb is never larger in memory than what is asked of it."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._empty = True

    def decode(self, coded: bytes, at_most: int) -> Iterator[bytes]:
        """The text of the next bytes, in pieces of `at_most` bytes."""
        left = bool(coded)
        while left:
            self._empty = False
            if self._member.eof:
                # RFC 1952: a file is one member after another.
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            try:
                piece = self._member.decompress(coded, at_most)
            except zlib.error:
                raise _undecodable("they are not gzip, or are damaged") from None
            yield piece
            coded = self._member.unconsumed_tail or self._member.unused_data
            # A piece that is full may have left some of its bytes' text behind.
            left = bool(coded) or (len(piece) == at_most and not self._member.eof)

    def end(self) -> None:
        if not (self._member.eof or self._empty):
            raise _undecodable("they end too early")


def _too_large(limit: int) -> ProblemError:
    fault = Fault(
        field="body", detail="longer than the limit", valid=f"at most {limit} bytes, decoded"
    )
    detail = f"the body is longer than {limit} bytes"
    return ProblemError(413, "content-too-large", "Content Too Large", detail, [fault])


def _unknown_coding(coding: str) -> ProblemError:
    fault = Fault(
        field="Content-Encoding",
        detail=f"{coding[:64]!a} is not decoded here",
        valid=f"{CODINGS[0]}, or none",
    )
    return ProblemError(
        415,
        "unsupported-media-type",
        "Unsupported Media Type",
        fault.detail,
        [fault],
        {"Accept-Encoding": CODINGS[0]},
    )


def _undecodable(reason: str) -> ProblemError:
    fault = Fault(field="body", detail=reason, valid="gzip, as Content-Encoding says")
    detail = f"the bytes of the body cannot be decoded: {reason}"
    return ProblemError(400, "undecodable-body", "The body cannot be decoded", detail, [fault])
