"""The bootstrap over architectures (Efron 1979), by percentiles, the same for everyone who asks."""

from collections.abc import Iterator
from hashlib import sha256

import numpy as np

from service.evidence.members import Floats, Integers

RESAMPLES = 1_000
"""The 2.5 % and 97.5 % points then lie within about a tenth of the interval's width of those of
infinitely many (Efron and Tibshirani 1993, 19.3)."""

MANY = 50_000
"""Members. The intervals of so many are narrow, and each resample takes a tenth of a second."""

RESAMPLES_OF_MANY = 200

AT_ONCE = 2**16
"""Counts, resamples times members: two hundredths of a second of metrics."""

CONFIDENCE = 0.95


def resamples_of(members: int) -> int:
    """How many resamples the interval of a set of so many rests on."""
    return RESAMPLES if members <= MANY else RESAMPLES_OF_MANY


def counts(question: str, owners: Integers) -> Iterator[Integers]:
    """How often each member is in each resample: int64 of shape (resamples, members), in parts.

    As many architectures are drawn as there are, with replacement, and an architecture brings all
    of its members: `owners` (members,) says whose each is, from 0. The draw depends on the text of
    the question and the number of architectures alone, on every machine.
    """
    architectures = int(owners.max()) + 1
    key = int.from_bytes(sha256(question.encode()).digest()[:16], "little")
    # Only the raw words: numpy promises their stream, and not that of its distributions.
    words = np.random.Philox(key=key).random_raw
    left = resamples_of(len(owners))
    while left:
        some = min(left, max(1, AT_ONCE // len(owners)))
        left -= some
        # The upper half of a word, scaled: with so few architectures none is favoured visibly.
        drawn = (words((some, architectures)) >> np.uint64(32)) * np.uint64(architectures)
        drawn = (drawn >> np.uint64(32)).astype(np.int64)
        drawn += np.arange(some)[:, np.newaxis] * architectures
        often = np.bincount(drawn.ravel(), minlength=some * architectures)
        yield often.reshape(some, architectures).astype(np.int64)[:, owners]


def interval(values: Floats) -> tuple[float, float]:
    """The percentile interval of the resamples' values (resamples,)."""
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
