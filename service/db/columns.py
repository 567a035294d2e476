"""Long columns, read as arrays and piece by piece.

A row of an array is not an object of Python's, and nothing of a hundred thousand rows is ever in
memory besides their arrays; between two pieces other requests go on.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

PIECE = 16_384
"""Rows of a piece: 400 kB a column on their way here, two milliseconds to read."""

INTEGER, NUMBER, HASH = ">i8", ">f8", "S32"
"""What a column holds: a bigint, a double precision, a text of 32 digits."""

_HEAD = 20
"""Bytes of an array as PostgreSQL sends it: dimensions, flags, type, size, first index."""


async def read(
    session: AsyncSession, query: Select[*tuple[Any, ...]], elements: Sequence[str]
) -> list[NDArray[Any]]:
    """The query's columns, (n,) each, in no order but together; none may hold a null."""
    rows = query.subquery()
    numbered = select(*rows.c, func.row_number().over().label("number")).subquery()
    sent = [func.array_send(func.array_agg(numbered.c[each.name])) for each in rows.c]
    pieces: list[list[NDArray[Any]]] = [[] for _ in elements]
    # A cursor is else planned for who wants the first tenth of its rows.
    await session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
    asked = select(*sent).group_by(numbered.c.number // PIECE).execution_options(yield_per=1)
    async for piece in await session.stream(asked):
        for found, one, element in zip(pieces, piece, elements, strict=True):
            found.append(_array(one, element))
    return [
        np.concatenate(found) if found else np.empty(0, np.dtype(element).newbyteorder("="))
        for found, element in zip(pieces, elements, strict=True)
    ]


def _array(sent: bytes, element: str) -> NDArray[Any]:
    """Of elements of one length: quicker by far than as many rows."""
    items = np.dtype([("length", ">i4"), ("value", element)])
    found: NDArray[Any] = np.frombuffer(sent, items, offset=_HEAD)["value"]
    return found.astype(np.dtype(element).newbyteorder("="))
