"""A space that is small enough to be listed: its spellings, the classes that they form, and what
follows from these alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from service.benches.bench import Architecture, Reading, Spec
from service.benches.draws import integers

Code = tuple[int, ...]
"""A spelling as the numbers of its operations, slot by slot."""


class Class(NamedTuple):
    """One network: its hash and its spellings, the representative first."""

    hash: str
    codes: tuple[Code, ...]


@dataclass(frozen=True)
class Listing:
    """All of a bench; its methods are those functions of a `Bench` that need no more."""

    bench: str
    operations: Sequence[str]
    codes: Sequence[Code]
    """Every spelling, in the bench's own order."""
    text: Callable[[Code], str]
    """What all spellings of one network share, and those of others do not; the hash is of it."""
    rank: Callable[[Code], Any]
    """The spelling of a class with the least is its representative, of several the first."""
    children: Callable[[Code], Iterable[Code]]
    """The spellings one edit away."""
    parse: Callable[[Mapping[str, object]], Code]
    """Raises InvalidSpellingError."""
    spelled: Callable[[Code], Spec]

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

    def representative(self, spelling: Mapping[str, object]) -> Code:
        """Of the class of a spelling."""
        return self.classes[self.parse(spelling)].codes[0]

    def read(self, spelling: Mapping[str, object]) -> Reading:
        """Raises InvalidSpellingError."""
        return self._reading(self.parse(spelling))

    def in_slots(self, spec: Spec) -> Sequence[str]:
        """The operations of a spelling, slot by slot."""
        return [self.operations[operation] for operation in self.parse(spec)]

    def spellings(self, spec: Spec) -> Sequence[Spec]:
        """Every spelling of the class, the representative first, then in the bench's order."""
        return [self.spelled(code) for code in self.classes[self.parse(spec)].codes]

    def neighbours(self, spec: Spec) -> Sequence[Architecture]:
        """The classes one edit away from any spelling of the class, sorted by hash.

        The edits of the representative alone would miss some and be one-way.
        """
        own = self.classes[self.parse(spec)]
        found = {
            self.classes[child].hash: self.classes[child]
            for code in own.codes
            for child in self.children(code)
        }
        return [self._architecture(found[key]) for key in sorted(found) if key != own.hash]

    def everything(self) -> Sequence[Reading]:
        """All classes, sorted by hash."""
        by_hash = {entry.hash: entry.codes[0] for entry in self.classes.values()}
        return [self._reading(by_hash[key]) for key in sorted(by_hash)]

    def sample(self, n: int, seed: int) -> Sequence[Reading]:
        """n of the spellings, drawn uniformly with replacement."""
        draw = integers(seed)
        return [self._reading(self.codes[draw(len(self.codes))]) for _ in range(n)]

    def uniform(self, n: int, seed: int) -> Sequence[Architecture]:
        """n different classes, drawn uniformly."""
        left = [reading.architecture for reading in self.everything()]
        if n > len(left):
            raise ValueError(f"there are {len(left)} architectures, not {n}")
        draw = integers(seed)
        return [left.pop(draw(len(left))) for _ in range(n)]

    def _architecture(self, entry: Class) -> Architecture:
        return Architecture(self.bench, entry.hash, self.spelled(entry.codes[0]))

    def _reading(self, code: Code) -> Reading:
        return Reading(self.spelled(code), self._architecture(self.classes[code]))


def other_operations(code: Code, operations: int) -> Iterable[Code]:
    """The spellings that differ in the operation of one slot, of which there are so many."""
    for slot, own in enumerate(code):
        for other in range(operations):
            if other != own:
                yield (*code[:slot], other, *code[slot + 1 :])
