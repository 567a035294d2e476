"""What `POST /propose` answers."""

from typing import TypedDict

from service.client.answers.benches import Spelling
from service.client.answers.protocol import Protocol
from service.client.answers.scores import Direction


class Proposal(TypedDict):
    """One of the best."""

    rank: int
    hash: str
    spec: Spelling
    asked: Spelling | None
    score: float
    parents: list[str]


class Proposals(TypedDict):
    """The best of a pool or of children, best first."""

    job: str | None
    bench: str
    proxy: str
    direction: Direction
    protocol: Protocol
    population: int | None
    considered: int
    excluded: int
    undefined: int
    failed: int
    reason: str | None
    items: list[Proposal]
