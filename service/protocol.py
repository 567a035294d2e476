"""A protocol: everything besides the architecture that a score depends on, with its digest."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Self

from service.benches import BENCHES

WEIGHTS = "philox-1"
"""The initialisation of `service.engine.weights`; changing it changes every digest."""

PRECISION = "float32"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named protocol before a bench, a dataset and a seed are chosen."""

    name: str
    summary: str
    batch_size: int


RECIPES = MappingProxyType(
    {
        recipe.name: recipe
        for recipe in (
            Recipe(
                "full",
                "the bench's own skeleton on 64 images, as the literature scores it",
                64,
            ),
            Recipe(
                "fast",
                "the bench's depth at a fraction of its width and resolution, 32 images",
                32,
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Training:
    """What a protocol of reduced training says besides, see `service.training`."""

    epochs: int
    samples: int
    images: int
    """On how many it trains: the samples, or all that there are."""
    schedule_epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float
    revision: str
    train: str
    """SHA-256 of all training images and labels."""
    test: str
    """The same of the test images."""


@dataclass(frozen=True)
class Protocol:
    """One concrete protocol. Two that differ in anything have different digests."""

    bench: str
    name: str
    dataset: str
    classes: int
    seed: int
    """Of the initial weights."""
    skeleton: dict[str, int]
    batch_size: int
    minibatch: str | None
    """SHA-256 of the minibatch; None where a network is trained."""
    precision: str = PRECISION
    weights: str = WEIGHTS
    training: Training | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """The protocol that a document is of."""
        training = document.get("training")
        return cls(**{**document, "training": training and Training(**training)})

    @cached_property
    def document(self) -> dict[str, Any]:
        """All of it; where nothing is trained, without a word of training."""
        document = asdict(self)
        if self.training is None:
            del document["training"]
        return document

    @cached_property
    def digest(self) -> str:
        """The first 32 hex digits of the SHA-256 of the document as sorted JSON."""
        return digest(self.document)

    @property
    def resolution(self) -> int:
        return self.skeleton["resolution"]


def digest(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:32]


def protocol(
    bench: str, recipe: str, dataset: str, classes: int, minibatch: str, seed: int
) -> Protocol:
    """A recipe on a bench and a minibatch of a dataset; raises KeyError on unknown names."""
    return Protocol(
        bench=bench,
        name=recipe,
        dataset=dataset,
        classes=classes,
        seed=seed,
        skeleton=dict(BENCHES[bench].skeletons[recipe]),
        batch_size=RECIPES[recipe].batch_size,
        minibatch=minibatch,
    )


def minibatch_sizes() -> list[tuple[int, int]]:
    """Number and resolution of the images of every minibatch that some recipe needs."""
    return sorted(
        {
            (recipe.batch_size, resolution(bench, recipe.name))
            for recipe in RECIPES.values()
            for bench in BENCHES
        }
    )


def resolution(bench: str, recipe: str) -> int:
    """Height and width of the images, in pixels, under a recipe on a bench."""
    return BENCHES[bench].skeletons[recipe]["resolution"]
