"""Boards sorted by other than their scores, kept while they stay as they are: whoever scrolls
through one asks for its blocks one by one."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from service.db import board_sheets
from service.db.board_sheets import NO_MEANS, Means, Measure, Sheet
from service.db.boards import Asked
from service.db.models import Series

KEPT = 4
"""Seven megabytes each for all NB101 architectures, and to compute one takes part of a second."""

T = TypeVar("T")


class _Latest(Generic[T]):
    """The values that were asked for last, by their keys."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, T] = OrderedDict()

    async def of(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        found = self._kept[key] if key in self._kept else await compute()
        self._kept[key] = found
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found


class KnownSheets:
    """Those that were asked for last, and the series that they were sorted by."""

    def __init__(self) -> None:
        self._sheets: _Latest[Sheet] = _Latest()
        self._means: _Latest[Means] = _Latest()

    async def of(
        self,
        session: AsyncSession,
        state: Hashable,
        asked: Asked,
        trained: Series | None,
        by: Measure,
    ) -> Sheet:
        """Of a board that is as `state` says for as long as that is the same."""
        if by == "accuracy" and trained is not None:
            series = (trained.id, trained.changes)
            means = await self._means.of(series, lambda: board_sheets.means(session, trained.id))
        else:
            means = NO_MEANS
        return await self._sheets.of(
            (state, by), lambda: board_sheets.read(session, asked, by, means)
        )
