"""Boards sorted by other than their scores, kept while they stay as they are: whoever scrolls
through one asks for its blocks one by one."""

import asyncio
from collections.abc import Hashable

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.latest import Latest
from service.db import board_sheets
from service.db.board_sheets import NO_MEANS, Means, Measure, Sheet
from service.db.boards import Asked
from service.db.models import Series

KEPT_BYTES = 12 * 2**20
"""All NB101 architectures twice, five megabytes each: to sort them takes part of a second. While it
does, three times as much again is in memory, and an API process has 200 MB in all."""


class UnsortedError(Exception):
    """The board is not kept, and to sort it is not this request's turn."""


class KnownSheets:
    """Those that were asked for last, and the series that they were sorted by."""

    def __init__(self) -> None:
        self._sheets: Latest[Sheet] = Latest(KEPT_BYTES, lambda sheet: sheet.nbytes)
        self._means: Latest[Means] = Latest(KEPT_BYTES // 2, lambda means: means.nbytes)
        self.turn = asyncio.Lock()
        """Held by who sorts: one board at a time is in memory besides those kept, and who waits for
        the same one finds it sorted. To be waited for without a connection to the database."""

    async def of(
        self,
        session: AsyncSession,
        state: Hashable,
        asked: Asked,
        trained: Series | None,
        by: Measure,
        *,
        may_sort: bool,
    ) -> Sheet:
        """Of a board that is as `state` says for as long as that is the same.

        With `may_sort` the turn is held. Raises UnsortedError where it is needed and is not.
        """
        found = self._sheets.get((state, by))
        if found is not None:
            return found
        if not may_sort:
            raise UnsortedError
        means = NO_MEANS
        if by == "accuracy" and trained is not None:
            means = await self._of_series(session, trained)
        sheet = await board_sheets.read(session, asked, by, means)
        self._sheets.keep((state, by), sheet)
        return sheet

    async def _of_series(self, session: AsyncSession, trained: Series) -> Means:
        series = (trained.id, trained.changes)
        found = self._means.get(series)
        if found is None:
            found = await board_sheets.means(session, trained.id)
            self._means.keep(series, found)
        return found
