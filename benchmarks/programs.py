"""What `benchmarks.engine` times, in the process that times it."""

import gc
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks import stock
from service.benches import BENCHES
from service.engine import build, initial_weights, measure, walks
from service.engine.cross_entropy import loss_cotangent
from service.engine.parameters import parameters_for
from service.engine.plan import plan
from service.engine.rules import Layer, Motion
from service.engine.rules.layout import for_kernels
from service.engine.sweep import sweep
from service.engine.weights import Weights
from service.graph import Graph
from service.minibatch import draw, patches
from service.protocol import RECIPES
from service.workers import environment

FORWARD_BACKWARD = "our forward and backward (FB)"
FORWARD = "our forward alone"
NWOT = "nwot alone"
TO_IMAGES = "jacob_cov alone"
SEVEN = "seven proxies, without grasp"
EIGHT = "eight proxies"
BUILD = "graph and weights"
MODULE = "the graph as a module, autograd: forward and backward"
STOCK = "a stock module: forward and backward"
AUTOGRAD = "eight proxies by autograd"
RELEASED = "seven proxies the released way"

_SEVEN = frozenset({"loss", "fisher", "jacobian", "patterns", "synflow"})
_EIGHT = _SEVEN | {"curvature"}
_ONCE = (AUTOGRAD, RELEASED)
"""Too slow to be repeated."""

Seconds = dict[str, float]


def start(keep_memory: bool) -> None:
    """Makes this process a worker's."""
    environment.make_deterministic()
    if keep_memory:
        environment.keep_freed_memory()


def timed(bench: str, spec: Any, repeats: int, slow: bool) -> Seconds:
    """CPU seconds of each program on one network under `full`: medians, the programs in turn.

    The slow ones are run once, and only if asked for.
    """
    programs = dict(_programs(bench, spec))
    found: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(repeats + 1):
        for name, program in programs.items():
            if name in _ONCE and (number < repeats or not slow):
                continue
            begun = time.process_time()
            program()
            # The first round warms up.
            if number:
                found[name].append(time.process_time() - begun)
    gc.collect()
    return {name: median(seconds) for name, seconds in found.items() if seconds}


def wall(bench: str, spec: Any, repeats: int, threads: int) -> float:
    """The median wall-clock seconds of the eight proxies, with a number of threads."""
    eight = dict(_programs(bench, spec))[EIGHT]
    torch.set_num_threads(threads)
    found = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        eight()
        found.append(time.perf_counter() - begun)
    torch.set_num_threads(1)
    return median(found[1:])


def _programs(bench: str, spec: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    asked = BENCHES[bench]
    skeleton = asked.skeletons["full"]
    dataset = patches()
    minibatch = draw(dataset, RECIPES["full"].batch_size, skeleton["resolution"])
    images, labels = torch.tensor(minibatch.images), torch.tensor(minibatch.labels)

    def built() -> tuple[Graph, Weights]:
        graph = asked.graph(spec, skeleton, len(dataset.classes))
        return graph, initial_weights(graph, seed=0)

    graph, weights = built()

    def swept(passes: frozenset[str]) -> Callable[[], object]:
        return lambda: sweep(graph, weights, images, labels, passes, 0)

    module = build(graph, 0)
    network = stock.Stock(graph)
    yield FORWARD_BACKWARD, lambda: _forward_backward(graph, weights, images, labels)
    yield FORWARD, lambda: _forward(graph, weights, images)
    yield NWOT, swept(frozenset({"patterns"}))
    yield TO_IMAGES, swept(frozenset({"jacobian"}))
    yield SEVEN, swept(_SEVEN)
    yield EIGHT, swept(_EIGHT)
    yield BUILD, built
    yield MODULE, lambda: F.cross_entropy(module(images), labels).backward()
    yield STOCK, lambda: stock.forward_backward(network, images, labels)
    yield AUTOGRAD, lambda: measure(module, images, labels, _EIGHT)
    yield RELEASED, lambda: stock.released(network, images, labels)


def _forward(graph: Graph, weights: Weights, images: Tensor) -> object:
    planned = plan(graph, dead_ends=False, moving=False)
    rules = walks.rules_with(parameters_for(images, weights))
    with torch.no_grad():
        return walks.forward(planned, rules, for_kernels(images), reversing=False)


def _forward_backward(graph: Graph, weights: Weights, images: Tensor, labels: Tensor) -> None:
    """The values and the gradient of every weight, with which nothing is done."""
    planned = plan(graph, dead_ends=False, moving=False)
    rules = walks.rules_with(parameters_for(images, weights))

    def read(index: int, layer: Layer, A: Motion) -> None:
        layer.gradient(A.u)

    with torch.no_grad():
        walked = walks.forward(planned, rules, for_kernels(images))
        A = loss_cotangent(walked.output, labels, moving=False)
        walks.reverse_to_layers(planned, walked.rules, A, read=read)
