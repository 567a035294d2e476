"""The expected synaptic flow against autograd on the mean weights, and against measured flows."""

from math import exp, log, sqrt

import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from service.benches import BENCHES
from service.engine import build
from service.engine.synflow import synaptic_flows
from service.graph import Builder, GlobalAveragePool, Graph, Linear, Shift, expected_flow
from service.proxies import evaluate

from .small_graphs import GRAPHS, dead, minibatch


def of_mean_weights(graph: Graph) -> float:
    """By torch, on maps without a border: padding wraps around."""
    network = build(graph, 0, torch.float64)
    layers = [each for each in network.layers if isinstance(each, nn.Conv2d | nn.Linear)]
    for layer in layers:
        fan_in = layer.weight[0].numel()
        for parameter in layer.parameters():
            nn.init.constant_(parameter, 1 / (2 * sqrt(fan_in)))
        if isinstance(layer, nn.Conv2d):
            layer.padding_mode = "circular"
    for number, operation in enumerate(graph.operations):
        if isinstance(operation, Shift):
            network.layers[number] = nn.Identity()
    ones = torch.ones(1, *graph.shapes[0])
    return float(sum(synaptic_flows(network, [layer.weight for layer in layers], ones)))


@pytest.mark.parametrize("name", GRAPHS)
def test_it_is_the_flow_of_the_mean_weights(name: str) -> None:
    assert expected_flow(GRAPHS[name]) == pytest.approx(of_mean_weights(GRAPHS[name]), rel=1e-12)


@pytest.mark.parametrize("bench", BENCHES)
def test_it_is_that_of_networks_of_benches_too(bench: str) -> None:
    for reading in BENCHES[bench].sample(5, 7):
        skeleton = BENCHES[bench].skeletons["fast"]
        graph = BENCHES[bench].graph(reading.architecture.spec, skeleton, 10)
        assert expected_flow(graph) == pytest.approx(of_mean_weights(graph), rel=1e-9)


def test_without_a_path_nothing_flows() -> None:
    assert expected_flow(dead()) == 0


def test_a_bias_flows_through_the_layers_after_it_alone() -> None:
    """A convolution of 4, linear layers of 3 and 2: the input passes all, a bias the last one."""
    builder = Builder(4, 1, 1)
    hidden = builder.convolution_bn(builder.input, "a", 4, 1)
    pooled = builder.append(Linear(_vector(builder, hidden), "b", 3))
    builder.append(Linear(pooled, "c", 2))
    first, second = 1 / (2 * sqrt(4)), 1 / (2 * sqrt(3))
    through = 4 * first * 4 * first
    expected = 2 * 3 * second * (3 * through + first)
    assert expected_flow(builder.graph()) == pytest.approx(expected, rel=1e-12)


def _vector(builder: Builder, value: int) -> int:
    return builder.append(GlobalAveragePool(value))


AGREEMENT = {"nb_macro": 0.96, "transnas_macro": 0.6}
"""Spearman. Of a depthwise convolution's few weights another draw changes more; and on maps of one
or two pixels most of a window is padding, which the expected flow takes for ones."""


@pytest.mark.parametrize("bench", BENCHES)
def test_it_ranks_as_the_measured_flow_does(bench: str) -> None:
    """Of 60 random networks, with weights of seed 0 each."""
    skeleton = BENCHES[bench].skeletons["fast"]
    structural, measured = [], []
    for reading in BENCHES[bench].sample(60, 3):
        spec = reading.architecture.spec
        graph = BENCHES[bench].graph(spec, skeleton, 10)
        images, labels = minibatch(graph)
        found = evaluate(graph, images, labels, 0, ["synflow"]).values
        if found:
            measured.append(found["synflow"])
            structural.append(BENCHES[bench].structure(spec, skeleton, 10)["structural_synflow"])
    assert len(measured) > 50
    assert spearmanr(structural, measured).statistic > AGREEMENT.get(bench, 0.99)


def test_its_exponential_is_near_the_mean_over_seeds() -> None:
    """Of a network whose maps have one pixel, there is no border: only the draws differ."""
    builder = Builder(8, 1, 1)
    value = builder.convolution_bn_relu(builder.input, "a", 16, 1)
    builder.append(Linear(_vector(builder, value), "b", 10))
    graph = builder.graph()
    images, labels = minibatch(graph)
    flows = [
        exp(evaluate(graph, images, labels, seed, ["synflow"]).values["synflow"])
        for seed in range(200)
    ]
    assert log(sum(flows) / len(flows)) == pytest.approx(log(expected_flow(graph)), abs=0.01)
