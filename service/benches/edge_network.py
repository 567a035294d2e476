"""A cell of four nodes and six edges as operations of a graph."""

from collections.abc import Callable

from service.benches.edge_values import CONVOLUTION_3X3, EDGES, Term, Value, ValueGraph
from service.graph import Builder


def build(
    builder: Builder, source: int, cell: ValueGraph, layer: Callable[[Term, int], int]
) -> int:
    """Appends a cell that has a path, and returns its output.

    `layer` appends what a term is, reading a value. A node that several operations read is one sum.
    """
    values = [source]
    totals: dict[Value, int] = {}

    def total(terms: Value) -> int:
        if terms not in totals:
            totals[terms] = builder.total([values[term] for term in terms])
        return totals[terms]

    for term in cell.terms[1:]:
        value = total(term.source)
        values.append(layer(term, value))
    return total(cell.output)


def slot(cell: str, term: Term) -> str:
    """The edge that a term stands on in a cell."""
    start, end = EDGES[term.edge]
    return f"{cell}.edge{start}-{end}"


def kernel(term: Term) -> int:
    """Of a convolution."""
    return 3 if term.operation == CONVOLUTION_3X3 else 1
