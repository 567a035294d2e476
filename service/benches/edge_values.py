"""The value graph of a cell of four nodes with operations on its edges: which values are computed,
whatever the spelling.

`none` is zero and vanishes; an operation on zero is zero; `skip_connect` is its input; a node is
the multiset of what is added into it. A convolution is an instance: two convolutions of one value
are two, one convolution read twice is one. A pool has no weights: two pools of one value are one.
Where a skip has weights, since it stands where maps and channels change, it is a reduction, and an
instance too.
"""

from collections import defaultdict
from itertools import permutations, product
from typing import NamedTuple

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE, SKIP, CONVOLUTION_1X1, CONVOLUTION_3X3, POOL = range(5)
"""Those of NB201 by their names; TransNAS-Bench has all but the last."""
REDUCTION = 5
"""No operation that is spelt, but what a skip is in some cells."""

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The edges (from, to) in the order of the spelling; node 0 is the input, node 3 the output."""

Cell = tuple[int, ...]
"""The six operations, by their number, in the order of EDGES."""

Value = tuple[int, ...]
"""A sum of terms by their index, sorted; a term may occur twice; the empty sum is zero."""

_SYMBOLS = {CONVOLUTION_1X1: "1", CONVOLUTION_3X3: "3", POOL: "p", REDUCTION: "s"}


class Term(NamedTuple):
    """An operation of the value graph: what it is, what it reads, the edge that it stands on."""

    operation: int
    source: Value
    edge: int


class ValueGraph(NamedTuple):
    """Terms in topological order, the first being the cell's input, and the output's value."""

    terms: tuple[Term, ...]
    output: Value


def live(cell: Cell) -> Cell:
    """The cell with `none` on every edge that lies on no path from input to output."""
    fed, read = {0}, {3}
    for operation, (source, node) in zip(cell, EDGES, strict=True):
        if operation != NONE and source in fed:
            fed.add(node)
    for operation, (source, node) in zip(reversed(cell), reversed(EDGES), strict=True):
        if operation != NONE and node in read:
            read.add(source)
    return tuple(
        operation if source in fed and node in read else NONE
        for operation, (source, node) in zip(cell, EDGES, strict=True)
    )


def value_graph(cell: Cell) -> ValueGraph:
    """The value graph of a cell; dead operations are left out."""
    terms = [Term(SKIP, (), -1)]
    pools: dict[Value, int] = {}
    nodes: list[Value] = [(0,), (), (), ()]
    for edge, operation in enumerate(live(cell)):
        if operation == NONE:
            continue
        source, node = EDGES[edge]
        value = nodes[source]
        if operation == SKIP:
            added = value
        elif operation == POOL and value in pools:
            added = (pools[value],)
        else:
            added = (len(terms),)
            if operation == POOL:
                pools[value] = len(terms)
            terms.append(Term(operation, value, edge))
        nodes[node] = tuple(sorted(nodes[node] + added))
    return ValueGraph(tuple(terms), nodes[3])


def canonical_text(graph: ValueGraph) -> str:
    """The text that isomorphic value graphs share and others do not: `a=3(x);b=1(a+x);a+b`.

    x is the cell's input, a letter a convolution, p a pool. Convolutions are named in the order of
    the trees that they are the roots of; where trees are alike, the order that gives the smallest
    text wins.
    """
    if not graph.output:
        return "0"
    trees = ["x"]
    alike: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for index, (operation, source, _) in enumerate(graph.terms[1:], start=1):
        trees.append(f"{_SYMBOLS[operation]}({'+'.join(sorted(trees[i] for i in source))})")
        if operation != POOL:
            # A tree is longer than any tree within it, so that names go from input to output.
            alike[len(trees[index]), trees[index]].append(index)
    groups = [permutations(alike[tree]) for tree in sorted(alike)]
    return min(_text(graph, [i for group in order for i in group]) for order in product(*groups))


def _text(graph: ValueGraph, convolutions: list[int]) -> str:
    names = ["x"] * len(graph.terms)
    for letter, index in zip("abcdef", convolutions, strict=False):
        names[index] = letter
    for index, (operation, source, _) in enumerate(graph.terms):
        if operation == POOL:
            names[index] = f"p({'+'.join(sorted(names[i] for i in source))})"
    lines = []
    for index in convolutions:
        operation, source, _ = graph.terms[index]
        total = "+".join(sorted(names[i] for i in source))
        lines.append(f"{names[index]}={_SYMBOLS[operation]}({total})")
    lines.append("+".join(sorted(names[i] for i in graph.output)))
    return ";".join(lines)
