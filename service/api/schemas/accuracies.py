"""Series of trained accuracies, as they come in and as answers show them."""

import re
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from service.accuracies.facts import PERCENT, Facts, accuracy
from service.api.schemas.score import NAME, SEEDS, Arch, Matrix, Ops, Spelling

EPOCHS = 1_000_000
"""More than anyone trains."""

# Printable, since lists and logs show it.
SourceText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,1000}$")]
Name = Annotated[str, StringConstraints(pattern=NAME)]


class Described(BaseModel):
    """What is said of trained accuracies as a whole."""

    model_config = ConfigDict(extra="forbid", strict=True)

    bench: Name = Field(description="See `GET /benches`.", examples=["nb201"])
    dataset: Name = Field(description="What was trained on.", examples=["cifar10"])
    split: Literal["validation", "test"]
    epochs: int = Field(ge=1, le=EPOCHS, description="Of training.", examples=[200])
    source: SourceText = Field(description="Who measured it.", examples=["our cluster, May"])
    metric: Name = Field(PERCENT, description="The unit and what it says.")
    name: Name | None = Field(
        None, description="What requests will call it; `{dataset}-{split}-{epochs}ep` by default."
    )

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not re.fullmatch(NAME, self.facts().name):
            raise PydanticCustomError("name", "the default name is too long: give a name")
        return self

    def facts(self) -> Facts:
        """What is said, in the terms of the tables."""
        return accuracy(
            self.bench,
            self.dataset,
            self.split,
            self.epochs,
            self.source,
            self.metric,
            self.name,
        )


class AccuracyRow(BaseModel):
    """A spelling of the bench and its accuracy."""

    model_config = ConfigDict(extra="forbid")

    arch: Arch = Field(None, description="The official string, of benches that have one.")
    ops: Ops = Field(None, description="As in `POST /score`.")
    matrix: Matrix = Field(None, description="NB101: the adjacency matrix.")
    value: float | None = Field(description="Null: a row without a value, which is skipped.")
    seed: int | None = Field(
        None, ge=0, lt=SEEDS, description="Of the training; null where it is not told, or a mean."
    )
    hash: str | None = Field(None, description="Checked against that of the spelling.")


class AccuracyTable(Described):
    """A table of accuracies, its rows behind what describes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "bench": "nb201",
                    "dataset": "cifar10",
                    "split": "test",
                    "epochs": 200,
                    "source": "an example",
                    "name": "example",
                    "accuracies": [
                        {
                            "arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
                            "value": 81.3,
                        }
                    ],
                }
            ]
        }
    )

    accuracies: list[AccuracyRow] = Field(description="The last field: it is read as it comes.")


class TakenIn(BaseModel):
    """What became of a table."""

    bench: str
    series: str = Field(description="Its name.")
    rows: int = Field(description="Of the table, those without a value included.")
    values: int = Field(description="How many rows had one.")
    added: int = Field(description="Values that are new.")
    changed: int = Field(description="Values that took the place of another.")


class SeriesAnswer(BaseModel):
    """A series and what is said of it as a whole."""

    name: str
    kind: Literal["accuracy", "score"]
    dataset: str
    split: Literal["validation", "test"] | None
    metric: str
    epochs: int | None
    source: str
    created_at: datetime
    changes: int = Field(description="How often values were written.")


class ListedSeries(SeriesAnswer):
    """A series of a list."""

    values: int = Field(description="How many there are.")
    architectures: int = Field(description="How many have one.")


class SeriesList(BaseModel):
    """The series of a bench."""

    bench: str
    series: list[ListedSeries]


class AccuracyValue(Spelling):
    """A value, with the fields of its spelling."""

    hash: str = Field(description="Of the architecture.")
    seed: int | None = Field(description="Of the training; null where it is not told.")
    value: float


class SeriesValues(SeriesAnswer):
    """A series with all its values."""

    bench: str
    accuracies: list[AccuracyValue] = Field(description="Sorted by spelling.")
