"""The formulas by name: each a pure function of measurements, registered under its own name."""

from collections.abc import Callable
from typing import TypeVar

from service.engine import Measurements

T = TypeVar("T")

Formula = Callable[[Measurements], float]
"""Raises UndefinedError where the score does not exist."""

FORMULAS: dict[str, Formula] = {}
"""Every formula by its name, which is the proxy's name in the catalogue."""


class UndefinedError(ValueError):
    """The score does not exist for this network on this minibatch; the message says why."""


def formula(function: Formula) -> Formula:
    """Registers a formula under its function's name."""
    FORMULAS[function.__name__] = function
    return function


def measured(value: T | None) -> T:
    """The measurement a formula reads.

    Raises LookupError where its pass was not run: the catalogue's `passes` are then wrong.
    """
    if value is None:
        raise LookupError("a formula reads what its proxy's passes do not measure")
    return value
