"""Spellings as their bench reads them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from service.api.schemas.drawing import Drawing
from service.api.schemas.score import NAME, Written

# Read by the bench, for the reasons that those of `POST /score` are.
Spellings = Annotated[
    list[Any],
    WithJsonSchema(
        {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Spelling"}}
    ),
]


class ReadRequest(BaseModel):
    """Spellings of one bench."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "bench": "nb201",
                    "architectures": [
                        {
                            "arch": "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|"
                            "+|skip_connect~0|none~1|nor_conv_3x3~2|"
                        }
                    ],
                    "drawing": True,
                }
            ]
        },
    )

    bench: str = Field(pattern=NAME, description="See `GET /benches`.", examples=["nb201"])
    architectures: Spellings
    drawing: bool = Field(
        False, description="With drawings, of as many as `page_limit` of `GET /` says."
    )


class Read(BaseModel):
    """A spelling, and the architecture that it spells."""

    hash: str
    asked: Written = Field(description="The spelling as it was read.")
    slots: list[str] = Field(
        description="What stands in each of the bench's `slots`, in the spelling as it was read; "
        "empty where the bench has none."
    )
    spec: Written = Field(description="The representative of its class.")
    whole: bool = Field(
        description="Whether every operation lies on a path from input to output: those that do "
        "not are no part of the network."
    )
    parameters: int = Field(description="Of the `full` network with ten classes.")
    flops: int = Field(description="Multiply-adds of one image of that network.")
    drawing: Drawing | None = Field(description="Where it is asked for.")


class ReadAnswer(BaseModel):
    """What spellings mean; nothing is stored and nothing queued."""

    bench: str
    architectures: list[Read]
