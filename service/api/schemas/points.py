"""Scores of many architectures beside their accuracy, column by column."""

from typing import Literal

from pydantic import BaseModel, Field

from service.api.schemas.correlation import Truth
from service.api.schemas.protocol import Protocol
from service.catalogue import Direction


class Column(BaseModel):
    """What one score says of the architectures."""

    name: str = Field(description="A proxy, an ensemble, or the name of a series.")
    kind: Literal["proxy", "ensemble", "published", "reduced_training"]
    direction: Direction = Field(description="Which scores are better.")
    values: list[float | None] = Field(description="Null where the score is undefined.")


class Points(BaseModel):
    """Columns of equal length, sorted by hash."""

    bench: str
    protocol: Protocol
    truth: Truth | None = Field(description="Null where no accuracies of the bench are known.")
    total: int = Field(
        description="Architectures that have all these scores. The columns have those of the "
        "lowest hashes where there are more than an answer has room for."
    )
    hashes: list[str]
    accuracies: list[float | None] = Field(
        description="The mean over the trained spellings in the series `truth`, where it has any."
    )
    scores: list[Column] = Field(description="In the order asked.")
