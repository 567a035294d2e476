"""How a refused value is shown in a message: short whatever it is, and safe to encode."""

from math import isfinite

_LONGEST = 40
_LARGEST = 10**12


def quoted(value: object) -> str:
    """A value of a JSON document in at most a few words."""
    match value:
        case str():
            text = ascii(value[:_LONGEST])
            return text if len(value) <= _LONGEST else f"{text}... ({len(value)} characters)"
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            # The digits of a huge integer are refused by Python itself.
            return str(value) if abs(value) < _LARGEST else "a large integer"
        case float():
            return repr(value) if isfinite(value) else "a number that is not finite"
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
    return f"a value of type {type(value).__name__}"


def field_name(key: object) -> str:
    """The name of a field that nobody knows, as it may stand in a path."""
    if isinstance(key, str) and len(key) <= _LONGEST and key.isascii() and key.isidentifier():
        return key
    return quoted(key)
