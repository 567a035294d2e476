"""Size classes: few enough to look into each, fine enough that the ends of a range cost little."""

from collections.abc import Iterable
from dataclasses import dataclass

STEPS = 8
"""Of an octave. The classes of NB101 are then some hundred, and one step of parameters holds a
fifteenth of its architectures at most."""

_FLOPS = 1024
"""More than any number of flops has steps."""


def size_class(parameters: int, flops: int) -> int:
    """By the steps of both: architectures of one class are within an eighth of each other."""
    return _step(parameters) * _FLOPS + _step(flops)


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `least` to `most`, both included; None is no bound."""

    least: int | None = None
    most: int | None = None

    def meets(self, step: int) -> bool:
        return not (
            (self.least is not None and step < _step(self.least))
            or (self.most is not None and step > _step(self.most))
        )

    def cuts(self, step: int) -> bool:
        """Whether some of a step that it meets may be outside."""
        return any(bound is not None and step == _step(bound) for bound in (self.least, self.most))


UNBOUNDED = Range()


def meeting(classes: Iterable[int], parameters: Range, flops: Range) -> tuple[list[int], list[int]]:
    """The classes wholly within both ranges, and those of which a part may be outside."""
    whole: list[int] = []
    cut: list[int] = []
    for each in classes:
        steps = divmod(each, _FLOPS)
        if parameters.meets(steps[0]) and flops.meets(steps[1]):
            partly = parameters.cuts(steps[0]) or flops.cuts(steps[1])
            (cut if partly else whole).append(each)
    return whole, cut


def _step(number: int) -> int:
    """Grows with the number: by integers alone, so that every machine agrees."""
    octave = max(number, 1).bit_length() - 1
    return STEPS * octave + (max(number, 1) * STEPS >> octave) - STEPS
