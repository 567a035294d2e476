"""What a bench is: a search space with a fixed skeleton, as pure functions on spellings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from service.benches.structure import Vertex
from service.graph import Graph

Spec = dict[str, object]
"""An architecture as JSON, in a form that its bench reads: `{"arch": ...}`, `{"matrix", "ops"}`."""

Skeleton = Mapping[str, int]
"""What a protocol says of the network around the cell; its keys are the bench's own, and
`resolution`, the height and width of the images in pixels, is always among them."""


Code = tuple[int, ...]
"""A spelling as numbers: which of its slot's choices each operation is."""


class InvalidSpellingError(ValueError):
    """A spelling that the bench refuses: which `field`, why, and what would be valid."""

    def __init__(self, field: str, reason: str, valid: str) -> None:
        super().__init__(f"{field}: {reason}; {valid}")
        self.field = field
        self.reason = reason
        self.valid = valid


class Size(NamedTuple):
    """Of a network."""

    parameters: int
    """Trainable."""
    flops: int
    """Multiply-adds of one image, in convolutions and linear layers."""


Direction = Literal["larger", "smaller"]


class Finding(NamedTuple):
    """Which values of a proxy promise the better network on a bench, and on what that rests."""

    better: Direction
    evidence: str
    """A measured correlation with its metric, truth and number of architectures, or `none`."""


ASSUMED = Finding("larger", "none: assumed, as the proxies' authors do")


@dataclass(frozen=True, slots=True)
class Architecture:
    """A class of spellings that are one network: its hash and its representative `spec`."""

    bench: str
    hash: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class Reading:
    """A spelling as it was understood (`asked`), and the architecture it spells."""

    asked: Spec
    architecture: Architecture


class Slot(NamedTuple):
    """A place of a cell at which one operation of several stands."""

    name: str
    choices: tuple[str, ...]
    optional: bool = False
    """Whether it may be left out."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """A spelling as categorical decisions, one after another: what a controller makes."""

    options: tuple[int, ...]
    """How many each decision has."""
    spell: Callable[[Sequence[int]], Spec]
    """The spelling of as many decisions, which the bench may refuse."""


def decisions_of(slots: Sequence[Slot]) -> Decisions:
    """The operation of each slot; a last option leaves one out that may be."""

    def spell(made: Sequence[int]) -> Spec:
        each = zip(slots, made, strict=True)
        return {"ops": [slot.choices[of] for slot, of in each if of < len(slot.choices)]}

    return Decisions(tuple(len(slot.choices) + slot.optional for slot in slots), spell)


@dataclass(frozen=True, slots=True)
class Bench:
    """A search space. Every function is pure and knows neither torch nor a database."""

    name: str
    title: str
    source: str
    """The paper that defines the bench."""
    example: Spec
    operations: tuple[str, ...]
    classes: int
    """How many architectures there are, spellings of one network counted once."""
    spelling_fields: tuple[str, ...]
    """The fields that a spelling may have."""
    text_field: str | None
    """The one of them that is a text, the bench's own way to write a cell, where it has one."""
    slots: tuple[Slot, ...]
    """What a spelling's `ops` list, in order; none where they are as many as a spelling's `matrix`
    has rows."""
    in_slots: Callable[[Spec], Sequence[str]]
    """What stands in the slots of a spelling, as its `ops` would list it; nothing without slots."""
    skeletons: Mapping[str, Skeleton]
    """The network around the cell under each protocol, by the protocol's name."""
    width: str
    """What the skeletons call the channels of the stem, which all others are multiples of."""
    read: Callable[[Mapping[str, object]], Reading]
    """Reads a spelling; raises InvalidSpellingError."""
    graph: Callable[[Spec, Skeleton, int], Graph]
    """The network of a representative `spec` in a skeleton, for a number of output classes."""
    size: Callable[[Spec, Skeleton, int], Size]
    """The size of that network, without the network: some ten microseconds."""
    structure: Callable[[Spec, Skeleton, int], Mapping[str, float]]
    """The catalogue's structural proxies of a class, of whichever spelling, in a skeleton and for a
    number of output classes. A proxy that is left out is undefined: there is no path from input to
    output."""
    vertices: Callable[[Spec], Sequence[Vertex]]
    """The operations of a class, of whichever spelling, and what each reads: those that lie on a
    path from input to output, in topological order, the input first and the output last."""
    spellings: Callable[[Spec], Sequence[Spec]]
    """Every minimal spelling of the class of a representative `spec`, the representative first."""
    neighbours: Callable[[Spec], Sequence[Architecture]]
    """The architectures one edit away, sorted by hash, the architecture itself left out."""
    everything: Callable[[], Sequence[Reading]] | None
    """Every architecture, spelt as its representative, sorted by hash; None where there are too
    many to list."""
    whole: Callable[[Spec], bool]
    """Whether every operation of a spelling lies on a path from input to output."""
    sample: Callable[[int, int], Sequence[Reading]]
    """`sample(n, seed)`: n spellings drawn uniformly with replacement, the same for everyone."""
    uniform: Callable[[int, int], Sequence[Architecture]]
    """`uniform(n, seed)`: n different architectures, each as likely as any other, the same for
    everyone. Raises ValueError where there are not so many."""
    decisions: Decisions
    """How a controller spells an architecture."""
    findings: Mapping[str, Finding] = field(default_factory=dict)
    """By proxy, where it was measured: see `finding`."""
    ensembles: Mapping[str, str] = field(default_factory=dict)
    """By ensemble, where it was measured: how well it ranks the bench."""
    default_ensemble: str = "az3"
    """What the bench is ranked by unless told: without labels, images or a bench's own choice."""
    trained_on: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By dataset and split: on how many images the bench trains its full network for its accuracy
    there. Empty where nobody says."""
    relative_times: Mapping[tuple[int, int], float] = field(default_factory=dict)
    """By channels of the stem and resolution: the time on a GPU that an epoch takes, relative to
    the full network's, where it is published."""

    def finding(self, proxy: str) -> Finding:
        """Which way a proxy points; larger is better where nobody has measured it."""
        return self.findings.get(proxy, ASSUMED)
