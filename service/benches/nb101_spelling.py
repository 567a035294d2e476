"""Reads and writes the spellings of NB101: an upper triangular `matrix` and the vertices' `ops`."""

from collections.abc import Mapping

from service.benches.bench import InvalidSpellingError, Spec
from service.benches.nb101_cell import MAX_EDGES, MAX_VERTICES, OPERATIONS, Cell, pruned
from service.benches.quoting import field_name, quoted

FIELDS = ("matrix", "ops")

MAX_RAW_VERTICES = 32
"""As many vertices may be written; those on no path from input to output do not count later."""

_SQUARE = f"a square list of lists for 2 to {MAX_RAW_VERTICES} vertices"
_LIMITS = (
    f"at most {MAX_VERTICES} vertices and {MAX_EDGES} edges"
    " once vertices on no path from input to output are dropped"
)
_LEGAL = f"an operation is one of {', '.join(OPERATIONS)}"


def parse(spelling: Mapping[str, object]) -> Cell:
    """The cell as written, not pruned.

    Raises InvalidSpellingError.
    """
    for key in spelling:
        if key not in FIELDS:
            raise InvalidSpellingError(field_name(key), "unknown field", "give matrix and ops")
    for field in FIELDS:
        if field not in spelling:
            raise InvalidSpellingError(field, "missing", "give matrix and ops")
    edges, vertices = _parse_matrix(spelling["matrix"])
    return Cell(edges, _parse_ops(spelling["ops"], vertices))


def minimal(cell: Cell) -> Cell:
    """The cell pruned.

    Raises InvalidSpellingError where input and output are apart or the limits are passed.
    """
    kept = pruned(cell)
    if kept is None:
        reason = "input is not connected to output"
        raise InvalidSpellingError("matrix", reason, "give a path from input to output")
    if kept.vertices > MAX_VERTICES:
        reason = f"{kept.vertices} vertices (at most {MAX_VERTICES})"
        raise InvalidSpellingError("matrix", reason, _LIMITS)
    if len(kept.edges) > MAX_EDGES:
        reason = f"{len(kept.edges)} edges (at most {MAX_EDGES})"
        raise InvalidSpellingError("matrix", reason, _LIMITS)
    return kept


def spelled(cell: Cell) -> Spec:
    """The cell as matrix and operations; its edges go from smaller to larger numbers."""
    matrix = [[0] * cell.vertices for _ in range(cell.vertices)]
    for x, y in cell.edges:
        matrix[x][y] = 1
    return {"matrix": matrix, "ops": ["input", *(OPERATIONS[i] for i in cell.labels), "output"]}


def _parse_matrix(matrix: object) -> tuple[tuple[tuple[int, int], ...], int]:
    if not isinstance(matrix, list | tuple):
        raise InvalidSpellingError("matrix", f"{quoted(matrix)} is not a list", _SQUARE)
    vertices = len(matrix)
    if vertices < 2:
        reason = f"too few vertices ({vertices}): input and output are two"
        raise InvalidSpellingError("matrix", reason, _SQUARE)
    if vertices > MAX_RAW_VERTICES:
        reason = f"{vertices} rows (at most {MAX_RAW_VERTICES})"
        raise InvalidSpellingError("matrix", reason, _SQUARE)
    edges: list[tuple[int, int]] = []
    for x, row in enumerate(matrix):
        if not isinstance(row, list | tuple):
            raise InvalidSpellingError(f"matrix/{x}", f"{quoted(row)} is not a list", _SQUARE)
        if len(row) != vertices:
            reason = f"{len(row)} entries instead of {vertices}"
            raise InvalidSpellingError(f"matrix/{x}", reason, _SQUARE)
        edges += [(x, y) for y, entry in enumerate(row) if _is_edge(entry, x, y)]
    return tuple(edges), vertices


def _is_edge(entry: object, x: int, y: int) -> bool:
    if not isinstance(entry, bool | int | float) or entry not in (0, 1):
        reason = f"{quoted(entry)} is neither an edge nor none"
        raise InvalidSpellingError(f"matrix/{x}/{y}", reason, "an entry is 0 or 1")
    if entry and x >= y:
        reason = f"an edge from {x} to {y} is not above the diagonal"
        valid = "edges go from a smaller to a larger vertex number"
        raise InvalidSpellingError(f"matrix/{x}/{y}", reason, valid)
    return bool(entry)


def _parse_ops(names: object, vertices: int) -> tuple[int, ...]:
    valid = f"input, then operations ({', '.join(OPERATIONS)}), then output"
    if not isinstance(names, list | tuple):
        raise InvalidSpellingError("ops", f"{quoted(names)} is not a list", valid)
    if len(names) != vertices:
        reason = f"{len(names)} names for {vertices} vertices"
        raise InvalidSpellingError("ops", reason, valid)
    for place, name in ((0, "input"), (vertices - 1, "output")):
        if names[place] != name:
            reason = f"{quoted(names[place])} instead of {name}"
            raise InvalidSpellingError(f"ops/{place}", reason, valid)
    return tuple(_parse_operation(place, names[place]) for place in range(1, vertices - 1))


def _parse_operation(place: int, name: object) -> int:
    if not isinstance(name, str) or name not in OPERATIONS:
        raise InvalidSpellingError(f"ops/{place}", f"{quoted(name)} is not an operation", _LEGAL)
    return OPERATIONS.index(name)
