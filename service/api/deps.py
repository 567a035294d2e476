"""What routes are given: settings, database sessions, doorbells, waiting."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api.known_sheets import KnownSheets
from service.api.latest import Latest
from service.api.outlook import Outlook
from service.api.progress import Progress
from service.api.turns import Turns
from service.api.watching import Watching
from service.db.standings import Histogram
from service.queue import AsyncDoorbells
from service.settings import Settings

# Coroutines that await nothing: FastAPI would hand each plain function to a thread of its pool.


async def _settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


async def _database(request: Request) -> async_sessionmaker[AsyncSession]:
    found: async_sessionmaker[AsyncSession] = request.app.state.database
    return found


async def _doorbells(request: Request) -> AsyncDoorbells:
    found: AsyncDoorbells = request.app.state.doorbells
    return found


async def _progress(request: Request) -> Progress:
    found: Progress = request.app.state.progress
    return found


async def _outlook(request: Request) -> Outlook:
    found: Outlook = request.app.state.outlook
    return found


async def _watching(request: Request) -> Watching:
    found: Watching = request.app.state.watching
    return found


async def _turns(request: Request) -> Turns:
    found: Turns = request.app.state.turns
    return found


async def _known_sheets(request: Request) -> KnownSheets:
    found: KnownSheets = request.app.state.known_sheets
    return found


async def _histograms(request: Request) -> Latest[Histogram]:
    found: Latest[Histogram] = request.app.state.histograms
    return found


async def _points_turn(request: Request) -> AsyncIterator[None]:
    """Until the answer is sent."""
    turns: Turns = request.app.state.turns
    settings: Settings = request.app.state.settings
    async with turns.points(settings.database_pool_timeout_seconds):
        yield


SettingsDep = Annotated[Settings, Depends(_settings)]
# Not a session: a request that waits must not hold a connection meanwhile.
DatabaseDep = Annotated[async_sessionmaker[AsyncSession], Depends(_database)]
DoorbellsDep = Annotated[AsyncDoorbells, Depends(_doorbells)]
TurnsDep = Annotated[Turns, Depends(_turns)]
PointsTurnDep = Annotated[None, Depends(_points_turn)]
OutlookDep = Annotated[Outlook, Depends(_outlook)]
WatchingDep = Annotated[Watching, Depends(_watching)]
ProgressDep = Annotated[Progress, Depends(_progress)]
HistogramsDep = Annotated[Latest[Histogram], Depends(_histograms)]
KnownSheetsDep = Annotated[KnownSheets, Depends(_known_sheets)]
