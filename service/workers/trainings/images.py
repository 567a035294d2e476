"""The images that networks are trained and tested on."""

from service.db import datasets
from service.training.split import Split
from service.workers.database import Database
from service.workers.trainings.task import Task


class Images:
    """Keeps the dataset that was read last: 180 MB for CIFAR-10."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: tuple[tuple[str, str], Split] | None = None
        """By the digests of its splits."""

    def of(self, task: Task) -> Split:
        """Raises LookupError where they are not stored."""
        name = (task.training.train, task.training.test)
        if self._last is None or self._last[0] != name:
            self._last = None  # Not two at once.
            self._last = (name, self._read(task.protocol.dataset))
        return self._last[1]

    def _read(self, dataset: str) -> Split:
        with self._database.transaction() as session:
            whole = datasets.whole(session, dataset)
        if whole is None:
            raise LookupError(f"dataset {dataset} is not stored whole")
        return Split(
            *(whole.train_images, whole.train_labels),
            *(whole.test_images, whole.test_labels),
            mean=whole.mean,
            std=whole.std,
            classes=len(whole.classes),
        )
