"""From a graph to weights, to what the proxies' formulas read; and to a torch module."""

from service.engine.autograd import measure
from service.engine.measurements import PASSES, Measurements
from service.engine.module import GraphModule, build
from service.engine.scripts import scripts_refused
from service.engine.sweep import sweep
from service.engine.unchanged import generators, random_states_kept, seed_random_numbers, unchanged
from service.engine.weights import Weights, initial_weights

__all__ = [
    "PASSES",
    "GraphModule",
    "Measurements",
    "Weights",
    "build",
    "generators",
    "initial_weights",
    "measure",
    "random_states_kept",
    "scripts_refused",
    "seed_random_numbers",
    "sweep",
    "unchanged",
]
