"""A space that is small enough to be listed: what a bench says of it, and what follows from that.

A `Listing` speaks of codes, its bench of spellings: see `Listing.bench`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple, TypedDict, Unpack

from service.benches.arch_or_ops import FIELDS
from service.benches.bench import (
    Architecture,
    Bench,
    Code,
    Finding,
    Reading,
    Size,
    Skeleton,
    Slot,
    Spec,
    decisions_of,
)
from service.benches.draws import integers
from service.benches.structure import Vertex, structural
from service.graph import Graph


class Class(NamedTuple):
    """One network: its hash and its spellings, the representative first."""

    hash: str
    codes: tuple[Code, ...]


class Known(TypedDict, total=False):
    """What may be known of a bench: the fields of the same names of `Bench`."""

    findings: Mapping[str, Finding]
    ensembles: Mapping[str, str]
    default_ensemble: str
    trained_on: Mapping[tuple[str, str], int]
    relative_times: Mapping[tuple[int, int], float]


@dataclass(frozen=True)
class Listing:
    """All of a space, in pure functions on codes."""

    name: str
    """Of the bench."""
    slots: tuple[Slot, ...]
    codes: Sequence[Code]
    """Every spelling, in the order in which those of a class are told."""
    parse: Callable[[Mapping[str, object]], Code]
    """Raises InvalidSpellingError."""
    spelled: Callable[[Code], str]
    """As `arch`."""
    text: Callable[[Code], str]
    """What all spellings of one network share, and those of others do not; the hash is of it."""
    rank: Callable[[Code], Any]
    """The spelling of a class with the least is its representative, of several the first."""
    children: Callable[[Code], Iterable[Code]]
    """The spellings one edit away."""
    network: Callable[[Code, Skeleton, int], Graph]
    """In a skeleton, for a number of output classes."""
    size: Callable[[Code, Skeleton, int], Size]
    """Of that network, in closed form."""
    vertices: Callable[[Code], Sequence[Vertex]]
    """See `Bench.vertices`; asked of representatives alone."""
    whole: Callable[[Code], bool] = lambda code: True
    """Whether every operation lies on a path from input to output."""

    def bench(
        self,
        *,
        title: str,
        source: str,
        example: str,
        classes: int,
        skeletons: Mapping[str, Skeleton],
        width: str,
        **known: Unpack[Known],
    ) -> Bench:
        """The bench of the space; `example` is an `arch`, the others are told of at `Bench`."""
        choices = (choice for slot in self.slots for choice in slot.choices)
        return Bench(
            name=self.name,
            title=title,
            source=source,
            example={"arch": example},
            operations=tuple(dict.fromkeys(choices)),
            classes=classes,
            spelling_fields=FIELDS,
            text_field="arch",
            slots=self.slots,
            in_slots=self._in_slots,
            skeletons=skeletons,
            width=width,
            read=lambda spelling: self._reading(self.parse(spelling)),
            graph=lambda spec, skeleton, n: self.network(self.parse(spec), skeleton, n),
            size=lambda spec, skeleton, n: self.size(self.parse(spec), skeleton, n),
            structure=self._structure,
            vertices=lambda spec: self.vertices(self._class(spec).codes[0]),
            spellings=lambda spec: [self._spec(code) for code in self._class(spec).codes],
            neighbours=self._neighbours,
            everything=self._everything,
            whole=lambda spec: self.whole(self.parse(spec)),
            sample=self._sample,
            uniform=self._uniform,
            decisions=decisions_of(self.slots),
            **known,
        )

    @cached_property
    def classes(self) -> Mapping[Code, Class]:
        """The class of every spelling."""
        alike: defaultdict[str, list[Code]] = defaultdict(list)
        for code in self.codes:
            alike[self.text(code)].append(code)
        found: dict[Code, Class] = {}
        for text, codes in alike.items():
            first = min(codes, key=self.rank)
            rest = (code for code in codes if code != first)
            entry = Class(sha256(text.encode()).hexdigest()[:32], (first, *rest))
            found.update(dict.fromkeys(codes, entry))
        return found

    @cached_property
    def _numbered(self) -> Sequence[Code]:
        """Every spelling, the shortest first: samples do not depend on the order of `codes`."""
        return sorted(self.codes, key=lambda code: (len(code), code))

    def _class(self, spec: Spec) -> Class:
        return self.classes[self.parse(spec)]

    def _spec(self, code: Code) -> Spec:
        return {"arch": self.spelled(code)}

    def _architecture(self, entry: Class) -> Architecture:
        return Architecture(self.name, entry.hash, self._spec(entry.codes[0]))

    def _reading(self, code: Code) -> Reading:
        return Reading(self._spec(code), self._architecture(self.classes[code]))

    def _in_slots(self, spec: Spec) -> Sequence[str]:
        # The last slots may be empty.
        each = zip(self.slots, self.parse(spec), strict=False)
        return [slot.choices[operation] for slot, operation in each]

    def _structure(self, spec: Spec, skeleton: Skeleton, classes: int) -> Mapping[str, float]:
        """What is counted is counted in the representative."""
        code = self._class(spec).codes[0]
        return structural(self.vertices(code), self.network(code, skeleton, classes))

    def _neighbours(self, spec: Spec) -> Sequence[Architecture]:
        """The edits of the representative alone would miss some and be one-way."""
        own = self._class(spec)
        children = (child for code in own.codes for child in self.children(code))
        found = {entry.hash: entry for entry in map(self.classes.__getitem__, children)}
        return [self._architecture(found[key]) for key in sorted(found) if key != own.hash]

    def _everything(self) -> Sequence[Reading]:
        by_hash = {entry.hash: entry.codes[0] for entry in self.classes.values()}
        return [self._reading(by_hash[key]) for key in sorted(by_hash)]

    def _sample(self, n: int, seed: int) -> Sequence[Reading]:
        draw = integers(seed)
        return [self._reading(self._numbered[draw(len(self.codes))]) for _ in range(n)]

    def _uniform(self, n: int, seed: int) -> Sequence[Architecture]:
        left = [reading.architecture for reading in self._everything()]
        if n > len(left):
            raise ValueError(f"there are {len(left)} architectures, not {n}")
        draw = integers(seed)
        return [left.pop(draw(len(left))) for _ in range(n)]


def other_choices(code: Code, slots: Sequence[Slot]) -> Iterable[Code]:
    """The spellings that differ in what stands in one slot."""
    for place, own in enumerate(code):
        for other in range(len(slots[place].choices)):
            if other != own:
                yield (*code[:place], other, *code[place + 1 :])
