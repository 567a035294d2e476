"""What scores depend on besides the architecture."""

from typing import TypedDict


class Training(TypedDict):
    """How, for how long and on what a network is trained."""

    epochs: int
    samples: int
    images: int
    schedule_epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float
    train: str
    test: str
    revision: str


class Protocol(TypedDict):
    """Everything besides the architecture that a score depends on."""

    name: str
    digest: str
    dataset: str
    seed: int
    skeleton: dict[str, int]
    classes: int
    batch_size: int
    minibatch: str | None
    precision: str
    weights: str
    training: Training | None
