"""NB101: 20,000 published rows, relabellings, edits, the network around a cell, refusals."""

from itertools import combinations, pairwise, permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.benches import BENCHES, InvalidSpellingError
from service.benches.nb101_cell import Cell, pruned
from service.benches.nb101_skeleton import vertex_widths
from service.graph import BatchNorm, Convolution, Linear

from .data import rows

BENCH = BENCHES["nb101"]
C3, C1, MP = "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"
FULL = BENCH.skeletons["full"]
PARTS = 8

Spelling = dict[str, object]


def spelled(vertices: int, edges: list[tuple[int, int]], *ops: str) -> Spelling:
    matrix = [[int((x, y) in edges) for y in range(vertices)] for x in range(vertices)]
    return {"matrix": matrix, "ops": ["input", *ops, "output"]}


def chain(*ops: str) -> Spelling:
    vertices = len(ops) + 2
    return spelled(vertices, [(x, x + 1) for x in range(vertices - 1)], *ops)


@st.composite
def spellings(draw: st.DrawFn) -> Spelling:
    """A valid spelling: any edges beside a path of its own, dead vertices as they come."""
    vertices = draw(st.integers(2, 7))
    ops = draw(
        st.lists(st.sampled_from([C3, C1, MP]), min_size=vertices - 2, max_size=vertices - 2)
    )
    pairs = list(combinations(range(vertices), 2))
    inner = draw(st.sets(st.integers(1, vertices - 2))) if vertices > 2 else set()
    path = [0, *sorted(inner), vertices - 1]
    edges = set(pairwise(path))
    edges |= draw(st.sets(st.sampled_from(pairs), max_size=9 - len(edges)))
    return spelled(vertices, sorted(edges), *ops)


def relabelled(spelling: Spelling, order: list[int]) -> Spelling:
    matrix, ops = spelling["matrix"], spelling["ops"]
    return {
        "matrix": [[matrix[x][y] for y in order] for x in order],
        "ops": [ops[x] for x in order],
    }


def upper(matrix: list[list[int]]) -> bool:
    return not any(matrix[x][y] for x in range(len(matrix)) for y in range(x + 1))


def numberings(spelling: Spelling) -> list[Spelling]:
    """Every upper triangular numbering, the slow and plain way."""
    last = len(spelling["ops"]) - 1
    every = [relabelled(spelling, [0, *p, last]) for p in permutations(range(1, last))]
    return [one for one in every if upper(one["matrix"])]


def place(spelling: Spelling) -> tuple[int, list[int]]:
    """Where the official enumeration meets a spelling: edge bits, then labels."""
    matrix, ops = spelling["matrix"], spelling["ops"]
    bits = sum(1 << x + y * (y - 1) // 2 for y in range(len(ops)) for x in range(y) if matrix[x][y])
    return bits, [[C3, C1, MP].index(op) for op in ops[1:-1]]


@pytest.mark.parametrize("part", range(PARTS))
def test_the_published_hash_and_parameters_of_every_row(part: int) -> None:
    for number, row in enumerate(rows("nb101_val_accuracy_20000.csv.gz")[part::PARTS]):
        matrix = [[int(entry) for entry in line] for line in row["adjacency"].split("/")]
        architecture = BENCH.read({"matrix": matrix, "ops": row["ops"].split("|")}).architecture
        assert architecture.hash == row["module_hash"]
        published = int(row["trainable_parameters"])
        assert BENCH.size(architecture.spec, FULL, 10).parameters == published
        # Of every row it would be most of the test's time.
        if number % 10 == 0:
            assert BENCH.graph(architecture.spec, FULL, 10).parameters == published


@given(spellings(), st.randoms(use_true_random=False))
def test_any_numbering_is_one_architecture(spelling: Spelling, random: object) -> None:
    reading = BENCH.read(spelling)
    other = random.choice(numberings(spelling))
    assert BENCH.read(other).architecture == reading.architecture
    assert reading.asked == spelling
    assert BENCH.read(reading.architecture.spec).architecture == reading.architecture


@given(spellings())
@settings(max_examples=50)
def test_spellings_are_every_numbering_and_the_first_the_representative(spelling: Spelling) -> None:
    architecture = BENCH.read(spelling).architecture
    expected = numberings(architecture.spec)
    found = BENCH.spellings(architecture.spec)
    assert sorted(map(place, found)) == sorted(place(s) for s in found if s in expected)
    assert all(one in found for one in expected)
    assert found[0] == architecture.spec == min(expected, key=place)
    assert len({str(one) for one in found}) == len(found)


def test_vertices_on_no_path_are_dropped() -> None:
    dead = [(0, 1), (1, 7), (0, 2), (3, 7), (4, 5)]
    reading = BENCH.read(spelled(8, dead, C3, *[MP] * 5))
    assert reading.architecture == BENCH.read(chain(C3)).architecture
    assert len(reading.asked["ops"]) == 8
    assert pruned(Cell(((0, 1), (2, 3)), (0, 0))) is None


@pytest.mark.parametrize("yes", [1, 1.0, True])
@pytest.mark.parametrize("no", [0, 0.0, False])
def test_entries_are_echoed_as_integers(yes: object, no: object) -> None:
    reading = BENCH.read({"matrix": [[no, yes], [no, no]], "ops": ["input", "output"]})
    assert str(reading.asked["matrix"]) == "[[0, 1], [0, 0]]"


def widths(spelling: Spelling, channels: int) -> tuple[int, ...]:
    matrix, ops = spelling["matrix"], spelling["ops"]
    vertices = range(len(ops))
    edges = tuple((x, y) for x in vertices for y in vertices if matrix[x][y])
    return vertex_widths(Cell(edges, (0,) * (len(ops) - 2)), channels)


def test_widths() -> None:
    fan = spelled(5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)], C3, C3, C3)
    assert widths(fan, 128) == (43, 43, 42)
    # Vertex 1 feeds 2 (43 channels) and 4 (42); vertex 4 is cut from it.
    late = spelled(6, [(0, 1), (1, 2), (1, 4), (2, 5), (0, 3), (3, 5), (4, 5)], C3, C3, C3, C3)
    assert widths(late, 128) == (43, 43, 43, 42)
    assert widths(chain(C3, C1, MP), 128) == (128, 128, 128)


def test_the_order_of_the_vertices_changes_the_network_and_the_representative_is_first() -> None:
    fan = [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]
    orders = [(C1, C1, MP), (C1, MP, C1), (MP, C1, C1)]
    written = [spelled(5, fan, *ops) for ops in orders]
    sizes = [BENCH.graph(one, FULL, 10).parameters for one in written]
    assert sizes == [1116567, 1115277, 1114758]
    assert [BENCH.read(one).architecture.spec for one in written] == [written[0]] * 3


def block(source: int, width: int, kernel: int) -> int:
    """The parameters of a convolution and its batch norm."""
    return source * width * kernel**2 + 2 * width


def test_a_network_in_closed_form() -> None:
    skeleton = {"stem": 8, "stacks": 2, "modules": 2, "resolution": 12}
    # conv3x3 and the input meet at the output; the pool reads vertex 1 cut to its own width.
    cell = spelled(4, [(0, 1), (1, 2), (1, 3), (2, 3), (0, 3)], C3, MP)
    network = BENCH.graph(cell, skeleton, 5)

    def module(source: int, width: int) -> int:
        half = width // 2
        return block(source, half, 1) + block(half, half, 3) + block(source, width, 1)

    modules = module(8, 8) + module(8, 8) + module(8, 16) + module(16, 16)
    assert network.parameters == block(3, 8, 3) + modules + 16 * 5 + 5
    assert {shape for shape in network.shapes if len(shape) == 3} == {
        (3, 12, 12),
        (8, 12, 12),
        (4, 12, 12),
        (8, 6, 6),
        (16, 6, 6),
    }
    assert network.shapes[-2:] == ((16,), (5,))


@given(spellings())
def test_every_operation_is_read_and_each_slot_is_once(spelling: Spelling) -> None:
    spec = BENCH.read(spelling).architecture.spec
    network = BENCH.graph(spec, BENCH.skeletons["fast"], 10)
    read = {source for operation in network.operations for source in operation.sources}
    assert read == set(range(len(network.operations) - 1))
    weighty = [o for o in network.operations if isinstance(o, Convolution | BatchNorm | Linear)]
    slots = {operation.slot for operation in weighty}
    assert len(slots) == len(weighty)
    assert {"stem.conv", "stem.bn", "head"} < slots
    for vertex, op in enumerate(spec["ops"]):
        assert (f"stack2.module2.vertex{vertex}.conv" in slots) == (op in (C3, C1))
        projected = f"stack0.module1.vertex{vertex}.projection.conv" in slots
        assert projected == bool(spec["matrix"][0][vertex])
    assert network.output_depends_on_input


@given(spellings())
@settings(max_examples=20)
def test_an_edit_that_drops_no_vertex_can_be_undone(spelling: Spelling) -> None:
    own = BENCH.read(spelling).architecture
    found = BENCH.neighbours(own.spec)
    hashes = [architecture.hash for architecture in found]
    assert hashes == sorted(set(hashes) - {own.hash})
    for other in found:
        assert BENCH.read(other.spec).architecture == other
        if len(other.spec["ops"]) >= len(own.spec["ops"]):
            assert own in BENCH.neighbours(other.spec)


# Vertices 1 and 2 are parallel: either may come to feed the other.
@example(spelled(4, [(0, 1), (0, 2), (1, 3), (2, 3)], C3, C1))
@given(spellings())
@settings(max_examples=20)
def test_neighbours_are_the_edits_of_every_spelling(spelling: Spelling) -> None:
    own = BENCH.read(spelling).architecture
    edits = [edit for one in numberings(own.spec) for edit in plain_edits(one)]
    expected = {}
    for edit in edits:
        try:
            architecture = BENCH.read(edit).architecture
        except InvalidSpellingError:
            continue
        expected[architecture.hash] = architecture
    expected.pop(own.hash, None)
    assert list(BENCH.neighbours(own.spec)) == [expected[key] for key in sorted(expected)]


def plain_edits(spelling: Spelling) -> list[Spelling]:
    ops = spelling["ops"][1:-1]
    n = len(ops) + 2
    edges = {(x, y) for x, y in combinations(range(n), 2) if spelling["matrix"][x][y]}
    found = [
        spelled(n, sorted(edges), *ops[:vertex], op, *ops[vertex + 1 :])
        for vertex in range(len(ops))
        for op in (C3, C1, MP)
    ]
    for x, y in combinations(range(n), 2):
        found.append(spelled(n, sorted(edges ^ {(x, y)}), *ops))
        # The new vertex takes number y and those from y on move up.
        moved = {(a + (a >= y), b + (b >= y)) for a, b in edges} | {(x, y), (y, y + 1)}
        found += [
            spelled(n + 1, sorted(moved), *ops[: y - 1], op, *ops[y - 1 :]) for op in (C3, C1, MP)
        ]
    return found


def test_the_smallest_cell_grows() -> None:
    found = BENCH.neighbours(BENCH.read(chain()).architecture.spec)
    with_input = [(0, 1), (1, 2), (0, 2)]
    grown = [BENCH.read(spelled(3, with_input, op)).architecture for op in (C3, C1, MP)]
    assert sorted(found, key=str) == sorted(grown, key=str)


def test_samples_are_the_same_for_everyone() -> None:
    drawn = BENCH.sample(300, 3)
    assert drawn[:20] == BENCH.sample(20, 3) != BENCH.sample(20, 4)
    assert all(BENCH.read(reading.asked) == reading for reading in drawn)
    assert [reading.architecture.hash for reading in BENCH.sample(2, 0)] == FIRST_OF_SEED_0
    ops = [op for reading in drawn for op in reading.asked["ops"][1:-1]]
    # Five standard deviations of a third of 1,500 draws.
    assert all(abs(ops.count(op) - 500) < 5 * 18.3 for op in (C3, C1, MP))


FIRST_OF_SEED_0 = ["1a23d766bc88a66c08a77daa62511899", "ac9bd0e2514c031187b612db767fb038"]

CHAIN = chain(C3)


def entry(value: object) -> Spelling:
    return {**CHAIN, "matrix": [[0, 1, value], [0, 0, 1], [0, 0, 0]]}


def square(n: int) -> list[list[int]]:
    return [[0] * n for _ in range(n)]


@pytest.mark.parametrize(
    ("spelling", "field", "reason"),
    [
        ({}, "matrix", "missing"),
        ({"matrix": CHAIN["matrix"]}, "ops", "missing"),
        ({**CHAIN, "arch": 1}, "arch", "unknown field"),
        ({**CHAIN, "matrix": None}, "matrix", "null is not a list"),
        ({**CHAIN, "matrix": "[[0]]"}, "matrix", "'[[0]]' is not a list"),
        ({**CHAIN, "matrix": []}, "matrix", "too few vertices (0)"),
        ({**CHAIN, "matrix": [[0]]}, "matrix", "too few vertices (1)"),
        ({**CHAIN, "matrix": square(33)}, "matrix", "33 rows (at most 32)"),
        ({**CHAIN, "matrix": [[0, 1, 0], 7, [0, 0, 0]]}, "matrix/1", "7 is not a list"),
        ({**CHAIN, "matrix": [[0, 1, 0], [0], [0, 0, 0]]}, "matrix/1", "1 entries instead of 3"),
        (entry("1"), "matrix/0/2", "'1' is neither an edge nor none"),
        (entry(2), "matrix/0/2", "2 is neither"),
        (entry(-1), "matrix/0/2", "-1 is neither"),
        (entry(0.5), "matrix/0/2", "0.5 is neither"),
        (entry(float("nan")), "matrix/0/2", "a number that is not finite is neither"),
        (entry(10**5000), "matrix/0/2", "a large integer is neither"),
        (entry(None), "matrix/0/2", "null is neither"),
        (entry([1]), "matrix/0/2", "a list of 1 is neither"),
        ({**CHAIN, "matrix": [[0, 1, 0], [0, 1, 1], [0, 0, 0]]}, "matrix/1/1", "from 1 to 1"),
        ({**CHAIN, "matrix": [[0, 1, 0], [0, 0, 1], [1, 0, 0]]}, "matrix/2/0", "from 2 to 0"),
        ({**CHAIN, "ops": None}, "ops", "null is not a list"),
        ({**CHAIN, "ops": ["input", "output"]}, "ops", "2 names for 3 vertices"),
        ({**CHAIN, "ops": ["INPUT", C3, "output"]}, "ops/0", "'INPUT' instead of input"),
        ({**CHAIN, "ops": ["input", C3, C3]}, "ops/2", f"'{C3}' instead of output"),
        ({**CHAIN, "ops": ["input", "conv3x3", "output"]}, "ops/1", "'conv3x3' is not an op"),
        ({**CHAIN, "ops": ["input", ["x"], "output"]}, "ops/1", "a list of 1 is not an op"),
        (spelled(3, [(0, 1)], C3), "matrix", "input is not connected to output"),
        (chain(*[C3] * 6), "matrix", "8 vertices (at most 7)"),
        (spelled(5, list(combinations(range(5), 2)), *[C3] * 3), "matrix", "10 edges (at most 9)"),
    ],
)
def test_each_fault_is_named(spelling: Spelling, field: str, reason: str) -> None:
    with pytest.raises(InvalidSpellingError) as refusal:
        BENCH.read(spelling)
    assert refusal.value.field == field
    assert reason in refusal.value.reason
    assert refusal.value.valid
    assert len(str(refusal.value)) < 400


matrices = st.lists(st.lists(st.sampled_from([0, 1, 2, None, "1", True]), max_size=4), max_size=4)


@given(
    st.dictionaries(
        st.sampled_from(["matrix", "ops", "arch"]),
        matrices | st.lists(st.sampled_from(["input", C3, "output", "none"]), max_size=4),
    )
)
def test_any_json_is_read_or_refused(spelling: Spelling) -> None:
    try:
        reading = BENCH.read(spelling)
    except InvalidSpellingError:
        return
    assert BENCH.read(reading.asked) == reading


def test_whole_spellings_lose_nothing_by_pruning() -> None:
    matrix = [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    ops = ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]
    assert not BENCH.whole({"matrix": matrix, "ops": ops})
    matrix[2][3] = 1
    assert BENCH.whole({"matrix": matrix, "ops": ops})
    for reading in BENCH.sample(200, 8):
        size = len(reading.architecture.spec["ops"])
        assert BENCH.whole(reading.architecture.spec)
        # Of equally many vertices none was dropped, and edges go with their vertices.
        assert BENCH.whole(reading.asked) == (size == len(reading.asked["ops"]))
