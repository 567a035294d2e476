"""What a worker does when it has nothing better to do: it correlates, and it trains."""

import time

import structlog

from service.workers import bells
from service.workers.ending import Abandoned
from service.workers.evidence import Evidence
from service.workers.surroundings import Surroundings
from service.workers.trainings import Trainings

log = structlog.get_logger()

BUSY_SHARE = 9
"""Of the time of a worker that always has work, so much goes to that for one part to what can
wait."""


class SpareTime:
    """Evidence and trainings. Where there is evidence to find, each has half of the time."""

    def __init__(self, around: Surroundings) -> None:
        self._chunk_seconds = around.settings.chunk_seconds
        self._doorbells = around.doorbells
        self._evidence = Evidence(
            around.settings, around.database.transaction, around.watchdog, around.identity.id
        )
        self._trainings = Trainings(around)
        self._train_after = 0.0
        self._busy_until = 0.0
        """When a worker that always has work does the next slice."""

    def use(self) -> bool:
        """Does a slice of each kind; False where nothing waits. Raises OperationalError."""
        correlated = self._evidence.advance()
        if correlated and time.monotonic() < self._train_after:
            return True
        began = time.monotonic()
        try:
            trained = self._trainings.advance()
        except Abandoned:
            log.info("training given up")
            return True
        self._train_after = 2 * time.monotonic() - began
        return correlated or trained

    def use_share(self) -> None:
        """As `use`, now and then: where there is always work there is evidence all the same, and
        trainings get on."""
        began = time.monotonic()
        if began < self._busy_until or bells.live_waits(self._doorbells):
            return
        self.use()
        now = time.monotonic()
        self._busy_until = now + max(self._chunk_seconds, BUSY_SHARE * (now - began))

    def put_back(self) -> None:
        """Lets other workers have what is at hand. Raises OperationalError."""
        self._evidence.put_back()
        self._trainings.put_back()
