"""One row of a table: a spelling, a seed where there is one, a value."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from service.benches import Bench, InvalidSpellingError
from service.benches.quoting import quoted

SEEDS = 2**31
"""As many as PostgreSQL's integers count from 0."""

HASH, VALUE, SEED = "hash", "value", "seed"
"""The fields of a row beside those of its spelling."""


class Row(NamedTuple):
    """A value as it is stored; the architecture and the spelling are JSON texts."""

    hash: str
    spec: str
    spelling: str
    whole: bool
    seed: int | None
    value: float


class Spelled(NamedTuple):
    """What a row says of its architecture, whatever its value."""

    hash: str
    spec: str
    spelling: str
    whole: bool


class Speller:
    """Reads spellings of a bench; one that comes again at once, with another seed or in another
    column, is read once."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._last: tuple[Mapping[str, object], Spelled] | None = None

    def read(self, spelling: Mapping[str, object]) -> Spelled:
        """Raises InvalidSpellingError."""
        if self._last is None or self._last[0] != spelling:
            reading = self.bench.read(spelling)
            found, asked = reading.architecture, reading.asked
            spelled = Spelled(found.hash, text(found.spec), text(asked), self.bench.whole(asked))
            self._last = spelling, spelled
        return self._last[1]


def read(speller: Speller, fields: Mapping[str, object], span: tuple[float, float]) -> Row | None:
    """The row, or None where its value is empty; what else the row says must be right even then.

    `fields` are those of the spelling, `value`, and if need be `seed` and `hash`, which must be
    that of the spelling. `span` has the least and the largest value there may be. Raises
    InvalidSpellingError naming the field that is wrong.
    """
    spelling = {name: field for name, field in fields.items() if name not in (HASH, VALUE, SEED)}
    if VALUE not in fields:
        raise InvalidSpellingError(VALUE, "missing", "a number, or null where there is none")
    value, seed = _value(fields[VALUE], span), _seed(fields.get(SEED))
    found = speller.read(spelling)
    if fields.get(HASH, found.hash) != found.hash:
        reason = f"{quoted(fields[HASH])} is not the hash of this spelling"
        raise InvalidSpellingError(HASH, reason, found.hash)
    return None if value is None else Row(*found, seed, value)


def text(spec: Mapping[str, object]) -> str:
    """A spelling as compact JSON with sorted keys."""
    return json.dumps(spec, separators=(",", ":"), sort_keys=True)


def _value(given: object, span: tuple[float, float]) -> float | None:
    if given is None:
        return None
    least, largest = span
    valid = f"a number from {least:g} to {largest:g}"
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise InvalidSpellingError(VALUE, f"{quoted(given)} is not a number", valid)
    # Before it is made a float, which an integer may be too large for. NaN is nowhere.
    if not least <= given <= largest:
        raise InvalidSpellingError(VALUE, f"{quoted(given)} is out of range", valid)
    return float(given)


def _seed(given: object) -> int | None:
    if given is None or (type(given) is int and 0 <= given < SEEDS):
        return given
    raise InvalidSpellingError(
        SEED, f"{quoted(given)} is not a seed", f"an integer from 0 to {SEEDS - 1}, or none"
    )
