"""Reads and writes the spellings of NB201: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|` or six names."""

from collections.abc import Mapping

from service.benches.arch_or_ops import operation, read
from service.benches.bench import InvalidSpellingError, Slot
from service.benches.edge_values import EDGES, OPERATIONS, Cell
from service.benches.quoting import quoted

SLOTS = tuple(Slot(f"{source}→{node}", OPERATIONS) for source, node in EDGES)

_FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
_NODES = 3


def parse(spelling: Mapping[str, object]) -> Cell:
    """The cell that a spelling means.

    Raises InvalidSpellingError.
    """
    return read(spelling, SLOTS, _FORM, _parse_arch)


def arch(cell: Cell) -> str:
    """The cell as the string of the paper, the sources of each node in order."""
    chosen = iter(cell)
    return "+".join(
        "".join(f"|{OPERATIONS[next(chosen)]}~{source}" for source in range(node)) + "|"
        for node in range(1, _NODES + 1)
    )


def _parse_arch(text: str) -> Cell:
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
        number = operation("arch", name, OPERATIONS)
        if source not in map(str, range(node)):
            known = source in map(str, range(10))
            reason = f"node {node} cannot read {'node ' + source if known else quoted(source)}"
            raise InvalidSpellingError("arch", reason, _sources(node))
        if (int(source), node) in operations:
            raise InvalidSpellingError("arch", f"node {node} reads {source} twice", _sources(node))
        operations[int(source), node] = number
    if len(entries) != node:
        reason = f"node {node} has {len(entries)} edges instead of {node}"
        raise InvalidSpellingError("arch", reason, _sources(node))
    return operations


def _sources(node: int) -> str:
    return f"node {node} reads each of {', '.join(map(str, range(node)))} once"
