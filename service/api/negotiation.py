"""Which of several representations an `Accept` asks for (RFC 9110, 12.5.1)."""

import re
from collections.abc import Sequence

_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type of most weight; of equals the most precisely named, then the first.

    >>> preferred("text/html, text/*;q=0.5", ["application/json", "text/csv"])
    'text/csv'

    The first too where nothing offered is acceptable: it tells more than a 406.
    """
    weights = _weights(accept or "*/*")

    def rank(media_type: str) -> tuple[float, int]:
        names = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
        precision = max((n for n, name in enumerate(names) if name in weights), default=0)
        return weights.get(names[precision], 0.0), precision

    return max(offered, key=rank)


def _weights(accept: str) -> dict[str, float]:
    """By media range, its other parameters left aside; what has no proper weight is left out."""
    weights: dict[str, float] = {}
    for entry in accept.lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        given = [part[2:] for part in parameters if part.startswith("q=")] or ["1"]
        if _WEIGHT.fullmatch(given[0]):
            weights[name] = max(float(given[0]), weights.get(name, 0.0))
    return weights
