"""TransNAS-Bench-101's macro space: its spellings, networks, edits and refusals."""

import pytest

from service.benches import BENCHES, InvalidSpellingError, Spec
from service.benches.transnas_macro import LISTING
from service.graph import Add, Convolution

from .data import rows

BENCH = BENCHES["transnas_macro"]
TABLE = "transnas_macro.csv.gz"


def test_every_spelling_is_an_architecture() -> None:
    assert BENCH.everything is not None
    assert len(BENCH.everything()) == len(LISTING.codes) == BENCH.classes == 3_256
    assert [sum(len(c) == n for c in LISTING.codes) for n in (4, 5, 6)] == [210, 750, 2_296]


def test_they_are_those_of_the_published_table() -> None:
    table = rows(TABLE)
    assert {row["arch"] for row in table} == {LISTING.spelled(c) for c in LISTING.codes}
    best = max(table, key=lambda row: float(row["jigsaw_val"]))
    assert float(best["jigsaw_val"]) == pytest.approx(97.0193, abs=5e-5)


def test_a_module_is_two_residual_blocks() -> None:
    graph = BENCH.graph({"arch": "64-1234-basic"}, {"channels": 8, "resolution": 64}, 5)
    convolutions = [
        (each.channels, each.kernel, each.stride)
        for each in graph.operations
        if isinstance(each, Convolution)
    ]
    assert convolutions == [
        *((4, 3, 2), (8, 3, 2)),
        *[(8, 3, 1)] * 4,
        *((16, 3, 1), (16, 3, 1), (16, 1, 1), (16, 3, 1), (16, 3, 1)),
        *((16, 3, 2), (16, 3, 1), (16, 1, 2), (16, 3, 1), (16, 3, 1)),
        *((32, 3, 2), (32, 3, 1), (32, 1, 2), (32, 3, 1), (32, 3, 1)),
    ]
    assert sum(isinstance(each, Add) for each in graph.operations) == 8
    assert len(graph.blocks) == 9
    assert graph.shapes[-3] == (32, 4, 4)
    assert graph.output_is_centred


def test_a_module_may_be_changed_put_in_and_taken_out() -> None:
    found = {str(each.spec["arch"]) for each in BENCH.neighbours({"arch": "64-11114-basic"})}
    assert "64-1114-basic" in found
    assert "64-111144-basic" in found
    assert "64-21114-basic" in found
    # Nothing would halve the resolution any more.
    assert "64-11112-basic" not in found
    assert "64-1111-basic" not in found


def test_modules_are_a_chain() -> None:
    assert [tuple(each) for each in BENCH.vertices({"arch": "64-1432-basic"})] == [
        ("input", ()),
        ("module", (0,)),
        ("module_wider_smaller", (1,)),
        ("module_smaller", (2,)),
        ("module_wider", (3,)),
        ("output", (4,)),
    ]
    found = BENCH.structure({"arch": "64-1432-basic"}, BENCH.skeletons["fast"], 10)
    assert found["structural_path_length"] == 4
    assert found["structural_depth_3x3"] == 16


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"arch": "64-123-basic"}, "arch"),
        ({"arch": "64-1234123-basic"}, "arch"),
        ({"arch": "64-1235-basic"}, "arch"),
        ({"arch": "64-1204-basic"}, "arch"),
        ({"arch": "64-1111-basic"}, "arch"),
        ({"arch": "64-4444-basic"}, "arch"),
        ({"arch": "64-333334-basic"}, "arch"),
        ({"arch": "32-1234-basic"}, "arch"),
        ({"arch": "64-1234"}, "arch"),
        ({"arch": "64-41414-3_32_132"}, "arch"),
        ({"ops": ["wider_smaller"] * 3}, "ops"),
        ({"ops": ["normal"] * 4}, "ops"),
        ({"ops": ["smaller", "wider", "normal", "same"]}, "ops/3"),
    ],
)
def test_a_bad_spelling_is_named(spec: Spec, field: str) -> None:
    with pytest.raises(InvalidSpellingError) as raised:
        BENCH.read(spec)
    assert raised.value.field == field
