"""What a score costs: in minibatches as the literature counts them, in multiply-adds, in seconds.

The passes are those of `service.engine.measurements`. What several of them share, such as the
forward, is paid once, for that is how they are run.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from statistics import median
from types import MappingProxyType
from typing import NamedTuple

from service.benches import BENCHES
from service.catalogue import CATALOGUE

WITH_MOTIONS = " with motions"
"""Behind the name of a timed pass that carried the motions of `curvature` along: it takes about
twice as long then."""

STRUCTURE = "structure"
"""The time of the structural proxies, which need no network."""


BESIDES = "besides"
"""What an evaluation takes of a worker's time besides its passes: claims, writes, and the slices of
spare-time work between chunks. No score's own, and so in no cost of one."""


def training_of(images: int) -> str:
    """What the time of a reduced training is kept under: more images take longer."""
    return f"training on {images}"


_OF_LOSS = frozenset({"loss", "fisher", "curvature"})
_MOVING = frozenset({"forward", "loss"})


def _question(name: str) -> str:
    """The walks that answer a pass: the loss's serve three, the forward two."""
    if name in _OF_LOSS:
        return "loss"
    return "forward" if name in {"patterns", "columns"} else name


_ON_FORWARD = frozenset({"forward", "jacobian", "loss"})
"""The questions that one forward of the minibatch is shared by."""

_FORWARDS = MappingProxyType(
    {
        "forward": 1,  # y = w * x
        "jacobian": 1,  # the transposed convolution
        "loss": 2,  # that, and the correlation that gives g
        "curvature": 4,  # the motions of y, of A, and two of g
        "halves": 3,  # forward, reverse and g, of each half
        "blocks": 2,  # forward, and back through each block
        "perturbation": 2,  # two forwards
    }
)
"""What a pass costs more, in multiply-adds of one forward of the minibatch."""

_IMAGE_FORWARDS = MappingProxyType({"synflow": 2})  # forward and reverse
"""The same in forwards of one image, whatever the size of the minibatch."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one proxy, or of several that are computed together."""

    minibatches: int
    """As Abdelfattah et al. 2021 count: 1 for each question that a network is run for, however it
    is run and on whatever images; 0 for what needs no run."""
    forwards: int
    """Multiply-adds, in those of a forward of the minibatch."""
    image_forwards: int
    """And besides, in those of a forward of one image."""
    timed: frozenset[str]
    """The timed passes that it waits for."""
    moving: bool
    """Whether they carry motions."""

    def multiply_adds(self, images: int, of_image: float) -> float:
        """For a minibatch of so many images, a forward of one taking `of_image`."""
        return (self.forwards * images + self.image_forwards) * of_image


def cost_of(proxies: Collection[str]) -> Cost:
    """Of the proxies of the catalogue with these names, computed together."""
    asked = [CATALOGUE[name] for name in proxies]
    passes = frozenset[str]().union(*(proxy.passes for proxy in asked))
    questions = {_question(name) for name in passes}
    shared = {"forward"} if questions & _ON_FORWARD else set[str]()
    walks = questions | shared | (passes & {"curvature"})
    timed = questions | shared | ({"build"} if passes else set())
    return Cost(
        minibatches=len(questions - {"weights"}),
        forwards=sum(_FORWARDS.get(name, 0) for name in walks),
        image_forwards=sum(_IMAGE_FORWARDS.get(name, 0) for name in walks),
        timed=frozenset(timed | ({STRUCTURE} if any(each.structural for each in asked) else set())),
        moving="curvature" in passes,
    )


def timed_as(name: str, moving: bool) -> str:
    """What the time of a pass is kept under, in a sweep that carried motions or did not."""
    return name + WITH_MOTIONS if moving and name in _MOVING else name


class Took(NamedTuple):
    """What a timed pass took on one device."""

    evaluations: int
    seconds: float
    """Of all of them together."""


class Measured(NamedTuple):
    """What a score takes on one device, by its passes' own times."""

    seconds: float
    """The sum over its passes, of each the mean over evaluations."""
    evaluations: int
    """Of the pass that was timed least often."""
    upper_bound: bool
    """Whether some pass was only timed with motions that are not this score's."""


def measured(cost: Cost, took: Mapping[str, Took]) -> Measured | None:
    """From the timed passes of one device; None where one is missing, or there are none to time."""
    found: list[Took] = []
    upper_bound = False
    for name in cost.timed:
        own = timed_as(name, cost.moving)
        with_motions = timed_as(name, True)
        if (each := took.get(own)) is None:
            upper_bound = True
            each = took.get(with_motions)
        if each is None:
            return None
        found.append(each)
    if not found:
        return None
    seconds = sum(each.seconds / each.evaluations for each in found)
    return Measured(seconds, min(each.evaluations for each in found), upper_bound)


DRAWN = 501
"""Spellings that the median is taken over: it moves by some per cent with another draw. Some tens
of milliseconds, once a process."""


def median_multiply_adds(bench: str, skeleton: Mapping[str, int], classes: int) -> float:
    """Of one forward of one image in a skeleton: the median over the bench's sample of `DRAWN` with
    seed 0."""
    return _median(bench, tuple(sorted(skeleton.items())), classes)


@lru_cache(maxsize=64)
def _median(bench: str, skeleton: tuple[tuple[str, int], ...], classes: int) -> float:
    found, given = BENCHES[bench], dict(skeleton)
    drawn = found.sample(DRAWN, 0)
    return median(found.size(each.architecture.spec, given, classes).flops for each in drawn)


MINIBATCH = 256
"""Images, as the literature counts."""


@dataclass(frozen=True, slots=True)
class Training:
    """What one training costs."""

    minibatches: int
    multiply_adds: float
    """Three forwards an image, of the median architecture of the bench."""


def training_cost(bench: str, dataset: str, split: str | None, epochs: int) -> Training | None:
    """Of the bench's full network; None where nobody says on how many images it was trained."""
    images = BENCHES[bench].trained_on.get((dataset, split or ""))
    if images is None:
        return None
    of_image = median_multiply_adds(bench, BENCHES[bench].skeletons["full"], 10)
    return Training(epochs * ceil(images / MINIBATCH), 3.0 * epochs * images * of_image)
