"""What a sweep is said to take, against what torch's profiler counts."""

from collections.abc import Iterator

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from service.benches import BENCHES
from service.engine import initial_weights
from service.engine.memory import bound_bytes, peak_bytes
from service.engine.sweep import SWEPT, sweep
from service.graph import Graph
from service.protocol import RECIPES

from .small_graphs import GRAPHS
from .sweeping import SMALL

PASSES = {
    "all": SWEPT,
    "without_grasp": SWEPT - {"curvature"},
    "nwot": frozenset({"patterns"}),
    "zico": frozenset({"halves"}),
    "swap": frozenset({"columns"}),
    "jacob_cov": frozenset({"jacobian"}),
    "synflow": frozenset({"synflow"}),
    "blocks": frozenset({"blocks"}),
    "zen": frozenset({"perturbation"}),
}
UNDER, OVER = 0.90, 1.10
"""An estimate too low lets a worker die, one too high refuses what would fit."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _counted(graph: Graph, images: int, passes: frozenset[str], dtype: torch.dtype) -> int:
    """The most bytes held at once, what the sweep is given included."""
    weights = initial_weights(graph, 0)
    minibatch = torch.rand(images, *graph.shapes[0], dtype=dtype)
    labels = torch.arange(images) % graph.shapes[-1][0]
    # Once before, on few images: what is made at the first time is kept.
    sweep(graph, weights, minibatch[:4], labels[:4], passes, 0)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        sweep(graph, weights, minibatch, labels, passes, 0)
    assert profiled.profiler is not None
    events = profiled.profiler.kineto_results.events()
    changes = sorted(
        (event.start_ns(), order, event.nbytes())
        for order, event in enumerate(events)
        if event.name() == "[memory]"
    )
    assert changes, "torch counted nothing"
    held = peak = 0
    for _, _, change in changes:
        held += change
        peak = max(peak, held)
    return peak + minibatch.nbytes + sum(array.nbytes for array in weights.values())


def _sampled(recipe: str, bench: str, number: int) -> Graph:
    asked = BENCHES[bench]
    spec = asked.sample(number + 1, 5)[number].architecture.spec
    return asked.graph(spec, asked.skeletons[recipe], 10)


def _assert_known(
    graph: Graph, images: int, passes: frozenset[str], dtype: torch.dtype = torch.float32
) -> None:
    counted = _counted(graph, images, passes, dtype)
    estimated = peak_bytes(graph, images, passes, dtype.itemsize)
    # Weights that a pass draws are numpy's, which torch does not count.
    uncounted = 4 * graph.parameters if passes == PASSES["zen"] else 0
    assert UNDER * counted <= estimated <= OVER * counted + uncounted
    assert max(counted, estimated) <= bound_bytes(graph, images, dtype.itemsize)


SAMPLED = [
    (bench, number, asked)
    for bench in BENCHES
    for number in range(6 if bench in ("nb101", "nb201") else 2)
    for asked in PASSES
    if asked == "all" or number < 2
]
"""All passes together on more networks than each of them alone."""


@pytest.mark.parametrize(("bench", "number", "asked"), SAMPLED)
def test_the_peak_of_a_sweep_is_known_before_it_runs(bench: str, number: int, asked: str) -> None:
    graph = _sampled("fast", bench, number)
    _assert_known(graph, RECIPES["fast"].batch_size, PASSES[asked])


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
def test_the_peak_of_a_large_network_is_known(bench: str) -> None:
    # Of the smaller of the full ones: the machine may be a small one too.
    graphs = [_sampled("full", bench, number) for number in range(5)]
    graph = min(graphs, key=lambda each: bound_bytes(each, 64))
    _assert_known(graph, RECIPES["full"].batch_size, SWEPT)


@pytest.mark.parametrize("name", [*GRAPHS, "two_degrees", "uneven_concat"])
def test_every_operation_is_counted(name: str) -> None:
    """On so many images that vectors of channels are trifles; without patterns, whose matrices are
    not."""
    _assert_known(SMALL[name], 128, SWEPT - {"patterns"})


def test_float64_is_counted() -> None:
    _assert_known(_sampled("fast", "nb201", 0), 32, SWEPT - {"synflow"}, torch.float64)
