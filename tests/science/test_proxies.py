from dataclasses import fields, replace
from math import exp, isfinite, isnan, log, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import nn
from torch.nn import functional as F

from service.catalogue import MEASURED
from service.engine import PASSES, Measurements, build, measure
from service.engine.blocks import UNKNOWN_BLOCKS
from service.graph import Builder, GlobalAveragePool, Graph, Linear
from service.proxies import FORMULAS, UndefinedError, evaluate

from .slow import Slow
from .small_graphs import GRAPHS, dead, graphs, linear, minibatch

ALL = tuple(MEASURED)
SEED = 11
OF_BLOCKS = ("expressivity", "progressivity", "trainability")


def _score(name: str, **measured: object) -> float:
    return FORMULAS[name](replace(Measurements(), **measured))  # type: ignore[arg-type]


# Against the slow version


@pytest.mark.parametrize("name", GRAPHS)
def test_every_proxy_equals_its_slow_version(name: str) -> None:
    images, labels = minibatch(GRAPHS[name])
    found = evaluate(GRAPHS[name], images, labels, SEED, ALL, dtype=torch.float64)
    slow = Slow(GRAPHS[name], images, labels, SEED)
    for proxy in ALL:
        expected = getattr(slow, proxy)()
        if isnan(expected):
            assert proxy in found.undefined, proxy
            continue
        # plain is what is left of a sum that cancels: its error is one of the sum of magnitudes.
        scale = abs(slow.snip()) if proxy == "plain" else abs(expected)
        assert abs(found.values[proxy] - expected) <= 1e-6 * scale, proxy


def test_float32_is_near_float64() -> None:
    images, labels = minibatch(GRAPHS["residual"])
    single, double = (
        evaluate(GRAPHS["residual"], images, labels, SEED, ALL, dtype=dtype).values
        for dtype in (torch.float32, torch.float64)
    )
    for proxy in set(ALL) - {"plain"}:
        assert single[proxy] == pytest.approx(double[proxy], rel=1e-3), proxy


# Closed forms


def test_jacob_cov_of_a_matrix_written_by_hand() -> None:
    """Two rows that correlate by ρ = 0.6 have the eigenvalues 1 ± ρ, whatever their lengths."""
    gram = torch.tensor([[4.0, 3.6], [3.6, 9.0]], dtype=torch.float64)
    expected = -sum(log(e + 1e-5) + 1 / (e + 1e-5) for e in (1.6, 0.4))
    assert _score("jacob_cov", jacobian_gram=gram) == pytest.approx(expected, rel=1e-12)


def test_epe_nas_of_classes_written_by_hand() -> None:
    """Two classes of two images with ρ = ±0.6, and one image alone, whose row is constant."""
    gram = torch.zeros(5, 5, dtype=torch.float64)
    gram[0, 0], gram[2, 2], gram[0, 2], gram[2, 0] = 4.0, 9.0, 3.6, 3.6
    gram[1, 1], gram[3, 3], gram[1, 3], gram[3, 1] = 1.0, 4.0, -1.2, -1.2
    # Across classes nothing is read.
    gram[0, 1] = gram[1, 0] = 1.7
    labels = torch.tensor([7, 0, 7, 0, 3])
    expected = 2 * abs(2 * log(1 + 1e-5) + 2 * log(0.6 + 1e-5))
    found = _score("epe_nas", jacobian_gram=gram, labels=labels)
    assert found == pytest.approx(expected, rel=1e-12)
    with pytest.raises(UndefinedError, match="constant Jacobian row: image 4"):
        _score("epe_nas", jacobian_gram=gram, labels=torch.tensor([7, 0, 7, 0, 0]))
    with pytest.raises(UndefinedError, match="no class has two images"):
        _score("epe_nas", jacobian_gram=gram, labels=torch.arange(5))


def test_nwot_of_a_matrix_written_by_hand() -> None:
    kernel = torch.tensor([[10.0, 4.0], [4.0, 10.0]], dtype=torch.float64)
    assert _score("nwot", agreements=kernel) == pytest.approx(log(84), rel=1e-12)


def test_softmax_regression_by_hand() -> None:
    """∂L/∂W = (p - y)ᵀ x / N, and ⟨W, ∂L/∂W⟩ = Σ (p - y)⊙(x Wᵀ) / N."""
    images, labels = minibatch(linear())
    layer = build(linear(), SEED, torch.float64).layers[-1]
    assert isinstance(layer, nn.Linear)
    W, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    x = images.astype(np.float64).mean((2, 3))
    logits = x @ W.T + b
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    error = (p - np.eye(5)[labels]) / len(x)
    g = error.T @ x
    names = ("grad_norm", "snip", "plain", "fisher", "l2_norm", "grasp")
    found = evaluate(linear(), images, labels, SEED, names, dtype=torch.float64).values
    # H g: how the gradient moves when W moves by g.
    moved = x @ g.T
    Hg = (p * (moved - (p * moved).sum(1, keepdims=True)) / len(x)).T @ x
    assert found == pytest.approx(
        {
            "grad_norm": sqrt((g**2).sum()),
            "snip": np.abs(W * g).sum(),
            "plain": (W * g).sum(),
            "fisher": ((logits * error) ** 2).mean(0).sum() / 2 * x.shape[1],
            "l2_norm": sqrt((W**2).sum()),
            "grasp": -(W * Hg).sum(),
        },
        rel=1e-9,
    )


def test_params_and_flops_by_hand() -> None:
    images, labels = minibatch(GRAPHS["residual"])
    found = evaluate(GRAPHS["residual"], images, labels, SEED, ["params", "flops"])
    convolutions = 6 * 3 * 9 + 6 * 6 * 9
    assert found.values == {
        "params": convolutions + 2 * 2 * 6 + 6 * 5 + 5,
        "flops": convolutions * 64 + 6 * 5,
    }
    assert found.seconds == {}


def test_synflow_is_the_logarithm_of_what_float32_cannot_hold() -> None:
    """A chain of 1×1 convolutions of |weights| w: each layer holds the whole flow R."""
    builder = Builder(1, 4, 4)
    value = builder.input
    for index in range(60):
        value = builder.convolution_bn(value, f"c{index}", 64, 1)
    builder.append(Linear(builder.append(GlobalAveragePool(value)), "head", 10))
    deep = builder.graph()
    flow = np.ones(1)
    for layer in build(deep, SEED, torch.float64).layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            flow = layer.weight.detach().abs().flatten(1).numpy() @ flow
    expected = log(61) + log(flow.sum())
    images, labels = minibatch(deep)
    found = evaluate(deep, images, labels, SEED, ["synflow"]).values["synflow"]
    assert exp(found) > 1e38
    assert found == pytest.approx(expected, rel=1e-12)
    flows = (1e61,) * 7
    assert _score("synflow", synaptic_flows=flows) == pytest.approx(log(7) + 61 * log(10))


# Finite differences


def test_snip_and_grasp_by_differences_along_the_weights() -> None:
    """Smooth around w: the step is too small for a ReLU to switch."""
    name = "no_batch_norm"
    images, labels = minibatch(GRAPHS[name])
    network = build(GRAPHS[name], SEED, torch.float64)
    x, y = torch.tensor(images, dtype=torch.float64), torch.tensor(labels)
    measured = measure(network, x, y, frozenset({"loss", "curvature"}))
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    weights = [layer.weight.detach().clone() for layer in layers]

    def at(t: float, only: int | None = None) -> torch.Tensor:
        with torch.no_grad():
            for index, (layer, weight) in enumerate(zip(layers, weights, strict=True)):
                layer.weight.copy_(weight * (1 + t) if only in (None, index) else weight)
        return F.cross_entropy(network(x), y)

    def squared_gradients(t: float) -> list[float]:
        gradients = torch.autograd.grad(at(t), [layer.weight for layer in layers])
        return [float((g**2).sum()) for g in gradients]

    step = 1e-6
    for index in range(len(layers)):
        slope = (at(step, index) - at(-step, index)).item() / (2 * step)
        assert measured.saliencies is not None
        assert slope == pytest.approx(measured.saliencies[index], rel=1e-5, abs=1e-9)
    # ⟨g, Hw⟩ of a layer is half the slope of its ‖g‖² as all layers are scaled.
    ahead, behind = squared_gradients(step), squared_gradients(-step)
    curved = [(after - before) / (4 * step) for after, before in zip(ahead, behind, strict=True)]
    assert measured.curvatures is not None
    assert curved == pytest.approx(list(measured.curvatures), rel=1e-5, abs=1e-9)


def test_plain_of_a_convolution_before_batch_norm_is_zero() -> None:
    images, labels = minibatch(GRAPHS["chain"])
    network = build(GRAPHS["chain"], SEED, torch.float64)
    x, y = torch.tensor(images, dtype=torch.float64), torch.tensor(labels)
    found = measure(network, x, y, frozenset({"loss"}))
    assert found.saliencies is not None
    assert found.absolute_saliencies is not None
    *before_norm, head = zip(found.saliencies, found.absolute_saliencies, strict=True)
    # Not quite zero: eps is inside the norm.
    assert all(abs(signed) < 1e-3 * absolute for signed, absolute in before_norm)
    assert abs(head[0]) > 1e-3 * head[1]


# Undefined


def test_a_network_without_a_path_has_only_what_needs_no_input() -> None:
    images, labels = minibatch(dead())
    found = evaluate(dead(), images, labels, SEED, ALL)
    assert found.values.keys() == {p.name for p in MEASURED.values() if not p.needs_input}
    assert found.undefined == dict.fromkeys(
        (p.name for p in MEASURED.values() if p.needs_input), "no path from input to output"
    )
    assert found.seconds.keys() == {"build", "weights"}


def test_a_network_that_is_linear_in_its_input_leaves_the_others_standing() -> None:
    images, labels = minibatch(linear())
    found = evaluate(linear(), images, labels, SEED, ALL)
    classes = [label for label in range(5) if (labels == label).sum() > 1]
    first = int(np.flatnonzero(labels == classes[0])[0])
    assert found.undefined == {
        "jacob_cov": "constant Jacobian row: image 0",
        "epe_nas": f"constant Jacobian row: image {first}",
        "nwot": "singular kernel: the network has no ReLU",
        "swap": "the network has no ReLU",
        **dict.fromkeys(OF_BLOCKS, UNKNOWN_BLOCKS),
    }
    assert len(found.values) == len(ALL) - 7


def test_two_equal_images_make_the_kernel_singular() -> None:
    images, labels = minibatch(GRAPHS["chain"])
    images[3] = images[9]
    found = evaluate(GRAPHS["chain"], images, labels, SEED, ALL)
    assert found.undefined.keys() == {"nwot"}
    assert found.undefined["nwot"].startswith("singular kernel: ")


def test_images_that_are_not_finite_cost_only_what_reads_them() -> None:
    images, labels = minibatch(GRAPHS["chain"])
    images[0, 0, 0, 0] = np.inf
    found = evaluate(GRAPHS["chain"], images, labels, SEED, ALL)
    assert {"params", "flops", "l2_norm", "synflow"} <= found.values.keys()
    assert found.undefined["jacob_cov"] == "not finite: the Jacobian"
    assert found.undefined["epe_nas"] == "not finite: the Jacobian"
    assert found.undefined["grad_norm"] == "not finite: nan"
    assert all(isfinite(value) for value in found.values.values())


def test_the_constant_row_is_named() -> None:
    gram = torch.eye(16, dtype=torch.float64)
    gram[3, 3] = 0
    with pytest.raises(UndefinedError, match="constant Jacobian row: image 3"):
        _score("jacob_cov", jacobian_gram=gram)


def test_a_flow_of_zero_has_no_logarithm() -> None:
    with pytest.raises(UndefinedError, match="no path from input to output"):
        _score("synflow", synaptic_flows=(0.0, 0.0))


# What is refused


def test_what_is_refused() -> None:
    small = GRAPHS["chain"]
    images, labels = minibatch(small)
    with pytest.raises(ValueError, match="at least 16 images, not 15"):
        evaluate(small, images[:15], labels[:15], SEED, ["params"])
    with pytest.raises(ValueError, match="no such proxies: snap"):
        evaluate(small, images, labels, SEED, ["snip", "snap"])
    with pytest.raises(ValueError, match="reads images"):
        evaluate(small, images[:, :, :4], labels, SEED, ["params"])
    with pytest.raises(ValueError, match="as many labels"):
        evaluate(small, images, labels[1:], SEED, ["params"])
    network, x, y = build(small, 0), torch.tensor(images), torch.tensor(labels)
    with pytest.raises(ValueError, match="no such passes: hessian"):
        measure(network, x, y, frozenset({"hessian"}))
    with pytest.raises(ValueError, match="train mode"):
        measure(network.eval(), x, y, frozenset({"loss"}))


# The engine


@pytest.mark.parametrize("name", sorted(PASSES))
def test_only_what_is_asked_is_measured_and_each_pass_alone_gives_the_same(name: str) -> None:
    network = build(GRAPHS["residual"], SEED, torch.float64)
    images, labels = minibatch(GRAPHS["residual"])
    x, y = torch.tensor(images, dtype=torch.float64), torch.tensor(labels)
    alone = measure(network, x, y, frozenset({name}))
    together = measure(network, x, y, PASSES)
    found = {f.name for f in fields(alone) if getattr(alone, f.name) is not None}
    found -= {"unmeasured", "seconds"}
    assert found == READS[name]
    for measurement in found:
        torch.testing.assert_close(getattr(alone, measurement), getattr(together, measurement))


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
    "blocks": set(),
    "perturbation": set(),
    "flops": {"flops"},
    "dependence": {"depends_on_images"},
}


def test_measuring_leaves_no_trace() -> None:
    network = build(GRAPHS["residual"], SEED)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    images, labels = minibatch(GRAPHS["residual"])
    x = torch.tensor(images)
    measure(network, x, torch.tensor(labels), PASSES)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(parameter.grad is None for parameter in network.parameters())
    assert x.grad is None
    assert not x.requires_grad
    for module in network.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_an_in_place_relu_after_a_convolution_changes_nothing() -> None:
    def network(inplace: bool) -> nn.Module:
        torch.manual_seed(0)
        head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5))
        return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(inplace), *head)

    images, labels = minibatch(GRAPHS["chain"])
    x, y = torch.tensor(images), torch.tensor(labels)
    left, right = (measure(network(inplace), x, y, PASSES) for inplace in (False, True))
    for field in fields(left):
        if field.name not in ("seconds", "unmeasured"):
            torch.testing.assert_close(getattr(left, field.name), getattr(right, field.name))


def test_formulas_and_catalogue_hold_together() -> None:
    assert FORMULAS.keys() == MEASURED.keys()
    for proxy in MEASURED.values():
        assert proxy.passes <= PASSES
        # Each formula finds all it reads in its own passes.
        images, labels = minibatch(GRAPHS["residual"])
        assert evaluate(GRAPHS["residual"], images, labels, SEED, [proxy.name]).undefined == {}
        assert FORMULAS[proxy.name].__name__ == proxy.name
    with pytest.raises(LookupError):
        _score("snip")


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_repeated_calls_give_the_same_bits(random: Graph) -> None:
    images, labels = minibatch(random)
    first, second = (evaluate(random, images, labels, SEED, ALL) for _ in range(2))
    assert first.values == second.values
    assert first.undefined == second.undefined
    assert first.values.keys() | first.undefined.keys() == set(ALL)
    assert all(isinstance(v, float) and isfinite(v) for v in first.values.values())
