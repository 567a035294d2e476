"""One training that a worker holds a lease on."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from service.catalogue import REDUCED_TRAINING
from service.db import models
from service.db.evaluations import Claimed
from service.protocol import Protocol, Training
from service.training.protocols import recipe_of
from service.training.recipe import Recipe


@dataclass(frozen=True)
class Task:
    """What is claimed: an architecture under a protocol that trains."""

    claimed: Claimed
    lease: UUID
    protocol: Protocol
    training: Training
    """Of the protocol."""
    run: str
    began: float
    """By the monotonic clock."""

    @cached_property
    def recipe(self) -> Recipe:
        """Raises ValueError where it is another release's."""
        return recipe_of(self.protocol)

    def is_answered_by(self, known: models.Training) -> bool:
        """Whether a run has all epochs, or has come to an end before them."""
        return known.diverged is not None or len(known.accuracies) >= self.recipe.epochs

    def score(self, known: models.Training) -> dict[str, Any]:
        """The row of `scores` that a run answers it with."""
        epochs = self.recipe.epochs
        value = known.accuracies[epochs - 1] if len(known.accuracies) >= epochs else None
        return {
            "architecture_id": self.claimed.architecture_id,
            "protocol_id": self.claimed.protocol_id,
            "proxy": REDUCED_TRAINING.name,
            "revision": REDUCED_TRAINING.revision,
            "value": value,
            "undefined": known.diverged if value is None else None,
            "device": known.device,
            "torch": known.torch,
            "seconds": sum(known.seconds[:epochs]),
        }
