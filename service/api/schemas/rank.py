"""The leaderboard as answers show it."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from service.api.schemas.protocol import Protocol
from service.api.schemas.score import Written
from service.catalogue import Direction

Sort = Literal["score", "accuracy", "parameters", "flops"]


class Ranked(BaseModel):
    """One row of a board."""

    rank: int = Field(
        description="By score, from 1, among what the filter leaves; equal scores share a rank."
    )
    hash: str
    spec: Written
    score: float
    accuracy: float | None = Field(
        description="The mean over the trained spellings in the series `truth`, where it has any."
    )
    parameters: int = Field(description="Of the `full` network with ten classes.")
    flops: int = Field(description="Multiply-adds of one image of that network.")


class Board(BaseModel):
    """A page of a leaderboard, best first unless another order is asked for."""

    bench: str
    proxy: str
    protocol: Protocol
    direction: Direction = Field(description="Which scores are better, on this bench.")
    evidence: str = Field(description="On what the direction rests.")
    population: int | None = Field(
        description="Of an ensemble: the version of the reference population that it ranks among."
    )
    reason: str | None = Field(
        description="Of an ensemble without scores, or of an architecture that is not there: why "
        "there are no rows."
    )
    total: int = Field(
        description="Architectures with a score that the filter leaves: exact, as scores are "
        "counted by size while they are added, and one by one only near the filter's bounds."
    )
    undefined: int = Field(
        description="Architectures of the whole board left out because their score is undefined."
    )
    truth: str | None = Field(
        description="The series that `accuracy` is of; null where the bench has no accuracies."
    )
    sort: Sort = Field(description="What the rows are sorted by.")
    reverse: bool = Field(description="Whether the other way round.")
    offset: int = Field(description="How many rows stand before the page.")
    matches: int | None = Field(
        description="Of `at`: how many rows have hashes that begin so, a hundred at most; the page "
        "begins at the first of them by hash."
    )
    items: list[Ranked]
    next: str | None = Field(
        description="The cursor of the next page; null on the last one, and where the order is "
        "another than best first."
    )


CSV_TYPE = "text/csv; charset=utf-8; header=present"
CSV_HEADER = ("rank", "hash", "score", "accuracy", "parameters", "flops")


def as_csv(items: Sequence[Ranked], spec_fields: Sequence[str], *, header: bool = True) -> str:
    """The rows as RFC 4180 has them, under a header; what of a spec is no text is JSON.

    No text begins as a spreadsheet's formula does: a spec has its bench's own names alone.
    """
    table = io.StringIO()
    writer = csv.writer(table)
    if header:
        writer.writerow((*CSV_HEADER, *spec_fields))
    for item in items:
        spec = (cell(item.spec[name]) for name in spec_fields)
        sizes = (item.parameters, item.flops)
        writer.writerow((item.rank, item.hash, item.score, item.accuracy, *sizes, *spec))
    return table.getvalue()


def cell(value: Any) -> str:
    """What of a spec stands in a cell."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
