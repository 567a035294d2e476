"""What `POST /score` takes and what it answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from service.api.schemas.protocol import Protocol
from service.catalogue import CATALOGUE

NAME = r"^[A-Za-z0-9_.-]{1,64}$"
SEEDS = 2**31

FIELDS_LIMIT = 100
"""Of an object: one fault for each of a million unknown fields would take gigabytes."""

# The bench reads a spelling itself: it knows better than a schema what is wrong with it.
Arch = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "string",
            "examples": [
                "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
            ],
        }
    ),
]
Ops = Annotated[Any, WithJsonSchema({"type": "array", "items": {"type": "string"}})]
Matrix = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "array", "items": {"type": "integer", "enum": [0, 1]}},
            "examples": [[[0, 1, 0], [0, 0, 1], [0, 0, 0]]],
        }
    ),
]


class Spelling(BaseModel):
    """An architecture as somebody wrote it: `arch` or `ops`; of NB101 `matrix` and `ops`.

    `GET /benches` says which fields a bench reads, and the choices of each place in `ops`.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    arch: Arch = Field(None, description="The bench's official string, of those that have one.")
    ops: Ops = Field(
        None,
        description="An operation for each slot of the bench, in order: of NB201 the edges 0→1, "
        "0→2, 1→2, 0→3, 1→3, 2→3. NB101: one a vertex, `input` first and `output` last.",
    )
    matrix: Matrix = Field(
        None, description="NB101: the adjacency matrix, strictly upper triangular."
    )

    @model_validator(mode="before")
    @classmethod
    def _not_swamped(cls, data: Any) -> Any:
        if isinstance(data, dict) and len(data) > FIELDS_LIMIT:
            raise PydanticCustomError("too_many_fields", "{n} fields", {"n": len(data)})
        return data

    def written(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {
            name: getattr(self, name)
            for name in Spelling.model_fields
            if name in self.model_fields_set
        }


# Valid when it came in, and not read again. Not a bare reference, which Pydantic would resolve.
Written = Annotated[
    dict[str, Any], WithJsonSchema({"allOf": [{"$ref": "#/components/schemas/Spelling"}]})
]
"""A spelling in an answer: as it was read, or of the service's own choice."""

ALL = "all"


def _many(value: object) -> object:
    if isinstance(value, list) or value is None or value == ALL:
        return value
    raise PydanticCustomError("architectures", "neither a list of spellings nor 'all'")


# Not validated one by one: a million wrong ones would be a million faults before they are counted.
Spellings = Annotated[
    list[Any] | str | None,
    BeforeValidator(_many),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"$ref": "#/components/schemas/Spelling"}},
                {"type": "string", "const": ALL},
                {"type": "null"},
            ]
        }
    ),
]


class Sample(BaseModel):
    """Random architectures: those that `GET /benches/{bench}/sample` gives for `n` and `seed`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    n: int = Field(ge=1, description="How many; `GET /` names the most.", examples=[100])
    seed: int = Field(0, ge=0, lt=SEEDS, description="Of the sample.")


class Terms(BaseModel):
    """What every request for scores says besides the architectures: under what, and how soon."""

    bench: str = Field(pattern=NAME, description="See `GET /benches`.", examples=["nb201"])
    protocol: str = Field("fast", pattern=NAME, description="See `GET /protocols`.")
    dataset: str = Field("patches", pattern=NAME, description="See `GET /datasets`.")
    seed: int = Field(0, ge=0, lt=SEEDS, description="Of the initial weights.")
    priority: Literal["live", "bulk"] | None = Field(
        None, description="Live work goes first; large requests are bulk work."
    )


Wish = list[Any] | str | Sample
"""Spellings, `all` or a sample."""


class ScoreRequest(Spelling, Terms):
    """One architecture (its spelling right here, or as `architecture`) or many, in one way."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "bench": "nb201",
                    "arch": "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|"
                    "+|skip_connect~0|none~1|nor_conv_3x3~2|",
                },
                {
                    "bench": "nb101",
                    "proxies": ["nwot", "synflow"],
                    "architectures": [
                        {
                            "matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
                            "ops": ["input", "conv3x3-bn-relu", "output"],
                        }
                    ],
                },
            ]
        },
    )

    architecture: Spelling | None = None
    architectures: Spellings = Field(
        None, description="Spellings, or `all` that the bench has, where one request can hold them."
    )
    sample: Sample | None = None
    proxies: list[str] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="See `GET /proxies`; all of them by default.",
    )

    def wishes(self) -> list[Wish]:
        """What to score, as sent; one wish in a valid request."""
        found: list[Wish] = []
        if any(name in self.model_fields_set for name in Spelling.model_fields):
            found.append([self.written()])
        if self.architecture is not None:
            found.append([self.architecture.written()])
        return found + [wish for wish in (self.architectures, self.sample) if wish is not None]


class Failure(BaseModel):
    """Why an evaluation was set aside."""

    type: str
    detail: str


State = Literal["queued", "running", "done", "failed", "cancelled"]


class Result(BaseModel):
    """What is known of one architecture of a request."""

    hash: str = Field(description="Of the architecture: every spelling of one network has it.")
    asked: Written = Field(description="The spelling as it was read.")
    spec: Written = Field(description="The representative of the class, which is scored.")
    state: State
    scores: dict[str, float | None] = Field(
        description="By proxy; null while it is not computed, or where it is undefined.",
        examples=[dict.fromkeys(list(CATALOGUE)[:2], 1.0)],
    )
    undefined: dict[str, str] = Field(description="Why a score is undefined, by proxy.")
    error: Failure | None = None


class ScoreAnswer(BaseModel):
    """The scores, or where to wait for them."""

    job: UUID | None = Field(description="Null where everything was known: nothing is written.")
    bench: str
    protocol: Protocol
    results: list[Result] = Field(description="One an architecture, in the order asked.")
