"""What Abdelfattah et al. 2021 print of searches on NB201's CIFAR-100, by synflow.

Read off their figures, to about .03. Their curves end at 73.26: see page.md for what that is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

STEPS = (50, 100, 300)

LEVEL = 73.0
"""They count the architectures that the mean curve needs for it."""


class Published(NamedTuple):
    """Of one curve."""

    at: Mapping[int, float]
    """The accuracy after so many."""
    needed: int | None
    """Architectures up to LEVEL; None: never."""


def _of(a: float, b: float, c: float, needed: int | None) -> Published:
    return Published(MappingProxyType(dict(zip(STEPS, (a, b, c), strict=True))), needed)


CIFAR100: Mapping[tuple[str, str], Published] = MappingProxyType(
    {
        ("random", ""): _of(71.0, 71.5, 72.05, None),
        ("random", "w3000"): _of(73.0, 73.05, 73.15, 50),
        ("random", "wall"): _of(73.1, 73.1, 73.22, 13),
        ("reinforce", ""): _of(71.0, 71.6, 72.27, None),
        ("reinforce", "m100"): _of(72.8, 72.9, 73.13, 145),
        ("reinforce", "w3000"): _of(72.9, 73.05, 73.2, 63),
        ("evolution", ""): _of(71.1, 72.3, 73.25, 168),
        ("evolution", "mall"): _of(71.1, 73.2, 73.25, 76),
        ("evolution", "w3000"): _of(72.9, 73.2, 73.25, 67),
        ("predictor", ""): _of(72.7, 73.2, 73.26, 62),
        ("predictor", "w256"): _of(73.0, 73.2, 73.26, 47),
        ("predictor", "w512"): _of(73.18, 73.24, 73.26, 43),
    }
)
"""By algorithm and what it is given."""
