"""What a network's blocks make of values and of gradients.

Lee and Ham, AZ-NAS: Assembling Zero-Cost Proxies for Network Architecture Search, CVPR 2024.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import log

from service.engine import Measurements
from service.proxies.registry import UndefinedError, formula, measured

K = 1e-8
"""Inside the entropy's logarithm."""

EPSILON = 1e-6
"""Of the trainability, which a gradient of 0 would else divide by."""


@formula
def expressivity(measurements: Measurements) -> float:
    """Σ_blocks -Σ p ln(p + k), p the eigenvalues of the channels' covariance over their sum.

    The covariance is that of a block's output over images and space; k = 1e-8.
    """
    return sum(_entropies(measurements))


@formula
def progressivity(measurements: Measurements) -> float:
    """The smallest increase of that entropy from one block to the next."""
    entropies = _entropies(measurements)
    if len(entropies) < 2:
        raise UndefinedError("the network has one block alone")
    return min(after - before for before, after in pairwise(entropies))


@formula
def trainability(measurements: Measurements) -> float:
    """The mean over the blocks after the first of -s - 1/(s + 1e-6) + 2.

    s is the largest singular value of the mean of g_in g_outᵀ over images and space, for random ±1
    g_out at a block's output and the gradient g_in that they give at its input.
    """
    gains = measured(measurements.block_gains)
    if not gains:
        raise UndefinedError("the network has one block alone")
    scores: list[float] = []
    for s in gains:
        if s is None:
            raise UndefinedError("a block is the identity: its gradients say nothing")
        scores.append(-s - 1 / (s + EPSILON) + 2)
    return sum(scores) / len(scores)


def _entropies(measurements: Measurements) -> list[float]:
    return [_entropy(each) for each in measured(measurements.block_variances)]


def _entropy(variances: Sequence[float]) -> float:
    total = sum(variances)
    if total == 0:
        raise UndefinedError("the values of a block are constant")
    shares = [each / total for each in variances]
    return -sum(p * log(p + K) for p in shares)
