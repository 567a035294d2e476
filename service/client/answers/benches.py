"""Search spaces, and what is drawn of them."""

from typing import Any, Literal, TypedDict

Spelling = dict[str, Any]
"""What a bench calls an architecture: NB201 `arch` or `ops`; NB101 `matrix` and `ops`."""


class Slot(TypedDict):
    """A place of a cell at which one operation of several stands."""

    name: str
    choices: list[str]
    optional: bool


class Bench(TypedDict):
    """A search space with a fixed skeleton."""

    name: str
    title: str
    source: str
    classes: int
    operations: list[str]
    spelling_fields: list[str]
    text_field: str | None
    slots: list[Slot]
    example: Spelling
    skeletons: dict[str, dict[str, int]]


class Sampled(TypedDict):
    """One architecture of a sample."""

    hash: str
    asked: Spelling
    spec: Spelling


class Sample(TypedDict):
    """Random architectures."""

    bench: str
    n: int
    seed: int
    uniform_over: Literal["spellings"]
    architectures: list[Sampled]
