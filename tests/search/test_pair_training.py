"""The loss on pairs of cells, and that a network learns an order from it."""

import pytest
import torch

from service.search.graph_network import GraphNetwork, graphs
from service.search.pair_training import learn, pair_loss, standardised
from service.search.space import of_bench
from tests.search.toy import accuracy

pytestmark = pytest.mark.usefixtures("_one_thread")

SPACE = of_bench("nb201")
SOME = (SPACE.everything or ())[:5260:150]
CELLS = graphs([SPACE.bench.vertices(each.spec) for each in SOME])
LABELS = standardised([accuracy(each) for each in SOME])


def test_labels_are_standardised() -> None:
    assert standardised([3.0, 5.0, 7.0]).tolist() == pytest.approx([-(1.5**0.5), 0, 1.5**0.5])
    assert standardised([4.0, 4.0]).tolist() == [0, 0]


def test_the_loss_is_the_mean_divergence_over_ordered_pairs() -> None:
    logits = torch.randn(4, 4, 2, dtype=torch.float64)
    labels = torch.randn(4, dtype=torch.float64)
    total = 0.0
    for i in range(4):
        for j in set(range(4)) - {i}:
            wanted = torch.stack([labels[i], labels[j]]).softmax(0)
            total += (wanted * (wanted.log() - logits[i, j].log_softmax(0))).sum().item()
    assert abs(pair_loss(logits, labels).item() - total / 12) < 1e-12
    perfect = torch.stack([labels[:, None].expand(4, 4), labels[None].expand(4, 4)], -1)
    assert abs(pair_loss(perfect, labels).item()) < 1e-12


def test_the_gradient_of_the_loss_is_that_of_finite_differences() -> None:
    network = GraphNetwork("gradient", layers=3, width=8).double()
    cells = type(CELLS)(CELLS.adjacency[:5].double(), CELLS.features[:5].double())
    labels = LABELS[:5].double()

    def loss() -> torch.Tensor:
        return pair_loss(network.logits(network.embedded(cells)), labels)

    loss().backward()  # type: ignore[no-untyped-call]
    step = 1e-6
    for parameter in network.parameters():
        assert parameter.grad is not None
        for place in range(0, parameter.numel(), 5):
            with torch.no_grad():
                one = parameter.view(-1)[place : place + 1]
                one += step
                above = loss().item()
                one -= 2 * step
                below = loss().item()
                one += step
            gradient = parameter.grad.view(-1)[place].item()
            assert abs((above - below) / (2 * step) - gradient) < 1e-8


def test_an_order_is_learnt_perfectly() -> None:
    network = GraphNetwork("order", layers=4, width=128)
    cells = CELLS.of(slice(0, 8))
    places = standardised(LABELS[:8].argsort().argsort().tolist())
    assert network.values(cells).argsort().tolist() != places.argsort().tolist()
    learn(network, cells, places, 600, "order")
    assert network.values(cells).argsort().tolist() == places.argsort().tolist()


def test_learning_depends_on_its_name_and_on_nothing_else() -> None:
    found = []
    for name in ("a", "a", "b"):
        network = GraphNetwork("again", layers=2, width=16)
        learn(network, CELLS, LABELS, 2, name)
        found.append(network.values(CELLS))
        torch.manual_seed(len(found))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
