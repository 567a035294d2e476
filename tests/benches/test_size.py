"""The size of a network in closed form against the one that its graph counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.benches import BENCHES

RESOLUTIONS = {"nb101": [8, 12, 32]}


@pytest.mark.parametrize("bench", BENCHES)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), classes=st.integers(1, 1_000), data=st.data())
def test_it_is_what_the_graph_counts(
    bench: str, seed: int, classes: int, data: st.DataObject
) -> None:
    (reading,) = BENCHES[bench].sample(1, seed)
    name = data.draw(st.sampled_from(sorted(BENCHES[bench].skeletons)))
    skeleton = {
        **BENCHES[bench].skeletons[name],
        "resolution": data.draw(st.sampled_from(RESOLUTIONS.get(bench, [8, 24, 32]))),
    }
    for depth in ("modules", "cells"):
        if depth in skeleton:
            skeleton[depth] = data.draw(st.integers(1, 3))
    graph = BENCHES[bench].graph(reading.asked, skeleton, classes)
    size = BENCHES[bench].size(reading.asked, skeleton, classes)
    assert size == (graph.parameters, graph.flops)


def test_a_network_without_a_path_has_its_skeleton() -> None:
    bench = BENCHES["nb201"]
    nothing = {"ops": ["none"] * 6}
    graph = bench.graph(nothing, bench.skeletons["full"], 10)
    assert bench.size(nothing, bench.skeletons["full"], 10) == (graph.parameters, graph.flops)
    assert graph.parameters == 73_306
