"""What a run begins with: two of one origin have the same epochs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256

import numpy as np

from service.engine.weights import Weights
from service.graph import Graph
from service.training.recipe import Recipe
from service.training.split import Split


@dataclass(frozen=True)
class Origin:
    """A digest each, in hex."""

    recipe: str
    """Without how many epochs are asked for."""
    graph: str
    weights: str
    images: str

    @classmethod
    def of(cls, graph: Graph, weights: Weights, recipe: Recipe, split: Split) -> "Origin":
        return cls(
            recipe.digest,
            sha256(repr(graph.operations).encode()).hexdigest(),
            _sha256(weights),
            split.sha256,
        )

    def differences(self, other: "Origin") -> Iterator[str]:
        """The names of the fields in which two differ."""
        mine, others = asdict(self), asdict(other)
        return (name for name in mine if mine[name] != others[name])


def _sha256(weights: Weights) -> str:
    digest = sha256()
    for name in sorted(weights):
        digest.update(f"{name} {weights[name].shape}".encode())
        digest.update(np.ascontiguousarray(weights[name], dtype="<f4").data)
    return digest.hexdigest()
