"""What a worker's passes take, summed up until it is worth a write."""

from collections.abc import Mapping

from service.cost import Took, timed_as
from service.db import pass_seconds
from service.db.pass_seconds import Setting
from service.workers.database import Transaction


class Times:
    """The times since the last write. One that is killed loses them, and no score with them."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._took: dict[tuple[Setting, str], Took] = {}

    def add(
        self,
        bench: str,
        protocol: str,
        passes: Mapping[str, float],
        *,
        moving: bool,
        evaluations: int = 1,
    ) -> None:
        """Evaluations under a named protocol, with the seconds of their passes together."""
        setting = Setting(bench, protocol, self._device)
        for name, seconds in passes.items():
            key = (setting, timed_as(name, moving))
            earlier, before = self._took.get(key, Took(0, 0.0))
            self._took[key] = Took(earlier + evaluations, before + seconds)

    def write(self, transaction: Transaction) -> None:
        """Raises OperationalError, and then has them still."""
        if not self._took:
            return
        with transaction() as session:
            pass_seconds.add(session, self._took)
        self._took.clear()
