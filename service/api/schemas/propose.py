"""What `POST /propose` takes and what it answers."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.api.schemas.architectures import HASH
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import NAME, Sample, Spellings, Terms, Wish, Written
from service.catalogue import Direction


def _named(value: object) -> object:
    if isinstance(value, list) or value is None:
        return value
    raise PydanticCustomError("named", "no list of spellings and hashes")


# Not validated one by one, for the reason that `Spellings` are not.
Named = Annotated[
    list[Any] | None,
    BeforeValidator(_named),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"type": "string", "pattern": HASH},
                            {"$ref": "#/components/schemas/Spelling"},
                        ]
                    },
                },
                {"type": "null"},
            ]
        }
    ),
]
"""Spellings, or hashes."""


class ProposeRequest(Terms):
    """Where to look, in exactly one way (`sample`, `architectures` or `parents`), by what to
    judge, and how many to answer.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"bench": "nb201", "proxy": "params", "sample": {"n": 20, "seed": 0}, "k": 3},
                {
                    "bench": "nb201",
                    "proxy": "params",
                    "parents": [
                        {
                            "arch": "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|"
                            "+|skip_connect~0|none~1|nor_conv_3x3~2|"
                        }
                    ],
                    "exclude": ["d01cd8f572adc5e759ca8b8af861d441"],
                },
            ]
        },
    )

    proxy: str | None = Field(
        None,
        pattern=NAME,
        description="A proxy or an ensemble; the bench's default ensemble.",
        examples=["params"],
    )
    sample: Sample | None = None
    architectures: Spellings = Field(
        None, description="Spellings, or `all` that the bench has, where one request can hold them."
    )
    parents: Named = Field(
        None,
        description="Spellings, or hashes of architectures that somebody has asked for: what is "
        "one edit away from one of them, the parents themselves left out, is looked at.",
    )
    k: int = Field(1, ge=1, description="How many of the best; `page_limit` of `GET /` at most.")
    exclude: Named = Field(
        None, description="Spellings or hashes, never proposed and not scored for it."
    )

    def wishes(self) -> dict[str, Wish]:
        """Where to look, as sent, by field; one wish in a valid request."""
        every = {
            "sample": self.sample,
            "architectures": self.architectures,
            "parents": self.parents,
        }
        return {name: wish for name, wish in every.items() if wish is not None}


class Proposal(BaseModel):
    """One of the best."""

    rank: int = Field(description="From 1; equal scores share a rank, and are sorted by hash.")
    hash: str
    spec: Written = Field(description="The representative of the class, which is scored.")
    asked: Written | None = Field(
        description="The first of its spellings in the sample or list, as it was read; null of a "
        "child."
    )
    score: float
    parents: list[str] = Field(
        description="The hashes of the parents that it is one edit away from, as they were asked."
    )


class ProposeAnswer(BaseModel):
    """The best that there are to choose from."""

    job: UUID | None = Field(description="Null where everything was known: nothing is written.")
    bench: str
    proxy: str
    direction: Direction = Field(description="Which scores are better, on this bench.")
    protocol: Protocol
    population: int | None = Field(
        description="Of an ensemble: the version of the reference population that it ranks among."
    )
    considered: int = Field(
        description="How many architectures there are to choose from: spellings of one network "
        "count once, and excluded ones are not among them."
    )
    excluded: int = Field(description="How many more there would be without `exclude`.")
    undefined: int = Field(description="Of those considered, how many have no score and never can.")
    failed: int = Field(description="Of those considered, how many could not be scored.")
    reason: str | None = Field(
        description="Why `items` is empty, or why it is not chosen from all."
    )
    items: list[Proposal] = Field(
        description="The best `k`, best first. With 202, the best of those that are scored so far: "
        "better ones may come."
    )
