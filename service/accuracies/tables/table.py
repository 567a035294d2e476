"""What a published table is: a file of many series."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.accuracies.facts import Facts

Line = Mapping[str, str]
"""A line of a CSV file, by the names of its header."""


class Value(NamedTuple):
    """A cell of a line: of which series, and a text that may be empty."""

    series: str
    text: str
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A published table, known by its columns."""

    title: str
    bench: str
    columns: frozenset[str]
    """All that it is known by, and all that is read of it."""
    series: Sequence[Facts]
    spelling: Callable[[Line], Mapping[str, object]]
    """The fields of the bench's spelling, and `hash` where the table has one."""
    values: Callable[[Line], Iterator[Value]]
    """Each has the name of one of `series`."""
    has: Callable[[Line], bool] = lambda _: True
    """Whether a first line is one of its own: of tables with the same columns."""
    repeats: bool = False
    """Whether a spelling may have several lines, from several runs: the first value counts."""
