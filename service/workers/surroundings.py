"""What all parts of one worker work with."""

from dataclasses import dataclass

from service.db.workers import Identity
from service.queue import Doorbells
from service.settings import Settings
from service.workers.database import Database
from service.workers.ending import Ending
from service.workers.metrics import Metrics
from service.workers.pass_seconds import Times
from service.workers.watchdog import Watchdog


@dataclass(frozen=True)
class Surroundings:
    """One process, one device."""

    identity: Identity
    reserved: bool
    """Whether heavy bulk work is left to other workers."""
    memory_bytes: int
    """What the tensors of one architecture may take."""
    settings: Settings
    database: Database
    doorbells: Doorbells
    watchdog: Watchdog
    ending: Ending
    metrics: Metrics
    times: Times
