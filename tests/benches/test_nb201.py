"""NB201: the classes and their counts, the network's closed form, edits, samples and refusals."""

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.benches import BENCHES, InvalidSpellingError
from service.benches.edge_values import (
    CONVOLUTION_1X1,
    CONVOLUTION_3X3,
    EDGES,
    NONE,
    OPERATIONS,
    POOL,
    SKIP,
    Cell,
    canonical_text,
    live,
    value_graph,
)
from service.benches.nb201 import LISTING
from service.benches.nb201_spelling import arch
from service.graph import AveragePool, BatchNorm, Convolution, Linear, ReLU, Zero

from .data import rows

BENCH = BENCHES["nb201"]
NO_PATH = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"

CELLS = LISTING.codes
cells = st.tuples(*[st.integers(0, 4)] * 6)


def paths(cell: Cell) -> list[set[int]]:
    """The edges of every path from input to output, written out by hand."""
    routes = [{3}, {0, 4}, {1, 5}, {0, 2, 5}]
    return [route for route in routes if all(cell[edge] != NONE for edge in route)]


def exchanged(cell: Cell) -> Cell:
    """Nodes 1 and 2 exchanged."""
    a, b, c, d, e, f = cell
    return (b, a, c, d, f, e)


def test_the_official_order() -> None:
    known = [row["arch"] for row in rows("nb201_accuracy.csv.gz")]
    assert [arch(cell) for cell in CELLS] == known


def test_counts_of_classes() -> None:
    alive = {live(cell) for cell in CELLS}
    assert len(CELLS) == 15625
    assert len(alive) == 9445
    once = {min(cell, exchanged(cell)) if cell[2] == NONE else cell for cell in alive}
    assert len(once) == 8765
    assert len({entry.hash for entry in LISTING.classes.values()}) == BENCH.classes == 5260
    without_path = BENCH.read({"arch": NO_PATH}).architecture
    assert without_path.spec == {"arch": NO_PATH}
    assert len(BENCH.spellings(without_path.spec)) == 341


def test_the_hash_is_of_the_canonical_text() -> None:
    # One convolution read twice: by the output through a skip, and by another convolution.
    cell = (CONVOLUTION_3X3, NONE, CONVOLUTION_1X1, NONE, SKIP, POOL)
    text = "a=3(x);b=1(a);a+p(b)"
    assert canonical_text(value_graph(cell)) == text
    expected = sha256(text.encode()).hexdigest()[:32]
    assert BENCH.read({"arch": arch(cell)}).architecture.hash == expected
    assert canonical_text(value_graph((NONE,) * 6)) == "0"


def test_an_operation_is_live_on_a_path_alone() -> None:
    for cell in CELLS:
        on_paths = set().union(*paths(cell))
        expected = tuple(op if edge in on_paths else NONE for edge, op in enumerate(cell))
        assert live(cell) == expected


def test_spellings_partition_the_space_and_start_with_the_representative() -> None:
    index = {cell: place for place, cell in enumerate(CELLS)}
    seen: Counter[Cell] = Counter()
    for entry in set(LISTING.classes.values()):
        seen.update(entry.codes)
        keys = [(sum(op != NONE for op in cell), index[cell]) for cell in entry.codes]
        assert keys[0] == min(keys)
        assert [key[1] for key in keys[1:]] == sorted(key[1] for key in keys[1:])
    assert seen == Counter(CELLS)


def instances(cell: Cell, kind: int) -> int:
    """How many convolutions of a kind lie on a path: dead ones and those on zero lie on none."""
    return sum(cell[edge] == kind for edge in set().union(*paths(cell)))


def test_parameters_in_closed_form() -> None:
    for entry in set(LISTING.classes.values()):
        sizes = {
            73306
            + 28000 * instances(cell, CONVOLUTION_1X1)
            + 243040 * instances(cell, CONVOLUTION_3X3)
            for cell in entry.codes
        }
        representative = {"arch": arch(entry.codes[0])}
        assert sizes == {BENCH.size(representative, BENCH.skeletons["full"], 10).parameters}


def test_further_classes_cost_65_parameters_each() -> None:
    full = BENCH.skeletons["full"]
    ten, hundred = (BENCH.graph(BENCH.example, full, n).parameters for n in (10, 100))
    assert hundred - ten == 5850


def test_the_network_without_a_path() -> None:
    graph = BENCH.graph({"arch": NO_PATH}, BENCH.skeletons["full"], 10)
    assert (graph.parameters, graph.flops) == (73306, 7783040)
    assert not graph.output_depends_on_input
    assert sum(isinstance(operation, Zero) for operation in graph.operations) == 15


def test_the_fast_network() -> None:
    graph = BENCH.graph(BENCH.example, BENCH.skeletons["fast"], 10)
    assert graph.shapes[0] == (3, 16, 16)
    assert {shape for shape in graph.shapes if len(shape) == 3} == {
        (3, 16, 16),
        (8, 16, 16),
        (8, 8, 8),
        (16, 8, 8),
        (16, 4, 4),
        (32, 4, 4),
    }
    assert graph.shapes[-2:] == ((32,), (10,))


@given(cells)
def test_a_network_has_its_live_operations_and_each_slot_once(cell: Cell) -> None:
    spec = {"arch": arch(cell)}
    graph = BENCH.graph(spec, BENCH.skeletons["full"], 10)
    weighty = [o for o in graph.operations if isinstance(o, Convolution | BatchNorm | Linear)]
    slots = [operation.slot for operation in weighty]
    assert len(slots) == len(set(slots))
    read = {source for operation in graph.operations for source in operation.sources}
    assert read == set(range(len(graph.operations) - 1))
    edges = {slot.split(".")[2] for slot in slots if slot.startswith("stage0.cell0.")}
    alive = {edge for edge, op in enumerate(live(cell)) if op in (CONVOLUTION_1X1, CONVOLUTION_3X3)}
    assert edges == {f"edge{EDGES[edge][0]}-{EDGES[edge][1]}" for edge in alive}
    convolutions = sum(isinstance(operation, Convolution) for operation in graph.operations)
    # All but the stem and two shortcuts are preceded by a ReLU of their own; one comes last.
    assert sum(isinstance(o, ReLU) for o in graph.operations) == convolutions - 3 + 1


def test_equal_pools_are_one_and_their_sum_counts_twice() -> None:
    cell = (SKIP, NONE, NONE, POOL, POOL, NONE)
    values = value_graph(cell)
    assert (len(values.terms), values.output) == (2, (1, 1))
    graph = BENCH.graph({"arch": arch(cell)}, BENCH.skeletons["full"], 10)
    assert sum(isinstance(o, AveragePool) and o.kernel == 3 for o in graph.operations) == 15


@given(cells)
def test_a_cell_and_its_exchange_are_one_class(cell: Cell) -> None:
    if cell[2] == NONE:
        assert LISTING.classes[cell] == LISTING.classes[exchanged(cell)]


@given(cells)
def test_a_child_differs_in_one_edge(cell: Cell) -> None:
    found = set(LISTING.children(cell))
    assert len(found) == 24
    assert all(sum(a != b for a, b in zip(cell, child, strict=True)) == 1 for child in found)


def test_neighbours_are_sorted_without_the_architecture_itself() -> None:
    reading = BENCH.read(BENCH.example)
    found = BENCH.neighbours(reading.architecture.spec)
    hashes = [architecture.hash for architecture in found]
    assert hashes == sorted(set(hashes) - {reading.architecture.hash})
    one_edit = {"arch": str(BENCH.example["arch"]).replace("skip_connect~2", "none~2")}
    assert BENCH.read(one_edit).architecture in found
    assert all(BENCH.read(architecture.spec).architecture == architecture for architecture in found)


def test_samples_are_the_same_for_everyone_and_uniform() -> None:
    drawn = BENCH.sample(20000, 7)
    assert drawn[:50] == BENCH.sample(50, 7) != BENCH.sample(50, 8)
    assert [reading.asked["arch"] for reading in BENCH.sample(2, 0)] == FIRST_OF_SEED_0
    third = Counter(str(reading.asked["arch"]).split("|")[1] for reading in drawn)
    # Five standard deviations of a fifth of 20,000 draws.
    assert all(abs(third[f"{name}~0"] - 4000) < 5 * 56.6 for name in OPERATIONS)


FIRST_OF_SEED_0 = [
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|none~0|skip_connect~1|avg_pool_3x3~2|",
    "|none~0|+|none~0|nor_conv_3x3~1|+|nor_conv_3x3~0|skip_connect~1|nor_conv_3x3~2|",
]


@given(cells, st.permutations(range(3)), st.permutations(range(2)))
def test_one_cell_in_its_three_spellings(cell: Cell, third: list[int], second: list[int]) -> None:
    names = {edge: OPERATIONS[op] for edge, op in zip(EDGES, cell, strict=True)}
    orders = {1: [0], 2: second, 3: third}
    text = "+".join(
        "|" + "|".join(f"{names[source, node]}~{source}" for source in sources) + "|"
        for node, sources in orders.items()
    )
    readings = [
        BENCH.read(spelling)
        for spelling in ({"arch": text}, {"arch": arch(cell)}, {"ops": list(names.values())})
    ]
    assert readings[0] == readings[1] == readings[2]
    assert readings[0].asked == {"arch": arch(cell)}


GOOD = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
SIX = ["none"] * 6


@pytest.mark.parametrize(
    ("spelling", "field", "reason"),
    [
        ({}, "arch", "neither arch nor ops given"),
        ({"arch": GOOD, "ops": SIX}, "arch", "both arch and ops given"),
        ({"arch": GOOD, "seed": 1}, "seed", "unknown field"),
        ({"arch": GOOD, "x" * 99: 1}, "'" + "x" * 40 + "'... (99 characters)", "unknown field"),
        ({"arch": GOOD, "\ud800": 1}, "'\\ud800'", "unknown field"),
        ({"arch": None}, "arch", "null is not a string"),
        ({"arch": 10**5000}, "arch", "a large integer is not a string"),
        ({"arch": True}, "arch", "true is not a string"),
        ({"arch": 1.5}, "arch", "1.5 is not a string"),
        ({"arch": float("nan")}, "arch", "a number that is not finite is not a string"),
        ({"arch": {}}, "arch", "an object is not a string"),
        ({"arch": [GOOD]}, "arch", "a list of 1 is not a string"),
        ({"arch": {1}}, "arch", "a value of type set is not a string"),
        ({"arch": ""}, "arch", "the string is empty"),
        ({"arch": "|" * 10**6}, "arch", "1000000 characters (at most 256)"),
        ({"arch": "none"}, "arch", "1 nodes after the input instead of 3"),
        ({"arch": GOOD + "+|none~0|"}, "arch", "4 nodes after the input instead of 3"),
        ({"arch": GOOD[1:]}, "arch", "node 1, 'none~0|', does not stand between bars"),
        ({"arch": GOOD + " "}, "arch", "node 3, '|none~0|none~1|none~2| ', does not stand"),
        ({"arch": "||+" + GOOD[9:]}, "arch", "node 1: '' has no source"),
        ({"arch": GOOD.replace("none~2", "none")}, "arch", "node 3: 'none' has no source"),
        ({"arch": GOOD.replace("none~2", "None~2")}, "arch", "'None' is not an operation"),
        ({"arch": GOOD.replace("none~2", "none~3")}, "arch", "node 3 cannot read node 3"),
        ({"arch": GOOD.replace("none~2", "none~-1")}, "arch", "node 3 cannot read '-1'"),
        ({"arch": GOOD.replace("none~2", "none~²")}, "arch", "node 3 cannot read '\\xb2'"),
        ({"arch": GOOD.replace("none~2", "none~1")}, "arch", "node 3 reads 1 twice"),
        ({"arch": GOOD.replace("|none~2", "")}, "arch", "node 3 has 2 edges instead of 3"),
        ({"ops": "none"}, "ops", "'none' is not a list"),
        ({"ops": SIX[:5]}, "ops", "5 names instead of 6"),
        ({"ops": [*SIX[:4], 0, "none"]}, "ops/4", "0 is not an operation"),
        ({"ops": [*SIX[:5], ["none"]]}, "ops/5", "a list of 1 is not an operation"),
        ({"ops": ["x" * 10**6, *SIX[:5]]}, "ops/0", "... (1000000 characters) is not an op"),
    ],
)
def test_each_fault_is_named(spelling: dict[str, object], field: str, reason: str) -> None:
    with pytest.raises(InvalidSpellingError) as refusal:
        BENCH.read(spelling)
    assert refusal.value.field == field
    assert reason in refusal.value.reason
    assert refusal.value.valid
    assert len(str(refusal.value)) < 400


def test_a_seed_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="a seed is at least 0"):
        BENCH.sample(1, -1)


def test_whole_spellings_have_no_operation_off_every_path() -> None:
    whole = 0
    for cell in CELLS:
        used = {edge for edge in range(6) if cell[edge] != NONE}
        expected = used == set().union(*paths(cell))
        assert BENCH.whole({"arch": arch(cell)}) == expected
        whole += expected
    assert whole == 9445


def test_other_tools_score_the_whole_spellings() -> None:
    for row in rows("nb201_suitezero_proxies.csv.gz"):
        assert BENCH.whole({"arch": row["arch"]}) == (row["c10_nwot"] != "")
