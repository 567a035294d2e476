"""Which test runs where, and when: a service, once it runs, serves all tests that ask for it."""

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SERVED = ("pages", "service")
"""Folders whose tests take longest. They go first: the processes then end together, over others'
tests of milliseconds."""

WHOLE = ("tests/pages/",)
"""Folders that share what files share elsewhere."""


class ByFile(LoadScopeScheduling):
    """The tests of a file, or of a folder, in one process, one after the other as collected."""

    def __init__(self, config: pytest.Config, log: Producer | None) -> None:
        super().__init__(config, log)
        # It would begin with the most tests, which are the shortest, and end with a long one.
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        shared = (folder for folder in WHOLE if nodeid.startswith(folder))
        return next(shared, nodeid.split("::", 1)[0])


def longest_first(items: list[pytest.Item], tests: Path) -> None:
    """In place, those of a folder still in their order."""
    items.sort(key=lambda item: item.path.relative_to(tests).parts[0] not in SERVED)
