"""The controller of REINFORCE (Williams 1992): independent categorical decisions.

z is (decisions, options), -inf where a decision has fewer options: π(a|d) = softmax(z_d)_a.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from service.search.draws import Draw, fraction

Floats = npt.NDArray[np.float64]

LEARNING_RATE = 0.01
MOMENTUM = 0.9
"""Of the baseline, the moving mean of the rewards. Both as in NATS-Bench (Dong et al. 2021)."""

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
"""Adam's own (Kingma and Ba 2015)."""


def probabilities(z: Floats) -> Floats:
    """π of every option of every decision."""
    powers: Floats = np.exp(z - z.max(axis=1, keepdims=True))
    total: Floats = powers.sum(axis=1, keepdims=True)
    return powers / total


def log_probability(z: Floats, made: Sequence[int]) -> float:
    """ln π of decisions, one an entry."""
    return float(np.log(probabilities(z)[np.arange(len(made)), made]).sum())


def gradient(z: Floats, made: Sequence[int]) -> Floats:
    """∂ ln π / ∂z = [a was made] - π(a)."""
    slopes = -probabilities(z)
    slopes[np.arange(len(made)), made] += 1.0
    return slopes


def sampler(z: Floats) -> Callable[[Draw], list[int]]:
    """A function that draws decisions from π."""
    rows = np.cumsum(probabilities(z), axis=1).tolist()

    def made(draw: Draw) -> list[int]:
        # The last sum may be below 1 by its rounding, and the draw may not.
        return [bisect_right(row, fraction(draw) * row[-1]) for row in rows]

    return made


class Controller:
    """Learns by Adam on (reward - baseline) ∇ ln π."""

    def __init__(self, options: Sequence[int]) -> None:
        self.z: Floats = np.full((len(options), max(options)), -np.inf)
        for decision, number in enumerate(options):
            self.z[decision, :number] = 0.0
        self.forget_rewards()

    def forget_rewards(self) -> None:
        """What was learnt stays; for rewards of another kind."""
        self._rewards = self._weight = 0.0
        self._steps = 0
        self._first = np.zeros(self.z.shape)
        self._second = np.zeros(self.z.shape)

    def reward(self, made: Sequence[Sequence[int]], rewards: Sequence[float]) -> None:
        """One step on the mean gradient of architectures, larger rewards being the better ones."""
        self._rewards = MOMENTUM * self._rewards + (1 - MOMENTUM) * float(np.mean(rewards))
        self._weight = MOMENTUM * self._weight + (1 - MOMENTUM)
        baseline = self._rewards / self._weight
        pairs = zip(made, rewards, strict=True)
        every = [(reward - baseline) * gradient(self.z, each) for each, reward in pairs]
        slopes = np.mean(every, axis=0)
        self._steps += 1
        self._first = BETA_1 * self._first + (1 - BETA_1) * slopes
        self._second = BETA_2 * self._second + (1 - BETA_2) * slopes**2
        first = self._first / (1 - BETA_1**self._steps)
        second = self._second / (1 - BETA_2**self._steps)
        self.z += LEARNING_RATE * first / (np.sqrt(second) + EPSILON)
