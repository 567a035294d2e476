"""The events of trainings: each epoch as it is done, read from the database."""

from datetime import datetime, timedelta
from uuid import UUID

from fastapi.sse import format_sse_event
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.schemas.jobs import Epoch
from service.db import trainings

OVERLAP = timedelta(seconds=10)
"""Between two looks: a transaction may be seen that much later than the moment it names."""


class EpochEvents:
    """Of one job, for one who follows it. An epoch has no id: who goes on with a stream is first
    told those of the architectures that are being trained then, and may know some."""

    def __init__(self, job_id: UUID, epochs: int) -> None:
        self._job_id = job_id
        self._epochs = epochs
        self._looked: datetime | None = None
        self._sent: dict[int, int] = {}
        """By position, how many epochs."""

    async def further(self, session: AsyncSession) -> list[bytes]:
        """Those that came since the last look."""
        since = None if self._looked is None else self._looked - OVERLAP
        self._looked, found = await trainings.of_job(session, self._job_id, since)
        return [event for each in found for event in self._events(each)]

    def _events(self, found: trainings.Epochs) -> list[bytes]:
        before = self._sent.get(found.position, 0)
        done = min(len(found.accuracies), self._epochs)
        self._sent[found.position] = max(before, done)
        return [
            format_sse_event(event="epoch", data_str=self._epoch(found, index).model_dump_json())
            for index in range(before, done)
        ]

    def _epoch(self, found: trainings.Epochs, index: int) -> Epoch:
        return Epoch(
            position=found.position,
            hash=found.hash,
            epoch=index + 1,
            epochs=self._epochs,
            accuracy=found.accuracies[index],
            loss=found.losses[index],
        )
