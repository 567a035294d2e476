"""Cells as graphs, and the network that relates them."""

import pytest
import torch

from service.benches import BENCHES
from service.benches.structure import Vertex
from service.search.graph_network import KINDS, GraphNetwork, dropout, graphs

pytestmark = pytest.mark.usefixtures("_one_thread")

NETWORK = GraphNetwork("test", layers=3, width=32)


def vertices_201(*ops: str) -> list[tuple[str, tuple[int, ...]]]:
    return [tuple(each) for each in BENCHES["nb201"].vertices({"ops": list(ops)})]


def test_an_edge_of_nb201_is_a_vertex_and_skips_and_dead_edges_are_none() -> None:
    conv, one, skip, none, pool = (
        "nor_conv_3x3",
        "nor_conv_1x1",
        "skip_connect",
        "none",
        "avg_pool_3x3",
    )
    assert vertices_201(conv, none, pool, skip, one, none) == [
        ("input", ()),
        ("convolution_3x3", (0,)),
        # The pool from 1 to 2 is dead: nothing reads node 2.
        ("convolution_1x1", (1,)),
        ("output", (0, 2)),
    ]
    assert vertices_201(*[none] * 6) == [("input", ()), ("output", ())]
    assert vertices_201(skip, skip, skip, none, none, skip) == [("input", ()), ("output", (0, 0))]


def test_a_cell_of_nb101_is_its_own_graph_without_dead_vertices() -> None:
    spec = {
        "matrix": [[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]],
        "ops": ["input", "maxpool3x3", "conv1x1-bn-relu", "output"],
    }
    assert [tuple(each) for each in BENCHES["nb101"].vertices(spec)] == [
        ("input", ()),
        ("pool", (0,)),
        ("output", (0, 1)),
    ]


def test_the_global_vertex_reads_all_but_padding_and_adjacency_goes_from_reader_to_source() -> None:
    short = [Vertex("input", ()), Vertex("output", (0, 0))]
    long = [Vertex("input", ()), Vertex("pool", (0,)), Vertex("output", (0, 1))]
    found = graphs([short, long])
    assert found.adjacency.tolist() == [
        [[1, 1, 1, 0], [0, 1, 2, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        [[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]],
    ]
    named = [[[KINDS[place] for place in row.nonzero()] for row in cell] for cell in found.features]
    assert named == [
        [["global"], ["input"], ["output"], []],
        [["global"], ["input"], ["pool"], ["output"]],
    ]


def test_the_classes_of_nb201_are_told_apart() -> None:
    everything = BENCHES["nb201"].everything
    assert everything is not None
    cells = [BENCHES["nb201"].vertices(each.architecture.spec) for each in everything()]
    values = NETWORK.values(graphs(cells))
    assert len(values.unique()) > 5200


def test_neither_the_order_of_the_vertices_nor_padding_changes_an_embedding() -> None:
    cells = [BENCHES["nb101"].vertices(each.spec) for each in BENCHES["nb101"].uniform(8, 3)]
    whole = graphs(cells)
    embedded = NETWORK.embedded(whole)
    assert len(embedded.unique(dim=0)) == len(cells)
    order = torch.tensor([0, *torch.randperm(whole.features.shape[1] - 1).add(1).tolist()])
    moved = type(whole)(whole.adjacency[:, order][:, :, order], whole.features[:, order])
    torch.testing.assert_close(NETWORK.embedded(moved), embedded)
    for cell, expected in zip(cells, embedded, strict=True):
        torch.testing.assert_close(NETWORK.embedded(graphs([cell]))[0], expected)


def test_values_are_the_antisymmetric_half_of_the_relation() -> None:
    cells = graphs([BENCHES["nb201"].vertices(e.spec) for e in BENCHES["nb201"].uniform(6, 0)])
    logits = NETWORK.logits(NETWORK.embedded(cells))
    relation = logits[..., 0] - logits[..., 1]
    assert (relation + relation.T).abs().max() > 1e-3
    values = NETWORK.values(cells)
    torch.testing.assert_close((relation - relation.T) / 2, values[:, None] - values[None])


def test_logits_of_a_pair_are_one_linear_layer_on_both_embeddings() -> None:
    embedded = torch.randn(3, 32)
    layer = torch.nn.Linear(64, 2)
    layer.weight.data = torch.cat([NETWORK.first, NETWORK.second]).T
    layer.bias.data = NETWORK.bias
    for i in range(3):
        for j in range(3):
            expected = layer(torch.cat([embedded[i], embedded[j]]))
            torch.testing.assert_close(NETWORK.logits(embedded)[i, j], expected)


def test_dropout_drops_a_fifth_and_keeps_the_mean_by_its_name_alone() -> None:
    ones = torch.ones(1000, 101)
    first, again, other = dropout("a"), dropout("a"), dropout("b")
    found = first(ones)
    # Five standard errors of 101,000 draws.
    assert (found == 0).float().mean().item() == pytest.approx(0.2, abs=5 * (0.16 / 101e3) ** 0.5)
    assert set(found.unique().tolist()) == {0, 1.25}
    assert torch.equal(found, again(ones))
    assert not torch.equal(found, first(ones))
    assert not torch.equal(found, other(ones))
