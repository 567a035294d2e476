"""Cursors of lists of jobs: when a job was asked for, and its id."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from service.db.job_lists import Listed, Place

CURSOR = r"^\d{1,17}-[0-9a-f]{32}$"
"""Microseconds, until the year 5138, and the id."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor(last: Listed) -> str:
    """Of the page behind a job."""
    return f"{(last.created_at - _EPOCH) // _MICROSECOND}-{last.id.hex}"


def place(text: str) -> Place:
    """Where a page begins that `CURSOR` matches."""
    microseconds, _, job = text.partition("-")
    return _EPOCH + int(microseconds) * _MICROSECOND, UUID(job)
