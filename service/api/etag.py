"""Weak entity tags and whether a client has the current one (RFC 9110, 8.8.3 and 13.1.2)."""

import hashlib
import re

_OPAQUE = re.compile(r'(?:W/)?("[^"]*")')


def weak(*parts: object) -> str:
    """A tag that is the same where all the parts are, by their text."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode())
    return f'W/"{digest.hexdigest()[:32]}"'


def is_current(if_none_match: str | None, tag: str) -> bool:
    """Whether one of the header's tags is this one, weak or strong; `*` is any."""
    if if_none_match is None:
        return False
    opaque = tag.removeprefix("W/")
    return if_none_match.strip() == "*" or opaque in _OPAQUE.findall(if_none_match)
