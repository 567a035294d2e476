"""Spellings of two forms: a string `arch`, or `ops`, a name for each slot of the architecture."""

from collections.abc import Mapping, Sequence

from service.benches.bench import InvalidSpellingError
from service.benches.quoting import field_name, quoted

FIELDS = ("arch", "ops")

_MAX_CHARACTERS = 256
"""Far more than any spelling has: longer texts are not looked into."""


def form(spelling: Mapping[str, object]) -> str:
    """Which of the two it is.

    Raises InvalidSpellingError.
    """
    for key in spelling:
        if key not in FIELDS:
            raise InvalidSpellingError(field_name(key), "unknown field", "give arch or ops")
    if len(spelling) != 1:
        given = "both arch and ops" if spelling else "neither arch nor ops"
        raise InvalidSpellingError("arch", f"{given} given", "give one of arch and ops")
    return next(iter(spelling))


def arch_text(text: object, valid: str) -> str:
    """A string that is worth looking into.

    Raises InvalidSpellingError.
    """
    if not isinstance(text, str):
        raise InvalidSpellingError("arch", f"{quoted(text)} is not a string", valid)
    if not text:
        raise InvalidSpellingError("arch", "the string is empty", valid)
    if len(text) > _MAX_CHARACTERS:
        reason = f"{len(text)} characters (at most {_MAX_CHARACTERS})"
        raise InvalidSpellingError("arch", reason, valid)
    return text


def names(given: object, slots: Sequence[int], operations: Sequence[str], valid: str) -> list[int]:
    """The operations by number, of as many slots as one of `slots` says.

    Raises InvalidSpellingError.
    """
    if not isinstance(given, list | tuple):
        raise InvalidSpellingError("ops", f"{quoted(given)} is not a list", valid)
    if len(given) not in slots:
        wanted = " or ".join(map(str, slots))
        raise InvalidSpellingError("ops", f"{len(given)} names instead of {wanted}", valid)
    return [operation(f"ops/{slot}", name, operations) for slot, name in enumerate(given)]


def operation(field: str, name: object, operations: Sequence[str]) -> int:
    """The number of an operation.

    Raises InvalidSpellingError.
    """
    if not isinstance(name, str) or name not in operations:
        legal = f"an operation is one of {', '.join(operations)}"
        raise InvalidSpellingError(field, f"{quoted(name)} is not an operation", legal)
    return operations.index(name)
