"""What a reduced training costs. Knows no torch."""

from math import ceil

from service.benches import BENCHES
from service.cost import MINIBATCH, median_multiply_adds
from service.protocol import Protocol

FORWARDS = 3
"""Of an image that is trained on: one forward, and about two for the way back."""


def minibatches(epochs: int, images: int, relative_time: float) -> int:
    """What a training costs in the currency of Abdelfattah et al., in which a proxy costs 1.

    Minibatches of 256 of the training images, `images` in all, over the epochs; times the time that
    it takes relative to the same epochs of the full network, since a small network's minibatch
    costs less.
    """
    return round(epochs * ceil(images / MINIBATCH) * relative_time)


def minibatches_of(described: Protocol) -> int | None:
    """Of a protocol that trains; None where nobody has published what its networks take."""
    training = described.training
    if training is None:
        return None
    bench = BENCHES[described.bench]
    time = bench.relative_times.get((described.skeleton[bench.width], described.resolution))
    return None if time is None else minibatches(training.epochs, training.images, time)


def multiply_adds_of(described: Protocol) -> float:
    """Of a training of the median architecture of the bench's sample; tests are left out."""
    training = described.training
    if training is None:
        return 0.0
    of_image = median_multiply_adds(described.bench, described.skeleton, described.classes)
    return float(FORWARDS * training.epochs * training.images * of_image)
