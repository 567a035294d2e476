"""Files of tables, compressed or not."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from service.accuracies.intake import TableError

_GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where they are gzip; raises TableError where it cannot be
    read."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            if not packed:
                yield file
            else:
                with gzip.open(file) as unpacked:
                    yield unpacked  # type: ignore[misc]
    except (OSError, EOFError) as error:
        raise TableError(str(path), str(error), "a CSV file, or one packed with gzip") from None


@contextmanager
def lines(path: Path) -> Iterator[Iterator[dict[str, str]]]:
    """The lines of a CSV file by the names of its header; raises TableError."""
    with opened(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            yield csv.DictReader(text)
        except (UnicodeDecodeError, csv.Error) as error:
            raise TableError(path.name, str(error), "CSV in UTF-8") from None


def first(path: Path) -> dict[str, str]:
    """The first line of a CSV file by the names of its header, which has them all; nothing where
    it is not CSV."""
    with opened(path) as file:
        text = [file.readline(2**16).decode("utf-8-sig", errors="replace") for _ in range(2)]
    try:
        names, *cells = csv.reader([line for line in text if line], strict=True)
    except (csv.Error, ValueError):
        return {}
    return dict.fromkeys(names, "") | dict(zip(names, *cells, strict=False) if cells else ())
