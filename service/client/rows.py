"""Tables of accuracies as the service sends them: CSV, read as it comes."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from service.client.answers import AccuracyRow


class Rows:
    """Reads a table in pieces; one that begins anew goes on behind the last row read."""

    def __init__(self) -> None:
        self._header: list[str] | None = None
        self._rest = b""
        self._last: dict[str, str] | None = None
        self._skipping = False

    def begin(self) -> None:
        """The table comes from its beginning."""
        self._header, self._rest, self._skipping = None, b"", self._last is not None

    def feed(self, piece: bytes) -> list[AccuracyRow]:
        """The rows that end in this piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        return list(self._read(lines))

    @property
    def is_whole(self) -> bool:
        """At the table's end: whether the last row read was in it again."""
        return not self._skipping

    def _read(self, lines: list[bytes]) -> Iterator[AccuracyRow]:
        # No cell has a line break.
        for cells in csv.reader(line.decode() for line in lines):
            if self._header is None:
                self._header = cells
                continue
            row = dict(zip(self._header, cells, strict=True))
            # A value may be replaced meanwhile; what it is of stays, and so does its place.
            key = row | {"value": ""}
            if not self._skipping:
                self._last = key
                yield _row(row)
            elif key == self._last:
                self._skipping = False


def _row(cells: dict[str, str]) -> AccuracyRow:
    row: Any = {name: json.loads(text) if text[:1] == "[" else text for name, text in cells.items()}
    row["value"] = float(cells["value"])
    row["seed"] = int(cells["seed"]) if cells["seed"] else None
    return row  # type: ignore[no-any-return]
