"""Spellings of two forms: a string `arch`, or `ops`, a name for each slot of the architecture."""

from collections.abc import Callable, Mapping, Sequence

from service.benches.bench import Code, InvalidSpellingError, Slot
from service.benches.quoting import field_name, quoted

FIELDS = ("arch", "ops")

_MAX_CHARACTERS = 256
"""Far more than any spelling has: longer texts are not looked into."""


def read(
    spelling: Mapping[str, object],
    slots: Sequence[Slot],
    form: str,
    from_arch: Callable[[str], Code],
) -> Code:
    """What stands in the slots, `form` being how an `arch` is written.

    `from_arch` reads one that is no empty or endless text. Raises InvalidSpellingError.
    """
    for key in spelling:
        if key not in FIELDS:
            raise InvalidSpellingError(field_name(key), "unknown field", "give arch or ops")
    if len(spelling) != 1:
        given = "both arch and ops" if spelling else "neither arch nor ops"
        raise InvalidSpellingError("arch", f"{given} given", "give one of arch and ops")
    if "ops" in spelling:
        return _named(spelling["ops"], slots)
    return from_arch(_text(spelling["arch"], form))


def operation(field: str, name: object, choices: Sequence[str]) -> int:
    """The number of an operation.

    Raises InvalidSpellingError.
    """
    if not isinstance(name, str) or name not in choices:
        valid = f"an operation is one of {', '.join(choices)}"
        raise InvalidSpellingError(field, f"{quoted(name)} is not an operation", valid)
    return choices.index(name)


def _text(given: object, valid: str) -> str:
    if not isinstance(given, str):
        raise InvalidSpellingError("arch", f"{quoted(given)} is not a string", valid)
    if not given:
        raise InvalidSpellingError("arch", "the string is empty", valid)
    if len(given) > _MAX_CHARACTERS:
        reason = f"{len(given)} characters (at most {_MAX_CHARACTERS})"
        raise InvalidSpellingError("arch", reason, valid)
    return given


def _named(given: object, slots: Sequence[Slot]) -> Code:
    optional = sum(slot.optional for slot in slots)
    names = (f"{slot.name} (optional)" if slot.optional else slot.name for slot in slots)
    valid = f"a name each for {', '.join(names)}"
    if not isinstance(given, list | tuple):
        raise InvalidSpellingError("ops", f"{quoted(given)} is not a list", valid)
    if not len(slots) - optional <= len(given) <= len(slots):
        wanted = f"{len(slots) - optional} to {len(slots)}" if optional else str(len(slots))
        raise InvalidSpellingError("ops", f"{len(given)} names instead of {wanted}", valid)
    each = enumerate(zip(slots, given, strict=False))
    return tuple(operation(f"ops/{place}", name, slot.choices) for place, (slot, name) in each)
