"""Long answers, written piece by piece: never whole in memory, and other requests go on between."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from numpy.typing import NDArray
from pydantic import BaseModel
from pydantic_core import to_json

PIECE = 100
"""Items: two milliseconds to write, and fifty kilobytes."""

VALUES = 2_000
"""Of a column: the same, most of it to compress them."""

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
    rest = _in_turns(chain((first, second), pieces))
    return StreamingResponse(rest, status, headers, _TYPE)


def columns(head: BaseModel, found: Sequence[NDArray[Any]]) -> Response:
    """`head`, the last lists of which are empty, with a column in each; what is not a number is
    null. Nothing behind the first of them in `head` may be of any other text than names."""
    pieces = _columns(head, found)
    if all(len(column) <= VALUES for column in found):
        return Response(b"".join(pieces), media_type=_TYPE)
    return StreamingResponse(_in_turns(pieces), media_type=_TYPE)


def _columns(head: BaseModel, found: Sequence[NDArray[Any]]) -> Iterator[bytes]:
    *parts, end = head.model_dump_json().encode().rsplit(b"[]", len(found))
    for part, column in zip(parts, found, strict=True):
        before = part + b"["
        for start in range(0, len(column), VALUES):
            values = column[start : start + VALUES].tolist()
            yield before + to_json(values, inf_nan_mode="null").removeprefix(b"[")[:-1]
            before = b","
        yield b"]" if len(column) else before + b"]"
    yield end


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


async def _in_turns(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        # Sending does not wait where the network is quick enough.
        await asyncio.sleep(0)
