"""The measured tables beside the repository, and a skip that names the one that is absent."""

import csv
import gzip
from pathlib import Path

import pytest

DIRECTORY = Path(__file__).parents[2].parent / "shared" / "data"


def path(name: str) -> Path:
    file = DIRECTORY / name
    if not file.exists():
        pytest.skip(f"{file} is absent")
    return file


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(path(name), "rt", newline="") as text:
        return list(csv.DictReader(text))
