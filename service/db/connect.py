"""Engines: asynchronous for the API, synchronous for workers, of the same models."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from service.settings import Settings


def _options(settings: Settings) -> dict[str, str]:
    # Whoever vanishes in the middle of a transaction must not hold its locks for hours.
    milliseconds = int(settings.database_transaction_seconds * 1_000)
    return {"options": f"-c idle_in_transaction_session_timeout={milliseconds}"}


def asynchronous(settings: Settings) -> AsyncEngine:
    return create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout_seconds,
        pool_pre_ping=True,
        connect_args=_options(settings),
    )


def synchronous(settings: Settings) -> Engine:
    """One connection for the work and one for the heartbeat beside it."""
    return create_engine(
        settings.database_url,
        pool_size=2,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=_options(settings),
    )
