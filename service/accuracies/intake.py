"""Takes the rows of one table in, and remembers which of them are wrong and why."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from service.accuracies import rows
from service.accuracies.rows import Row, Speller
from service.accuracies.spool import Spool
from service.benches import InvalidSpellingError

SHOWN = 100
"""Bad rows that are named; all are counted."""


class TableError(ValueError):
    """A table that cannot be read at all: where, why, and what would be valid."""

    def __init__(self, field: str, reason: str, valid: str) -> None:
        super().__init__(f"{field}: {reason}; {valid}")
        self.field = field
        self.reason = reason
        self.valid = valid


class TooManyRowsError(TableError):
    """The table has more rows than are taken at once."""


@dataclass(frozen=True, slots=True, order=True)
class BadRow:
    """What is wrong with a row, counted from 0."""

    row: int
    field: str
    reason: str
    valid: str


class Intake:
    """The rows of one table. Of half a million, twenty bytes each stay in memory."""

    def __init__(self, speller: Speller, limit: int, span: tuple[float, float]) -> None:
        """`span` has the least and the largest value there may be."""
        self.rows = 0
        """Seen so far, empty and bad ones too."""
        self.speller = speller
        self._limit = limit
        self._span = span
        self._spool = Spool()
        self._bad: list[BadRow] = []
        self._bad_count = 0
        self._keys = array("Q")
        self._values = array("d")
        self._numbers = array("I")

    def take(self, fields: Mapping[str, object], number: int | None = None) -> None:
        """The next row; raises TooManyRowsError.

        `number` is the row's in its table, where that is not how many came before it.
        """
        try:
            row = rows.read(self.speller, fields, self._span)
        except InvalidSpellingError as error:
            self.refuse(error.field, error.reason, error.valid, number)
            return
        number = self._next(number)
        if row is not None:
            self._keys.append(_key(row))
            self._values.append(row.value)
            self._numbers.append(number)
            self._spool.add(row)

    def refuse(self, field: str, reason: str, valid: str, number: int | None = None) -> None:
        """The next row, which is no row; raises TooManyRowsError."""
        self._bad_count += 1
        number = self._next(number)
        if len(self._bad) < SHOWN:
            self._bad.append(BadRow(number, field, reason, valid))

    def bad(self) -> tuple[Sequence[BadRow], int]:
        """The first bad rows, and how many there are; two values for one spelling and seed are
        bad as well. After the last row."""
        contradictions, count = self._contradictions()
        return sorted([*self._bad, *contradictions])[:SHOWN], self._bad_count + count

    @property
    def values(self) -> int:
        """How many rows have a value."""
        return len(self._values)

    def parts(self) -> Iterator[Sequence[Row]]:
        """The rows with a value, some at a time; as often as asked, after the last row."""
        return self._spool.parts()

    def close(self) -> None:
        self._spool.close()

    def _next(self, number: int | None) -> int:
        if self.rows == self._limit:
            raise TooManyRowsError("rows", "too many rows", f"at most {self._limit}")
        self.rows += 1
        return self.rows - 1 if number is None else number

    def _contradictions(self) -> tuple[Sequence[BadRow], int]:
        """The first of them, and how many there are."""
        values = np.array(self._values)
        order = np.argsort(np.array(self._keys), kind="stable")
        keys = np.array(self._keys)[order]
        new = np.ones(len(keys), bool)
        new[1:] = keys[1:] != keys[:-1]
        first = order[np.maximum.accumulate(np.where(new, np.arange(len(keys)), 0))]
        wrong = np.flatnonzero(values[order] != values[first])
        shown = wrong[np.argsort(order[wrong])[:SHOWN]]
        named = [
            BadRow(
                self._numbers[row],
                rows.VALUE,
                f"{self._values[row]!r}, but row {self._numbers[before]} has "
                f"{self._values[before]!r} for the same spelling and seed",
                "one value a spelling and seed",
            )
            for row, before in zip(order[shown].tolist(), first[shown].tolist(), strict=True)
        ]
        return named, len(wrong)


def _key(row: Row) -> int:
    """Of spelling and seed, in 64 bits: among half a million, two are alike once in 10⁸ tables."""
    digest = blake2b(f"{row.seed} {row.spelling}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "little")
