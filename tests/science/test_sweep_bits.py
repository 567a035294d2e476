"""The sweep gives the same bits whatever happens around it, and runs only what it is asked for."""

import gc
import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import Tensor

from service.engine import initial_weights, walks
from service.engine.agreements import Agreements, signs
from service.engine.columns import Columns
from service.engine.cross_entropy import loss_cotangent
from service.engine.halves import inverse_variations
from service.engine.layer_sums import LayerSums
from service.engine.parameters import parameters_for
from service.engine.plan import Step, plan
from service.engine.sweep import SWEPT, sweep
from service.graph import ReLU

from .small_graphs import GRAPHS
from .sweeping import SEED, SMALL, bench_graph, bits, inputs, swept


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", sorted(SWEPT))
def test_each_pass_alone_gives_the_same_bits_and_nothing_else(
    name: str, dtype: torch.dtype
) -> None:
    for each in (GRAPHS["shared"], GRAPHS["unread"], bench_graph("nb201", 0)):
        alone = bits(swept(each, frozenset({name}), dtype))
        together = bits(swept(each, dtype=dtype))
        assert alone.keys() == READS[name]
        assert alone == {field: together[field] for field in alone}


READS = {
    "weights": {"weight_norms"},
    "loss": {"gradient_norms", "saliencies", "absolute_saliencies"},
    "fisher": {"channel_saliencies", "filter_sizes"},
    "curvature": {"curvatures"},
    "jacobian": {"jacobian_gram", "labels"},
    "patterns": {"agreements"},
    "columns": {"distinct_columns"},
    "halves": {"inverse_variations"},
    "synflow": {"synaptic_flows"},
    "blocks": {"block_variances", "block_gains"},
    "perturbation": {"feature_distance", "norm_variances"},
}


def test_any_order_gives_the_same_bits() -> None:
    """All 24 of four: nothing that one network leaves behind reaches another."""
    names = ["concat_and_crop", "average_pool", "max_pools", "strided"]
    alone = {name: bits(swept(GRAPHS[name], dtype=torch.float32)) for name in names}
    for order in permutations(names):
        for name in order:
            assert bits(swept(GRAPHS[name], dtype=torch.float32)) == alone[name]


PRINT = """
import torch
torch.set_num_threads(1)
from tests.science.small_graphs import GRAPHS
from tests.science.sweeping import bits, swept
print(repr(bits(swept(GRAPHS["max_pools"], dtype=torch.float32))))
"""


def test_a_fresh_process_gives_the_same_bits() -> None:
    for name in ("chain", "strided"):
        swept(GRAPHS[name])
    printed = subprocess.run(
        [sys.executable, "-c", PRINT], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == repr(bits(swept(GRAPHS["max_pools"], dtype=torch.float32)))


def test_nothing_stays_behind() -> None:
    graph = GRAPHS["residual"]
    weights, (images, labels) = initial_weights(graph, SEED), inputs(graph, torch.float32)
    before = {name: array.copy() for name, array in weights.items()}
    seen = images.clone()
    sweep(graph, weights, images, labels, SWEPT, SEED)
    tensors = _tensors()
    sweep(graph, weights, images, labels, SWEPT, SEED)
    assert _tensors() == tensors
    assert torch.equal(images, seen)
    assert all(np.array_equal(weights[name], before[name]) for name in weights)


def test_nothing_reads_what_nobody_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every allocation full of NaN first, the same bits."""
    before = [bits(swept(each, dtype=torch.float32)) for each in SMALL.values()]
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    torch.set_deterministic_debug_mode("error")
    try:
        filled = [bits(swept(each, dtype=torch.float32)) for each in SMALL.values()]
    finally:
        torch.set_deterministic_debug_mode("default")
    assert filled == before


def _tensors() -> int:
    gc.collect()
    return sum(issubclass(type(each), Tensor) for each in gc.get_objects())


def test_only_the_walks_that_are_asked_for_are_walked() -> None:
    graph = GRAPHS["residual"]
    assert swept(graph, frozenset({"patterns"})).seconds.keys() == {"forward"}
    assert swept(graph, frozenset({"weights", "synflow"})).seconds.keys() == {"weights", "synflow"}
    assert swept(graph, frozenset({"blocks"})).seconds.keys() == {"blocks"}
    assert swept(graph).seconds.keys() == {
        *("weights", "forward", "jacobian", "loss", "halves", "synflow", "blocks", "perturbation")
    }


@pytest.mark.parametrize("name", SMALL)
def test_nothing_in_the_walks_waits_for_the_device(name: str) -> None:
    """On a device without numbers: whoever wanted to see one would fail."""
    asked = SMALL[name]
    images, labels = (each.to("meta") for each in inputs(asked, torch.float32))
    planned = plan(asked, dead_ends=True, moving=True)
    rules = walks.rules_with(parameters_for(images, initial_weights(asked, SEED)))
    agreements, columns = Agreements(len(images), images.device), Columns()
    sums = LayerSums(SWEPT)

    def compare(step: Step, value: Tensor) -> None:
        if isinstance(step.operation, ReLU):
            active = signs(value)
            agreements.add(active, step.copies)
            columns.add(active)

    with torch.no_grad():
        walked = walks.forward(planned, rules, images, moving=True, read=compare)
        B = torch.ones_like(walked.output.u)
        walks.reverse_to_images(planned, dict(walked.rules), B)
        A = loss_cotangent(walked.output, labels, moving=True)
        walks.reverse_to_layers(planned, walked.rules, A, moving=True, read=sums.read)
        inverse_variations(plan(asked, dead_ends=False, moving=False), rules, images, labels)
    assert walked.rules == {}
