"""The proxies, without torch: what each is, which way it points on each bench, and why.

A proxy's revision is part of every score's key: change a formula, raise its revision, and old and
new values never mix.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from service.benches import BENCHES, Direction

__all__ = [
    "AZ_NAS",
    "CATALOGUE",
    "MEASURED",
    "OF_ANY_MODULE",
    "PROXIES",
    "REDUCED_TRAINING",
    "ZERO_COST",
    "Direction",
    "Proxy",
]


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy of the catalogue."""

    name: str
    summary: str
    source: str
    """The paper that the formula comes from."""
    passes: frozenset[str]
    """The measurements it is computed from: see `service.engine.measurements`."""
    better: Mapping[str, Direction]
    """By bench: whether the larger or the smaller value promises the better network."""
    evidence: Mapping[str, str]
    """By bench: on what the direction rests."""
    revision: int = 1
    needs_input: bool = True
    """Undefined where the output does not depend on the input."""
    structural: bool = False
    """Computed from a bench's cell and skeleton by `Bench.structure`, and so of no other network;
    `passes` are none."""


AZ_NAS = "Lee and Ham, AZ-NAS: Assembling Zero-Cost Proxies for NAS, CVPR 2024"
ZERO_COST = "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021"

_STRUCTURE = "structure alone, without a network"


def _proxy(
    name: str,
    summary: str,
    source: str,
    passes: str,
    *,
    needs_input: bool = True,
    structural: bool = False,
) -> Proxy:
    findings = {bench.name: bench.finding(name) for bench in BENCHES.values()}
    return Proxy(
        name=name,
        summary=summary,
        source=source,
        passes=frozenset(passes.split()),
        better=MappingProxyType({bench: each.better for bench, each in findings.items()}),
        evidence=MappingProxyType({bench: each.evidence for bench, each in findings.items()}),
        needs_input=needs_input,
        structural=structural,
    )


_ALL = (
    _proxy(
        "params",
        "trainable parameters of the network",
        "counted",
        "",
        needs_input=False,
    ),
    _proxy(
        "flops",
        "multiply-adds of one forward pass of one image: convolutions and linear layers",
        "counted",
        "",
        needs_input=False,
    ),
    _proxy(
        "l2_norm",
        "sum over layers of the L2 norm of the weights",
        ZERO_COST,
        "weights",
        needs_input=False,
    ),
    _proxy(
        "grad_norm",
        "sum over layers of the L2 norm of the loss gradient",
        ZERO_COST,
        "loss",
    ),
    _proxy(
        "plain",
        "sum of weight times gradient, signed",
        ZERO_COST,
        "loss",
    ),
    _proxy(
        "snip",
        "sum of |weight times gradient|",
        "Lee et al., SNIP: Single-Shot Network Pruning, ICLR 2019",
        "loss",
    ),
    _proxy(
        "grasp",
        "minus the sum of weight times Hessian-gradient product",
        "Wang et al., Picking Winning Tickets Before Training (GraSP), ICLR 2020",
        "curvature",
    ),
    _proxy(
        "fisher",
        "squared activation-gradient products, summed over channels and weighted by filter size",
        "Turner et al., BlockSwap, ICLR 2020",
        "loss fisher",
    ),
    _proxy(
        "synflow",
        "ln of the synaptic flow of the network with absolute weights on an input of ones",
        "Tanaka et al., Pruning Neural Networks Without Any Data (SynFlow), NeurIPS 2020",
        "synflow",
    ),
    _proxy(
        "jacob_cov",
        "how little the images' input gradients correlate with one another",
        "Mellor et al., Neural Architecture Search without Training, 2020, version 1",
        "jacobian",
    ),
    _proxy(
        "epe_nas",
        "how little the input gradients of images of one class correlate with one another",
        "Lopes et al., EPE-NAS: Efficient Performance Estimation Without Training, ICANN 2021",
        "jacobian",
    ),
    _proxy(
        "nwot",
        "ln |det K| of the kernel that counts on how many ReLUs two images agree",
        "Mellor et al., Neural Architecture Search without Training, ICML 2021",
        "patterns",
    ),
    _proxy(
        "swap",
        "how many ReLU units differ in which images switch them on",
        "Peng et al., SWAP-NAS: Sample-Wise Activation Patterns, ICLR 2024",
        "columns",
    ),
    _proxy(
        "zico",
        "how steady the gradients are between the minibatch's halves: ln of mean over deviation",
        "Li et al., ZiCo: Inverse Coefficient of Variation on Gradients, ICLR 2023",
        "halves",
    ),
    _proxy(
        "zen",
        "ln of how far noise moves the features of Gaussian weights, batch norms' scales undone",
        "Lin et al., Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition, ICCV 2021",
        "perturbation",
    ),
    _proxy(
        "expressivity",
        "sum over blocks of the entropy of the channels' principal variances",
        AZ_NAS,
        "blocks",
    ),
    _proxy(
        "progressivity",
        "the smallest increase of that entropy from one block to the next",
        AZ_NAS,
        "blocks",
    ),
    _proxy(
        "trainability",
        "how near to 1 blocks' largest gains of random gradients are, on average",
        AZ_NAS,
        "blocks",
    ),
    _proxy(
        "structural_synflow",
        "ln of the synaptic flow that the network has with the expected absolute weights",
        "closed form of Tanaka et al., SynFlow, NeurIPS 2020",
        "",
        structural=True,
    ),
    _proxy(
        "structural_pools",
        "pools in the cell",
        _STRUCTURE,
        "",
        needs_input=False,
        structural=True,
    ),
    _proxy(
        "structural_path_length",
        "operations on a path from the cell's input to its output, the mean over paths",
        _STRUCTURE,
        "",
        structural=True,
    ),
    _proxy(
        "structural_identity_paths",
        "paths from the cell's input to its output without an operation",
        _STRUCTURE,
        "",
        needs_input=False,
        structural=True,
    ),
    _proxy(
        "structural_depth_3x3",
        "most convolutions of 3x3 or larger on one path from the cell's input to its output",
        _STRUCTURE,
        "",
        needs_input=False,
        structural=True,
    ),
    _proxy(
        "structural_pools_per_path",
        "pools on a path from the cell's input to its output, the mean over paths",
        _STRUCTURE,
        "",
        structural=True,
    ),
)

CATALOGUE: Mapping[str, Proxy] = MappingProxyType({proxy.name: proxy for proxy in _ALL})
"""Every zero-cost proxy by its name, in the order in which answers list them."""

REDUCED_TRAINING = _proxy(
    "reduced_training",
    "accuracy on the test images after a short training of a small network",
    "Zhou et al., EcoNAS: Finding Proxies for Economical NAS, CVPR 2020",
    "",
)
"""The conventional proxy, of `service.training`; it has protocols of its own, and no zero-cost
proxy is computed under those."""

PROXIES: Mapping[str, Proxy] = MappingProxyType(
    {**CATALOGUE, REDUCED_TRAINING.name: REDUCED_TRAINING}
)
"""Whatever a worker computes of one architecture by itself."""

MEASURED: Mapping[str, Proxy] = MappingProxyType(
    {proxy.name: proxy for proxy in _ALL if not proxy.structural}
)
"""Those that exist of any network's graph: all but the structural ones."""

_OF_GRAPHS = frozenset({"blocks", "perturbation"})

OF_ANY_MODULE: Mapping[str, Proxy] = MappingProxyType(
    {name: proxy for name, proxy in MEASURED.items() if not proxy.passes & _OF_GRAPHS}
)
"""Of them those that need no graph: nobody says of which blocks a torch module is made, and where
its features are."""
