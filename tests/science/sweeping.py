"""Sweeps of small graphs, and what they find."""

from dataclasses import fields
from typing import Any

import torch
from torch import Tensor

from service.benches import BENCHES
from service.engine import Measurements, initial_weights
from service.engine.sweep import SWEPT, sweep
from service.graph import Add, Builder, Concat, Convolution, Graph, MaxPool

from .small_graphs import GRAPHS, dead, graph, linear, minibatch

SEED = 11

OF_ANY_MODULE = SWEPT - {"blocks", "perturbation"}
"""What autograd measures too, of a network whose blocks nobody names."""


def pooled_convolution(b: Builder, x: int) -> int:
    return b.append(MaxPool(b.append(Convolution(x, "a", 6, 3, 1, 1)), 3, 1, 1))


SMALL = {
    **GRAPHS,
    "linear": linear(),
    "dead": dead(),
    # The sum is the only reader of the pool's value, and must not overwrite what it reads again.
    "two_degrees": graph(lambda b, x: b.append(Add((pooled_convolution(b, x), x)))),
    "uneven_concat": graph(lambda b, x: b.append(Concat((x, pooled_convolution(b, x))))),
}


def inputs(graph: Graph, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    images, labels = minibatch(graph)
    return torch.tensor(images, dtype=dtype), torch.tensor(labels)


def swept(
    graph: Graph, passes: frozenset[str] = SWEPT, dtype: torch.dtype = torch.float64
) -> Measurements:
    return sweep(graph, initial_weights(graph, SEED), *inputs(graph, dtype), passes, SEED)


def found_of(measurements: Measurements) -> dict[str, Any]:
    """What was measured, by field."""
    every = {each.name: getattr(measurements, each.name) for each in fields(measurements)}
    return {
        name: value
        for name, value in every.items()
        if value is not None and name not in ("seconds", "unmeasured")
    }


def bits(measurements: Measurements) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, Tensor) else value
        for name, value in found_of(measurements).items()
    }


def bench_graph(bench: str, number: int) -> Graph:
    asked = BENCHES[bench]
    spec = asked.sample(number + 1, 3)[number].architecture.spec
    return asked.graph(spec, asked.skeletons["fast"], 5)
