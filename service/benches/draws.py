"""Uniform integers from a counter-based generator: the same for everyone, everywhere."""

from collections.abc import Callable

from numpy.random import Philox

_WORDS = 2**64


def integers(seed: int) -> Callable[[int], int]:
    """A function that draws from 0 .. below - 1, from the stream keyed by `seed`.

    Only the raw words of Philox (Salmon et al. 2011) are used: numpy promises their stream, and not
    that of its distributions. Raises ValueError unless 0 <= seed < 2**128.
    """
    if not 0 <= seed < 2**128:
        raise ValueError(f"a seed is at least 0 and less than 2**128, not {seed}")
    word = Philox(key=seed).random_raw

    def draw(below: int) -> int:
        # Words past the last whole multiple would favour the small numbers.
        limit = _WORDS - _WORDS % below
        while (number := int(word())) >= limit:
            pass
        return number % below

    return draw
