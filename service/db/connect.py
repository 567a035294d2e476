"""Engines: asynchronous for the API, synchronous for workers, of the same models."""

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from service.settings import Settings


def _options(settings: Settings) -> str:
    # Whoever vanishes in the middle of a transaction must not hold its locks for hours.
    milliseconds = int(settings.database_transaction_seconds * 1_000)
    return f"-c idle_in_transaction_session_timeout={milliseconds}"


def wait_for_locks(session: Session) -> None:
    """However long it takes, until the transaction ends."""
    session.execute(text("SET LOCAL lock_timeout = 0"))


def asynchronous(settings: Settings) -> AsyncEngine:
    milliseconds = int(settings.database_lock_seconds * 1_000)
    options = f"{_options(settings)} -c lock_timeout={milliseconds}"
    return create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout_seconds,
        pool_pre_ping=True,
        connect_args={"options": options},
    )


def synchronous(settings: Settings) -> Engine:
    """One connection for the work and one for the heartbeat beside it."""
    return create_engine(
        settings.database_url,
        pool_size=2,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"options": _options(settings)},
    )
