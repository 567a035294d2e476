"""A protocol: everything besides the architecture that a score depends on, with its digest."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from types import MappingProxyType

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
                "the bench's own skeleton at 32x32 on 64 images, as the literature scores it",
                64,
            ),
            Recipe(
                "fast",
                "the bench's depth at a fraction of its width, 16x16, 32 images",
                32,
            ),
        )
    }
)


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
    minibatch: str
    """SHA-256 of the minibatch."""
    precision: str = PRECISION
    weights: str = WEIGHTS

    @cached_property
    def digest(self) -> str:
        """The first 32 hex digits of the SHA-256 of the fields as sorted JSON."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]

    @property
    def resolution(self) -> int:
        return self.skeleton["resolution"]


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
