"""The incumbent: the best of what is trained so far, and the two ways of choosing it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Curves(NamedTuple):
    """After 1, 2, ... trained architectures, each of shape (trained,)."""

    validation: Floats
    """The best validation accuracy: what a search sees."""
    by_validation: Floats
    """The test accuracy of the architecture that has it: what a search ends with."""
    oracle: Floats
    """The best test accuracy: what nobody can choose by."""


def curves(validation: Sequence[float], test: Sequence[float]) -> Curves:
    """Of one search, its accuracies in the order of training."""
    seen, judged = np.asarray(validation, np.float64), np.asarray(test, np.float64)
    best = np.maximum.accumulate(seen)
    # The first architecture that has the best accuracy stays.
    places = np.maximum.accumulate(np.where(seen > np.append(-np.inf, best[:-1]), _places(seen), 0))
    return Curves(best, judged[places], np.maximum.accumulate(judged))


def needed(curve: Floats, level: float) -> int | None:
    """How many have to be trained until the curve is at the level; None where it never is."""
    reached = np.flatnonzero(curve >= level)
    return int(reached[0]) + 1 if len(reached) else None


def _places(values: Floats) -> npt.NDArray[np.int64]:
    return np.arange(len(values), dtype=np.int64)
