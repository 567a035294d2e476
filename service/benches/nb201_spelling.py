"""Reads and writes the spellings of NB201: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|` or six names."""

from collections.abc import Mapping

from service.benches.bench import InvalidSpellingError
from service.benches.nb201_values import EDGES, OPERATIONS, Cell
from service.benches.quoting import field_name, quoted

FIELDS = ("arch", "ops")

_FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
_LEGAL = f"an operation is one of {', '.join(OPERATIONS)}"
_NODES = 3
_MAX_CHARACTERS = 256
"""Far more than any spelling has: longer texts are not looked into."""


def parse(spelling: Mapping[str, object]) -> Cell:
    """The cell that a spelling means.

    Raises InvalidSpellingError.
    """
    for key in spelling:
        if key not in FIELDS:
            raise InvalidSpellingError(field_name(key), "unknown field", "give arch or ops")
    if len(spelling) != 1:
        given = "both arch and ops" if spelling else "neither arch nor ops"
        raise InvalidSpellingError("arch", f"{given} given", "give one of arch and ops")
    return _parse_arch(spelling["arch"]) if "arch" in spelling else _parse_ops(spelling["ops"])


def arch(cell: Cell) -> str:
    """The cell as the string of the paper, the sources of each node in order."""
    names = iter(cell)
    return "+".join(
        "".join(f"|{OPERATIONS[next(names)]}~{source}" for source in range(node)) + "|"
        for node in range(1, _NODES + 1)
    )


def _parse_arch(text: object) -> Cell:
    if not isinstance(text, str):
        raise InvalidSpellingError("arch", f"{quoted(text)} is not a string", _FORM)
    if not text:
        raise InvalidSpellingError("arch", "the string is empty", _FORM)
    if len(text) > _MAX_CHARACTERS:
        reason = f"{len(text)} characters (at most {_MAX_CHARACTERS})"
        raise InvalidSpellingError("arch", reason, _FORM)
    nodes = text.split("+")
    if len(nodes) != _NODES:
        reason = f"{len(nodes)} nodes after the input instead of {_NODES}"
        raise InvalidSpellingError("arch", reason, _FORM)
    operations: dict[tuple[int, int], int] = {}
    for node, entries in enumerate(nodes, start=1):
        operations |= _parse_node(node, entries)
    return tuple(operations[edge] for edge in EDGES)


def _parse_node(node: int, text: str) -> dict[tuple[int, int], int]:
    if len(text) < 2 or text[0] != "|" or text[-1] != "|":
        reason = f"node {node}, {quoted(text)}, does not stand between bars"
        raise InvalidSpellingError("arch", reason, _FORM)
    entries = text[1:-1].split("|")
    operations: dict[tuple[int, int], int] = {}
    for entry in entries:
        name, tilde, source = entry.partition("~")
        if not tilde:
            reason = f"node {node}: {quoted(entry)} has no source"
            raise InvalidSpellingError("arch", reason, "an edge is written op~source")
        operation = _parse_operation("arch", name)
        if source not in map(str, range(node)):
            known = source in map(str, range(10))
            reason = f"node {node} cannot read {'node ' + source if known else quoted(source)}"
            raise InvalidSpellingError("arch", reason, _sources(node))
        if (int(source), node) in operations:
            raise InvalidSpellingError("arch", f"node {node} reads {source} twice", _sources(node))
        operations[int(source), node] = operation
    if len(entries) != node:
        reason = f"node {node} has {len(entries)} edges instead of {node}"
        raise InvalidSpellingError("arch", reason, _sources(node))
    return operations


def _parse_ops(names: object) -> Cell:
    order = "six names for the edges " + ", ".join(f"{a}-{b}" for a, b in EDGES)
    if not isinstance(names, list | tuple):
        raise InvalidSpellingError("ops", f"{quoted(names)} is not a list", order)
    if len(names) != len(EDGES):
        raise InvalidSpellingError("ops", f"{len(names)} names instead of {len(EDGES)}", order)
    return tuple(_parse_operation(f"ops/{edge}", name) for edge, name in enumerate(names))


def _parse_operation(field: str, name: object) -> int:
    if not isinstance(name, str) or name not in OPERATIONS:
        raise InvalidSpellingError(field, f"{quoted(name)} is not an operation", _LEGAL)
    return OPERATIONS.index(name)


def _sources(node: int) -> str:
    return f"node {node} reads each of {', '.join(map(str, range(node)))} once"
