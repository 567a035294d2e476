"""TransNAS-Bench-101's cells: classes, what the published table says, networks, refusals."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.benches import BENCHES, InvalidSpellingError, Spec
from service.benches.edge_values import canonical_text, live
from service.benches.transnas_micro import OPERATIONS, parse, spelled, values
from service.graph import Concat, Convolution, Shift

from .data import rows

BENCH = BENCHES["transnas_micro"]
TABLE = "transnas_micro.csv.gz"
NONE, SKIP, ONE, THREE = OPERATIONS

CELLS = tuple(product(range(4), repeat=6))
cells = st.tuples(*[st.integers(0, 3)] * 6)


def disconnected(cell: tuple[int, ...]) -> bool:
    """By the four paths, written out."""
    a, b, c, d, e, f = cell
    return not (d or (a and e) or (b and f) or (a and c and f))


def test_counts_of_classes() -> None:
    assert BENCH.everything is not None
    everything = BENCH.everything()
    assert len(everything) == BENCH.classes == 1_376
    assert len({live(cell) for cell in CELLS}) == 2_128
    nothing = BENCH.spellings({"ops": [NONE] * 6})
    assert len(nothing) == sum(map(disconnected, CELLS)) == 169
    assert nothing[0] == {"arch": "64-41414-0_00_000"}
    sizes = [len(BENCH.spellings(each.architecture.spec)) for each in everything]
    assert sum(sizes) == len(CELLS)


@pytest.mark.parametrize(
    ("arch", "text"),
    [
        # A skip of the input has weights where maps change: two of them are two.
        ("64-41414-1_00_110", "a=s(x);b=s(x);a+b"),
        ("64-41414-1_11_101", "a=s(x);b=s(x);c=s(x);a+b+c"),
        # Any other is what it reads.
        ("64-41414-3_01_001", "a=3(x);a"),
        ("64-41414-2_13_010", "a=1(x);a"),
        ("64-41414-0_30_013", "a=3(x);b=3(a);b"),
        ("64-41414-0_00_003", "0"),
    ],
)
def test_the_canonical_text(arch: str, text: str) -> None:
    assert canonical_text(values(parse({"arch": arch}))) == text


@given(cells)
def test_nodes_that_nothing_tells_apart_may_be_exchanged(cell: tuple[int, ...]) -> None:
    a, b, c, d, e, f = cell
    if c == 0:
        one, other = (BENCH.read({"arch": spelled(each)}) for each in (cell, (b, a, c, d, f, e)))
        assert one.architecture == other.architecture


def test_the_published_table() -> None:
    table = rows(TABLE)
    assert {row["arch"] for row in table} == {spelled(cell) for cell in CELLS}
    best = max(table, key=lambda row: float(row["class_scene_val"]))
    assert (best["arch"], best["class_scene_val"]) == ("64-41414-3_32_132", "54.936306")
    without_path = [row for row in table if disconnected(parse({"arch": row["arch"]}))]
    assert len(without_path) == 169
    assert {float(row["class_scene_val"]) for row in without_path} == {7.4840765}
    assert {float(row["class_object_val"]) for row in without_path} == {26.547571}


def test_unlike_spellings_of_a_class_differ_no_more_than_trainings_of_one_network() -> None:
    """Those with the same live operations are one network whatever else is believed."""
    of_live: dict[tuple[int, ...], list[float]] = {}
    for row in rows(TABLE):
        of_live.setdefault(live(parse({"arch": row["arch"]})), []).append(
            float(row["class_scene_val"])
        )
    again = sorted(max(v) - min(v) for cell, v in of_live.items() if len(v) > 1 and any(cell))
    of_class: dict[str, list[float]] = {}
    for cell, accuracies in of_live.items():
        digest = BENCH.read({"arch": spelled(cell)}).architecture.hash
        of_class.setdefault(digest, []).append(sum(accuracies) / len(accuracies))
    unlike = sorted(max(v) - min(v) for v in of_class.values() if len(v) > 1)
    assert len(unlike) == 313
    assert unlike[len(unlike) // 2] < again[len(again) // 2]
    assert unlike[-1] < again[-1]


def test_a_reducing_skip_halves_its_channels_and_a_normal_one_is_nothing() -> None:
    graph = BENCH.graph(
        {"ops": [NONE, NONE, NONE, SKIP, NONE, NONE]}, {"channels": 8, "resolution": 64}, 5
    )
    convolutions = [
        (each.channels, each.kernel, each.stride)
        for each in graph.operations
        if isinstance(each, Convolution)
    ]
    assert convolutions == [
        *((4, 3, 2), (8, 3, 2)),
        *((8, 1, 2), (8, 1, 2)),
        *((16, 1, 2), (16, 1, 2)),
        *((32, 1, 2), (32, 1, 2)),
    ]
    assert sum(isinstance(each, Shift) for each in graph.operations) == 3
    # Seven of the ten cells are the identity.
    assert len(graph.blocks) == 11
    assert len(set(graph.blocks)) == 4
    assert [graph.shapes[end] for end in sorted(set(graph.blocks))] == [
        (8, 16, 16),
        (16, 8, 8),
        (32, 4, 4),
        (64, 2, 2),
    ]


def test_only_what_the_input_reaches_changes_maps() -> None:
    graph = BENCH.graph(
        {"ops": [THREE, NONE, ONE, NONE, NONE, THREE]}, {"channels": 8, "resolution": 64}, 5
    )
    strides = [each.stride for each in graph.operations if isinstance(each, Convolution)]
    assert strides == [2, 2, *[2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] * 2, *[2, 1, 1, 1, 1, 1]]


def test_a_cell_without_a_path_is_zeros_of_the_right_shape() -> None:
    graph = BENCH.graph({"ops": [NONE] * 6}, BENCH.skeletons["fast"], 10)
    assert not graph.output_depends_on_input
    assert any(isinstance(each, Concat) for each in graph.operations)
    assert graph.shapes[-2] == (8 * 16,)


def test_the_summed_logits_of_a_minibatch_do_not_depend_on_it() -> None:
    """A batch norm has centred all that the head averages: there is no Jacobian to compare."""
    for reading in BENCH.sample(20, 1):
        assert BENCH.graph(reading.asked, BENCH.skeletons["fast"], 10).output_is_centred


def test_skips_are_vertices_where_they_have_weights() -> None:
    spec: Spec = {"ops": [SKIP, THREE, SKIP, NONE, ONE, SKIP]}
    assert BENCH.read(spec).architecture.spec == {"arch": "64-41414-1_01_312"}
    assert [tuple(each) for each in BENCH.vertices(spec)] == [
        ("input", ()),
        ("skip", (0,)),
        ("convolution_3x3", (0,)),
        ("convolution_1x1", (1,)),
        ("output", (2, 1, 3)),
    ]
    found = BENCH.structure(spec, BENCH.skeletons["fast"], 10)
    # Paths: skip and 1x1, skip alone, 3x3 alone.
    assert found["structural_path_length"] == pytest.approx(2 / 3)
    assert found["structural_identity_paths"] == 1
    assert found["structural_depth_3x3"] == 1


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"arch": "64-41414-3_32_13"}, "arch"),
        ({"arch": "64-41414-3_32_134"}, "arch"),
        ({"arch": "64-41414-3_32_13٣"}, "arch"),
        ({"arch": "64-4111-3_32_132"}, "arch"),
        ({"arch": "32-41414-3_32_132"}, "arch"),
        ({"arch": "64-1234-basic"}, "arch"),
        ({"arch": "3_32_132"}, "arch"),
        ({"arch": ["64-41414-3_32_132"]}, "arch"),
        ({"ops": [THREE] * 5}, "ops"),
        ({"ops": [THREE] * 5 + ["avg_pool_3x3"]}, "ops/5"),
    ],
)
def test_a_bad_spelling_is_named(spec: Spec, field: str) -> None:
    with pytest.raises(InvalidSpellingError) as raised:
        BENCH.read(spec)
    assert raised.value.field == field
