"""The structural proxies against every path of a cell written out."""

from collections.abc import Iterator
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.benches import BENCHES, Spec
from service.catalogue import CATALOGUE

NB101, NB201 = BENCHES["nb101"], BENCHES["nb201"]
NO_PATH = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
STRUCTURAL = {proxy.name for proxy in CATALOGUE.values() if proxy.structural}
NEED_A_PATH = {name for name in STRUCTURAL if CATALOGUE[name].needs_input}

Path = list[str]


def structure(bench: str, spec: Spec) -> dict[str, float]:
    found = BENCHES[bench]
    return dict(found.structure(spec, found.skeletons["fast"], 10))


def paths_201(arch: str) -> list[Path]:
    """The operations of each path, `none` and `skip_connect` left out."""
    nodes = [[entry.split("~")[0] for entry in node[1:-1].split("|")] for node in arch.split("+")]

    def walked(node: int) -> Iterator[Path]:
        if node == 0:
            yield []
            return
        for source, operation in enumerate(nodes[node - 1]):
            if operation != "none":
                own = [] if operation == "skip_connect" else [operation]
                yield from (path + own for path in walked(source))

    return list(walked(3))


def paths_101(matrix: list[list[int]], ops: list[str]) -> list[Path]:
    last = len(ops) - 1

    def walked(vertex: int) -> Iterator[Path]:
        if vertex == 0:
            yield []
            return
        own = [] if vertex == last else [ops[vertex]]
        for source in range(vertex):
            if matrix[source][vertex]:
                yield from (path + own for path in walked(source))

    return list(walked(last))


def expected(paths: list[Path]) -> dict[str, float]:
    def pools(path: Path) -> int:
        return sum("pool" in operation for operation in path)

    return {
        "structural_path_length": sum(map(len, paths)) / len(paths),
        "structural_depth_3x3": max(sum("3x3" in o and "conv" in o for o in p) for p in paths),
        "structural_pools_per_path": sum(map(pools, paths)) / len(paths),
    }


def test_every_class_of_nb201() -> None:
    assert NB201.everything is not None
    # A skeleton that is quick to build: the rest does not depend on it.
    tiny = {"channels": 1, "cells": 1, "resolution": 8}
    for reading in NB201.everything():
        found = dict(NB201.structure(reading.asked, tiny, 2))
        arch = str(reading.asked["arch"])
        paths = paths_201(arch)
        if not paths:
            assert arch == NO_PATH
            continue
        del found["structural_synflow"]
        assert found == {
            **expected(paths),
            "structural_pools": arch.count("avg_pool"),
            "structural_identity_paths": paths.count([]),
        }


def test_a_sample_of_nb101() -> None:
    for reading in NB101.sample(200, 5):
        spec = reading.architecture.spec
        found = structure("nb101", spec)
        del found["structural_synflow"]
        matrix, ops = spec["matrix"], spec["ops"]
        assert isinstance(matrix, list)
        assert isinstance(ops, list)
        assert found == {
            **expected(paths_101(matrix, ops)),
            "structural_pools": ops.count("maxpool3x3"),
            "structural_identity_paths": 0,
        }


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(BENCHES)), st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_every_spelling_of_a_class_has_the_same(bench: str, seed: int, random: object) -> None:
    (reading,) = BENCHES[bench].sample(1, seed)
    spellings = BENCHES[bench].spellings(reading.asked)
    other = random.choice(spellings)  # type: ignore[attr-defined]
    assert structure(bench, other) == structure(bench, spellings[0])
    assert structure(bench, reading.asked) == structure(bench, spellings[0])


@pytest.mark.parametrize("bench", BENCHES)
def test_the_catalogue_s_structural_proxies_are_those_of_each_bench(bench: str) -> None:
    found = structure(bench, BENCHES[bench].example)
    assert found.keys() == STRUCTURAL
    assert all(type(value) is float and isfinite(value) for value in found.values())
    for recipe, skeleton in BENCHES[bench].skeletons.items():
        deep = BENCHES[bench].structure(BENCHES[bench].example, skeleton, 1000)
        assert isfinite(deep["structural_synflow"]), recipe


def test_without_a_path_the_counts_are_zero_and_the_rest_is_left_out() -> None:
    assert structure("nb201", {"arch": NO_PATH}) == dict.fromkeys(STRUCTURAL - NEED_A_PATH, 0.0)
    means = {"structural_path_length", "structural_pools_per_path"}
    assert means | {"structural_synflow"} == NEED_A_PATH


def test_a_value_added_twice_is_two_paths() -> None:
    twice = "|skip_connect~0|+|skip_connect~0|none~1|+|none~0|skip_connect~1|skip_connect~2|"
    assert structure("nb201", {"arch": twice})["structural_identity_paths"] == 2
