"""The bits of a run are those of one thread."""

from tests.science.conftest import one_thread

__all__ = ["one_thread"]
