"""Rows on their way into the database, compressed in a file of no name: none are in memory."""

import gzip
import json
from collections.abc import Iterator, Sequence
from tempfile import TemporaryFile

from service.accuracies.rows import Row

PART = 500
"""Rows written and read together: some ten milliseconds of a database's work."""

LEVEL = 1
"""Most of a row says what the one before it said: the least level packs that already."""


class Spool:
    """Filled once, by `add`, and then read as often as needed; `close` frees the disk."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._packer = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=LEVEL)
        self._waiting: list[Row] = []

    def add(self, row: Row) -> None:
        self._waiting.append(row)
        if len(self._waiting) == PART:
            self._flush()

    def parts(self) -> Iterator[Sequence[Row]]:
        """Every row in the order added, at most `PART` at a time; nothing is added any more."""
        self._flush()
        self._packer.close()
        self._file.seek(0)
        with gzip.GzipFile(fileobj=self._file, mode="rb") as lines:
            for line in lines:
                yield [Row(*row) for row in json.loads(line)]

    def close(self) -> None:
        self._packer.close()
        self._file.close()

    def _flush(self) -> None:
        if self._waiting:
            self._packer.write(json.dumps(self._waiting).encode() + b"\n")
            self._waiting = []
