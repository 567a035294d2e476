"""The synaptic flow of a graph's network: a forward and a reverse of its own, without data."""

import torch
from torch import Tensor

from service.engine import walks
from service.engine.plan import Plan, Step
from service.engine.rules import Layer, Motion, Rule
from service.engine.weights import Weights
from service.graph import BatchNorm, Shape


def synaptic_flows(
    plan: Plan, shape: Shape, weights: Weights, device: torch.device
) -> dict[int, Tensor]:
    """Σ |w⊙∂R/∂w| by layer that the output depends on, float64 scalars on the device.

    R is the sum of the outputs for one image of ones, of the given shape (C, H, W), with every
    parameter replaced by its absolute value and every batch norm by the identity. Then nothing is
    negative, and with A = ∂R/∂y at a layer's value y the sum is ⟨A, w x⟩: no gradient of a weight
    is needed. Float64 throughout: 1e61 is seen, and float32 ends at 1e38.
    """
    flows: dict[int, Tensor] = {}

    def parameter(name: str) -> Tensor:
        return torch.from_numpy(weights[name]).to(device, torch.float64).abs()

    rules = walks.rules_with(parameter)

    def without_norms(step: Step) -> Rule:
        return (
            _IdentityRule(step.operation, parameter)
            if isinstance(step.operation, BatchNorm)
            else rules(step)
        )

    def read(index: int, layer: Layer, A: Motion) -> None:
        flows[index] = (A.u * layer.product).sum()

    ones = torch.ones(1, *shape, dtype=torch.float64, device=device)
    walked = walks.forward(plan, without_norms, ones)
    A = Motion(torch.ones_like(walked.output.u))
    walks.reverse_to_layers(plan, walked.rules, A, read=read)
    return flows


class _IdentityRule(Rule):
    passes_on = True

    def forward(self, x: Tensor) -> Tensor:
        # A norm's readers take its value for something new, whose memory they may use again.
        return x.clone()

    def reverse(self, A: Tensor) -> tuple[Tensor, ...]:
        return (A,)
