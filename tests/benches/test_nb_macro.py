"""NB-Macro: its classes, the published sizes, edits and refusals."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.benches import BENCHES, InvalidSpellingError, Spec
from service.graph import Add, Convolution

from .data import rows

BENCH = BENCHES["nb_macro"]
TABLE = "nas_bench_macro_cifar10.csv.gz"

ARCHS = ["".join(each) for each in product("012", repeat=8)]
archs = st.text("012", min_size=8, max_size=8)


def real_arch(arch: str) -> str:
    """As the official code writes a network: in a stage, identities behind its first layer go to
    its end."""
    stages = [arch[:2], arch[2:5], arch[5:]]
    return "".join(s[0] + s[1:].replace("0", "").ljust(len(s) - 1, "0") for s in stages)


def test_a_class_is_what_the_official_code_trains_once() -> None:
    assert BENCH.everything is not None
    everything = BENCH.everything()
    assert len(everything) == BENCH.classes == len(set(map(real_arch, ARCHS))) == 3_969
    found: dict[str, str] = {}
    for arch in ARCHS:
        reading = BENCH.read({"arch": arch})
        assert reading.asked == {"arch": arch}
        assert reading.architecture.spec == {"arch": real_arch(arch)}
        found[real_arch(arch)] = reading.architecture.hash
    assert len(set(found.values())) == 3_969
    sizes = Counter(len(BENCH.spellings(each.architecture.spec)) for each in everything)
    assert sizes == {1: 2_025, 2: 1_620, 4: 324}


def test_the_published_sizes_and_accuracies_are_those_of_classes() -> None:
    accuracies: dict[str, set[tuple[str, ...]]] = {}
    table = rows(TABLE)
    assert [row["arch"] for row in table] == ARCHS
    for row in table:
        spec: Spec = {"arch": row["arch"]}
        size = BENCH.size(spec, BENCH.skeletons["full"], 10)
        assert size == (int(row["params"]), int(row["flops"]))
        runs = tuple(row[f"acc_run{run}"] for run in (1, 2, 3))
        accuracies.setdefault(real_arch(row["arch"]), set()).add(runs)
    assert all(len(each) == 1 for each in accuracies.values())
    best = max(table, key=lambda row: float(row["mean_acc"]))
    assert (real_arch(best["arch"]), best["mean_acc"]) == ("22212220", "93.1267")


@pytest.mark.parametrize("arch", ["00000000", "22212220", "10201200"])
def test_the_network_has_the_size_that_is_told(arch: str) -> None:
    graph = BENCH.graph({"arch": arch}, BENCH.skeletons["full"], 10)
    assert BENCH.size({"arch": arch}, BENCH.skeletons["full"], 10) == (
        graph.parameters,
        graph.flops,
    )
    assert BENCH.size({"arch": "00000000"}, BENCH.skeletons["full"], 10) == (387_882, 7_713_280)


def test_blocks_expand_convolve_by_channel_and_add_what_they_read() -> None:
    graph = BENCH.graph({"arch": "12000000"}, BENCH.skeletons["full"], 10)
    convolutions = [
        (each.channels, each.kernel, each.stride, each.groups)
        for each in graph.operations
        if isinstance(each, Convolution)
    ]
    assert convolutions == [
        (32, 3, 1, 1),
        # Three times 32 channels, with stride 2 and no sum.
        *((96, 1, 1, 1), (96, 3, 2, 96), (64, 1, 1, 1)),
        # Six times 64.
        *((384, 1, 1, 1), (384, 5, 1, 384), (64, 1, 1, 1)),
        *((128, 1, 2, 1), (256, 1, 2, 1), (1280, 1, 1, 1)),
    ]
    assert sum(isinstance(each, Add) for each in graph.operations) == 1
    assert len(graph.blocks) == 1 + 4


@given(archs)
def test_an_edit_changes_a_layer(arch: str) -> None:
    own = BENCH.read({"arch": arch}).architecture
    found = BENCH.neighbours(own.spec)
    changed = ("1" if arch[3] != "1" else "2").join((arch[:3], arch[4:]))
    assert BENCH.read({"arch": changed}).architecture in [own, *found]


def test_an_identity_is_no_operation_but_where_channels_double() -> None:
    kinds = [kind for kind, _ in BENCH.vertices({"arch": "01002000"})]
    assert kinds == [
        *("input", "convolution_1x1", "mbconv_3x3"),
        *("convolution_1x1", "mbconv_5x5", "convolution_1x1", "output"),
    ]
    found = BENCH.structure({"arch": "01002000"}, BENCH.skeletons["fast"], 10)
    assert found["structural_path_length"] == 5
    assert found["structural_depth_3x3"] == 2
    assert found["structural_pools"] == found["structural_identity_paths"] == 0


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"arch": "2221222"}, "arch"),
        ({"arch": "222122200"}, "arch"),
        ({"arch": "22212223"}, "arch"),
        ({"arch": "２2212220"}, "arch"),
        ({"arch": 22212220}, "arch"),
        ({"arch": ""}, "arch"),
        ({}, "arch"),
        ({"ops": ["id"] * 7}, "ops"),
        ({"ops": ["id"] * 7 + ["conv"]}, "ops/7"),
        ({"ops": "id"}, "ops"),
        ({"arch": "22212220", "ops": ["id"] * 8}, "arch"),
        ({"matrix": []}, "matrix"),
    ],
)
def test_a_bad_spelling_is_named(spec: Spec, field: str) -> None:
    with pytest.raises(InvalidSpellingError) as raised:
        BENCH.read(spec)
    assert raised.value.field == field
