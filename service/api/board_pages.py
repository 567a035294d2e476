"""The pages of a board: where one begins, and the ranks of its rows."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from service.api import problems
from service.api.problems import Fault
from service.api.schemas.rank import Ranked
from service.db import boards

_Whole = Annotated[int, Field(ge=0, lt=2**62)]
Cursor = tuple[str, FiniteFloat, _Whole, _Whole, _Whole]
"""The board, and of the last row before the page: its score, its id, its rank, its position."""

_CURSOR: TypeAdapter[Cursor] = TypeAdapter(Cursor)


def begin(cursor: str | None, board: str) -> Cursor:
    """Where a page of the board begins: before the first row, or behind the cursor.

    Raises ProblemError where it is no cursor of the board.
    """
    return (board, 0.0, 0, 0, 0) if cursor is None else _read(cursor, board)


def board(after: Cursor) -> str:
    return after[0]


def key(after: Cursor) -> tuple[float, int] | None:
    """The row that the page is behind; None for the first page."""
    _, value, architecture_id, _, position = after
    return (value, architecture_id) if position else None


def position(after: Cursor) -> int:
    """How many rows are before the page."""
    return after[-1]


def ranked(rows: Sequence[boards.Row], after: Cursor) -> tuple[list[Ranked], Cursor]:
    """The rows of a page behind `after`, and the cursor behind them."""
    items = []
    name, value, architecture_id, place, position = after
    for found in rows:
        position += 1
        if found.value != value or place == 0:
            value, place = found.value, position
        architecture_id = found.architecture_id
        items.append(row(place, found))
    return items, (name, value, architecture_id, place, position)


def row(rank: int, found: boards.Row) -> Ranked:
    return Ranked(
        rank=rank,
        hash=found.hash,
        spec=dict(found.spec),
        score=found.value,
        accuracy=found.accuracy,
        parameters=found.parameters,
        flops=found.flops,
    )


def behind(board: str, offset: int, items: Sequence[Ranked], rows: Sequence[boards.Row]) -> Cursor:
    """The cursor behind rows that are best first from `offset` on; there is one at least."""
    last = rows[-1]
    return (board, last.value, last.architecture_id, items[-1].rank, offset + len(rows))


def write(last: Cursor) -> str:
    return base64.urlsafe_b64encode(_CURSOR.dump_json(last)).decode().rstrip("=")


def _read(cursor: str, board: str) -> Cursor:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        last = _CURSOR.validate_json(base64.urlsafe_b64decode(padded))
    except (ValidationError, binascii.Error, ValueError):
        last = None
    if last is None or last[0] != board:
        fault = Fault(
            field="cursor", detail="no cursor of this board", valid="`next` of the page before"
        )
        raise problems.invalid([fault])
    return last
