"""The bound on a training step's memory, beside what torch keeps for the way back."""

from math import prod

import pytest
import torch

from service.benches import BENCHES
from service.engine import GraphModule, initial_weights
from service.training.memory import FLOAT_BYTES, IMAGE_BYTES, KEPT, STATES, training_bytes
from service.training.recipe import ECONAS
from service.training.run import TESTED_AT_ONCE
from tests.training.toy import linear

BATCH = 64


@pytest.mark.parametrize("bench", BENCHES)
def test_it_covers_all_that_is_kept_and_not_much_more(bench: str) -> None:
    found = BENCHES[bench]
    spec = found.read(found.example).architecture.spec
    graph = found.graph(spec, ECONAS.skeleton(bench), 10)
    module = GraphModule(graph, initial_weights(graph, 0)).train()
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        module(torch.randn(BATCH, *graph.shapes[0]))
    needed = sum(kept.values()) + 2 * FLOAT_BYTES * graph.parameters
    besides = IMAGE_BYTES * TESTED_AT_ONCE + FLOAT_BYTES * (STATES + KEPT) * graph.parameters
    assert needed <= training_bytes(graph, BATCH) <= 3 * needed + besides


def test_a_test_of_few_samples_counts() -> None:
    graph = linear(resolution=32, classes=10)
    image, pooled, _ = map(prod, graph.shapes)
    numbers = image + pooled  # the image is dropped behind its reader
    floats = numbers * TESTED_AT_ONCE + (STATES + KEPT) * graph.parameters
    assert training_bytes(graph, 2) == FLOAT_BYTES * floats + IMAGE_BYTES * TESTED_AT_ONCE
