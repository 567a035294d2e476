"""An order in which the classes take turns: any first part of it is as balanced as can be."""

import numpy as np
from numpy.typing import NDArray


def in_turns(order: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """`order` (M,), rearranged: the first of each class, then the second of each, and so on.

    `labels` (M,) are those of `order`, place by place. Within a turn the smaller label is first.
    """
    turn = np.zeros(len(order), dtype=np.int64)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        turn[of_class] = np.arange(len(of_class))
    return order[np.lexsort((labels, turn))]
