"""Long answers, written piece by piece: never whole in memory, and other requests go on between."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import islice

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

PIECE = 100
"""Items: two milliseconds to write, and fifty kilobytes."""

_TYPE = "application/json"


def answer(
    head: BaseModel,
    items: Iterable[BaseModel],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """`head`, the last field of which is an empty list, with the items in that list.

    The items are best a generator: each is made when its piece is written.
    """
    pieces = _pieces(head, iter(items))
    first, second = next(pieces), next(pieces)
    if second == _END:
        return Response(first + second, status, headers, _TYPE)
    return StreamingResponse(_in_turns(first, second, pieces), status, headers, _TYPE)


_END = b"]}"


def _pieces(head: BaseModel, items: Iterator[BaseModel]) -> Iterator[bytes]:
    """At least two, the last one being the end."""
    before = head.model_dump_json().encode().removesuffix(_END)
    while batch := list(islice(items, PIECE)):
        yield before + b",".join(item.model_dump_json().encode() for item in batch)
        before = b","
    if before != b",":
        yield before
    yield _END


async def _in_turns(first: bytes, second: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    for piece in rest:
        # Sending does not wait where the network is quick enough.
        await asyncio.sleep(0)
        yield piece
