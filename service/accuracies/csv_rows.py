"""Reads a CSV table piece by piece, as the pieces come."""

import codecs
import csv
import json
import re
from collections.abc import Mapping

from service.accuracies.intake import Intake, TableError
from service.accuracies.rows import HASH, SEED, VALUE
from service.benches import Bench
from service.benches.quoting import quoted

LINE_CHARACTERS = 2**16
"""Of one line: an NB101 cell of 32 vertices has three thousand."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"\d{1,18}", re.ASCII)


class CsvRows:
    """Lines with a header: the fields of a spelling, `value`, and if need be `seed` and `hash`.

    What of a spelling is no text is written as JSON. No value is written over several lines.
    `columns` says under what name a field stands, where that is another; then the columns that are
    no field are left aside.
    """

    def __init__(
        self, bench: Bench, intake: Intake, columns: Mapping[str, str] | None = None
    ) -> None:
        self._fields = (*bench.spelling_fields, VALUE, SEED, HASH)
        self._columns = columns
        self._intake = intake
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._rest = ""
        self._header: list[str | None] | None = None

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Takes in the rows that a piece completes; raises TableError."""
        try:
            text = self._rest + self._decoder.decode(piece, last)
        except UnicodeDecodeError:
            raise TableError("body", "the text is not UTF-8", "UTF-8") from None
        *lines, self._rest = text.split("\n")
        if last:
            lines.append(self._rest)
        elif len(self._rest) > LINE_CHARACTERS:
            self._too_long()
        for line in lines:
            if line := line.removesuffix("\r"):
                self._line(line)
        if last and self._header is None:
            raise TableError("body", "the table is empty", "a header, and rows below it")

    def _line(self, line: str) -> None:
        if len(line) > LINE_CHARACTERS:
            self._too_long()
        try:
            (cells,) = csv.reader([line], strict=True)
        except csv.Error as error:
            if self._header is None:
                raise TableError("header", str(error), "CSV as RFC 4180 has it") from None
            self._intake.refuse("row", str(error), "CSV as RFC 4180 has it, on one line")
            return
        if self._header is None:
            self._header = self._checked(cells)
        elif len(cells) != len(self._header):
            reason = f"{len(cells)} cells under a header of {len(self._header)}"
            self._intake.refuse("row", reason, "a cell for each column")
        else:
            given = zip(self._header, cells, strict=True)
            # An empty cell is a field that is not there; an empty value is one that is skipped.
            self._intake.take(
                {
                    name: _field(name, cell)
                    for name, cell in given
                    if name and (cell or name == VALUE)
                }
            )

    def _checked(self, header: list[str]) -> list[str | None]:
        """The field that each column is."""
        valid = f"columns of {', '.join(self._fields)}"
        renamed = {column: field for field, column in (self._columns or {}).items()}
        names = [renamed.get(column, column) for column in header]
        for name, column in zip(names, header, strict=True):
            if name in self._fields and names.count(name) > 1:
                raise TableError("header", f"{name} is there twice", valid)
            if name not in self._fields and self._columns is None:
                raise TableError("header", f"{quoted(column)} is not a column", valid)
        for name in (VALUE, *(self._columns or ())):
            if name not in names:
                column = (self._columns or {}).get(name, name)
                raise TableError("header", f"there is no column {quoted(column)}", valid)
        return [name if name in self._fields else None for name in names]

    def _too_long(self) -> None:
        row = self._intake.rows
        raise TableError("body", f"row {row} is too long", f"lines of {LINE_CHARACTERS} characters")


def number(cell: str) -> float | str:
    """The number that a cell has; the cell itself where it has none."""
    return float(cell) if _NUMBER.fullmatch(cell) else cell


def _field(name: str, cell: str) -> object:
    """A cell as JSON would have it; as a text where it is not what the column has."""
    if name == VALUE:
        return number(cell) if cell else None
    if name == SEED:
        return int(cell) if _INTEGER.fullmatch(cell) else cell
    if name in (HASH, "arch"):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell
