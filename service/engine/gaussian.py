"""Standard normal numbers that are the same on every machine and in every release."""

import numpy as np
from numpy.typing import NDArray

from service.engine.streams import stream


def gaussian(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal numbers of a shape, float32, from the stream of that name.

    By Marsaglia's polar method in float64: the only method whose stream numpy has frozen, on
    whatever bits. Its logarithm is the machine's; two that differ in their last bit give another
    float32 once in hundreds of millions of numbers.
    """
    return np.random.RandomState(stream(name)).standard_normal(shape).astype(np.float32)
