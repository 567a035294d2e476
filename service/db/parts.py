"""Long lists of rows in parts: a request with ten thousand leaves the others their turns."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

PART = 500
"""Rows: some ten milliseconds to write, during which an API process does nothing else."""

T = TypeVar("T")


def in_parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in order, at most `PART` at a time."""
    for start in range(0, len(rows), PART):
        yield rows[start : start + PART]
