"""What is said of a series as a whole."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["accuracy", "score"]
Split = Literal["validation", "test"]

PERCENT = "top1_percent"
"""The metric of an accuracy where nothing else is said: top-1, from 0 to 100."""

LARGEST = 1e15
"""Of any other metric: the published tables stay below 2·10¹⁰, and means and variances of such
numbers are far from what a double holds."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A column of somebody's table: trained accuracies of a bench, or scores by another tool."""

    bench: str
    kind: Kind
    name: str
    """What requests call it; unique within its bench."""
    dataset: str
    split: Split | None
    """Of an accuracy."""
    metric: str
    epochs: int | None
    """Of training, for an accuracy."""
    source: str
    """Who measured it."""

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest value there may be."""
        return (0.0, 100.0) if self.metric == PERCENT else (-LARGEST, LARGEST)


def accuracy(
    bench: str,
    dataset: str,
    split: Split,
    epochs: int,
    source: str,
    metric: str = PERCENT,
    name: str | None = None,
) -> Facts:
    """Of trained accuracies, named `cifar10-test-200ep` where no other name is given."""
    name = name or f"{dataset}-{split}-{epochs}ep"
    return Facts(bench, "accuracy", name, dataset, split, metric, epochs, source)
