"""The proxies, without torch: what each is, which way it points on each bench, and why.

A proxy's revision is part of every score's key: change a formula, raise its revision, and old and
new values never mix.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Direction = Literal["larger", "smaller"]


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

_MEASURED = "300 architectures under `fast` (docs/directions.md): Spearman"
_PAPER_101 = "Abdelfattah et al. 2021, all 423,624 architectures: Spearman"

_STRUCTURE = "structure alone, without a network"
_LABELS = "sign chosen with labels"
_TABLE_101 = "against 108-epoch validation accuracy, 20,000 architectures"
_TABLE_201 = "against CIFAR-10 test accuracy, all 15,625 spellings"
_CONNECTED_201 = "against CIFAR-10 test accuracy, all 15,284 spellings with a path"


def _proxy(
    name: str,
    summary: str,
    source: str,
    passes: str,
    nb101: tuple[Direction, str],
    nb201: tuple[Direction, str],
    *,
    needs_input: bool = True,
    structural: bool = False,
) -> Proxy:
    return Proxy(
        name=name,
        summary=summary,
        source=source,
        passes=frozenset(passes.split()),
        better=MappingProxyType({"nb101": nb101[0], "nb201": nb201[0]}),
        evidence=MappingProxyType({"nb101": nb101[1], "nb201": nb201[1]}),
        needs_input=needs_input,
        structural=structural,
    )


_ALL = (
    _proxy(
        "params",
        "trainable parameters of the network",
        "counted",
        "",
        ("larger", f"Spearman .45 {_TABLE_101}"),
        ("larger", f"Spearman .82 {_TABLE_201}"),
        needs_input=False,
    ),
    _proxy(
        "flops",
        "multiply-adds of one forward pass of one image: convolutions and linear layers",
        "counted",
        "",
        ("larger", f"{_MEASURED} .40"),
        ("larger", "Spearman .77 against CIFAR-10 test accuracy, 9,445 spellings"),
        needs_input=False,
    ),
    _proxy(
        "l2_norm",
        "sum over layers of the L2 norm of the weights",
        ZERO_COST,
        "weights",
        ("larger", f"{_MEASURED} .42"),
        ("larger", "Spearman .75 against CIFAR-10 test accuracy, 9,445 spellings"),
        needs_input=False,
    ),
    _proxy(
        "grad_norm",
        "sum over layers of the L2 norm of the loss gradient",
        ZERO_COST,
        "loss",
        ("smaller", f"{_PAPER_101} -.20"),
        ("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .59"),
    ),
    _proxy(
        "plain",
        "sum of weight times gradient, signed",
        ZERO_COST,
        "loss",
        ("smaller", f"{_MEASURED} -.44"),
        ("larger", f"none: {_MEASURED} -.08, interval on both sides of zero"),
    ),
    _proxy(
        "snip",
        "sum of |weight times gradient|",
        "Lee et al., SNIP: Single-Shot Network Pruning, ICLR 2019",
        "loss",
        ("smaller", f"{_PAPER_101} -.16"),
        ("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .60"),
    ),
    _proxy(
        "grasp",
        "minus the sum of weight times Hessian-gradient product",
        "Wang et al., Picking Winning Tickets Before Training (GraSP), ICLR 2020",
        "curvature",
        ("larger", f"{_PAPER_101} .45"),
        ("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .51"),
    ),
    _proxy(
        "fisher",
        "squared activation-gradient products, summed over channels and weighted by filter size",
        "Turner et al., BlockSwap, ICLR 2020",
        "loss fisher",
        # The paper prints .26, the absolute value.
        ("smaller", f"{_MEASURED} -.40"),
        ("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .36"),
    ),
    _proxy(
        "synflow",
        "ln of the synaptic flow of the network with absolute weights on an input of ones",
        "Tanaka et al., Pruning Neural Networks Without Any Data (SynFlow), NeurIPS 2020",
        "synflow",
        ("larger", f"{_PAPER_101} .37"),
        ("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .74"),
    ),
    _proxy(
        "jacob_cov",
        "how little the images' input gradients correlate with one another",
        "Mellor et al., Neural Architecture Search without Training, 2020, version 1",
        "jacobian",
        ("smaller", f"{_PAPER_101} -.38"),
        ("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .73"),
    ),
    _proxy(
        "epe_nas",
        "how little the input gradients of images of one class correlate with one another",
        "Lopes et al., EPE-NAS: Efficient Performance Estimation Without Training, ICANN 2021",
        "jacobian",
        ("smaller", f"{_MEASURED} -.15"),
        ("larger", f"{_MEASURED} .66; other tools, 9,445 spellings: Spearman .77"),
    ),
    _proxy(
        "nwot",
        "ln |det K| of the kernel that counts on how many ReLUs two images agree",
        "Mellor et al., Neural Architecture Search without Training, ICML 2021",
        "patterns",
        ("larger", f"{_MEASURED} .30"),
        ("larger", f"{_MEASURED} .80"),
    ),
    _proxy(
        "swap",
        "how many ReLU units differ in which images switch them on",
        "Peng et al., SWAP-NAS: Sample-Wise Activation Patterns, ICLR 2024",
        "columns",
        ("larger", f"{_MEASURED} .32"),
        ("larger", f"{_MEASURED} .82"),
    ),
    _proxy(
        "zico",
        "how steady the gradients are between the minibatch's halves: ln of mean over deviation",
        "Li et al., ZiCo: Inverse Coefficient of Variation on Gradients, ICLR 2023",
        "halves",
        ("larger", f"{_MEASURED} .61"),
        ("larger", f"{_MEASURED} .72"),
    ),
    _proxy(
        "zen",
        "ln of how far noise moves the features of Gaussian weights, batch norms' scales undone",
        "Lin et al., Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition, ICCV 2021",
        "perturbation",
        ("larger", f"{_MEASURED} .60"),
        ("larger", f"{_MEASURED} .43"),
    ),
    _proxy(
        "expressivity",
        "sum over blocks of the entropy of the channels' principal variances",
        AZ_NAS,
        "blocks",
        ("larger", f"{_MEASURED} .74"),
        ("larger", f"{_MEASURED} .64"),
    ),
    _proxy(
        "progressivity",
        "the smallest increase of that entropy from one block to the next",
        AZ_NAS,
        "blocks",
        ("larger", f"{_MEASURED} .57"),
        ("larger", f"{_MEASURED} .54"),
    ),
    _proxy(
        "trainability",
        "how near to 1 blocks' largest gains of random gradients are, on average",
        AZ_NAS,
        "blocks",
        ("larger", f"{_MEASURED} .37"),
        ("larger", f"{_MEASURED} .40"),
    ),
    _proxy(
        "structural_synflow",
        "ln of the synaptic flow that the network has with the expected absolute weights",
        "closed form of Tanaka et al., SynFlow, NeurIPS 2020",
        "",
        ("larger", f"Spearman .39 under `fast` {_TABLE_101}"),
        ("larger", f"Spearman .76 under `fast` {_CONNECTED_201}"),
        structural=True,
    ),
    _proxy(
        "structural_pools",
        "pools in the cell",
        _STRUCTURE,
        "",
        ("smaller", f"{_LABELS}: Spearman -.48 {_TABLE_101}"),
        ("smaller", f"{_LABELS}: Spearman -.36 {_TABLE_201}"),
        needs_input=False,
        structural=True,
    ),
    _proxy(
        "structural_path_length",
        "operations on a path from the cell's input to its output, the mean over paths",
        _STRUCTURE,
        "",
        ("smaller", f"{_LABELS}: Spearman -.43 {_TABLE_101}"),
        ("larger", f"{_LABELS}: Spearman .23 {_CONNECTED_201}"),
        structural=True,
    ),
    _proxy(
        "structural_identity_paths",
        "paths from the cell's input to its output without an operation",
        _STRUCTURE,
        "",
        ("larger", "none: 0 on every cell"),
        (
            "larger",
            f"{_LABELS}: Spearman .47 among the 1,566 most accurate spellings, -.07 {_TABLE_201}",
        ),
        needs_input=False,
        structural=True,
    ),
    _proxy(
        "structural_depth_3x3",
        "most 3x3 convolutions on one path from the cell's input to its output",
        _STRUCTURE,
        "",
        ("larger", f"{_LABELS}: Spearman .49 {_TABLE_101}"),
        ("larger", f"{_LABELS}: Spearman .73 {_TABLE_201}"),
        needs_input=False,
        structural=True,
    ),
    _proxy(
        "structural_pools_per_path",
        "pools on a path from the cell's input to its output, the mean over paths",
        _STRUCTURE,
        "",
        ("smaller", f"{_LABELS}: Spearman -.59 {_TABLE_101}"),
        ("smaller", f"{_LABELS}: Spearman -.55 {_CONNECTED_201}"),
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
    ("larger", "Spearman .88 of 36 epochs of the full network, 20,000 architectures"),
    ("larger", "Abdelfattah et al. 2021, CIFAR-10: Spearman .61 as EcoNAS, .80 as EcoNAS+"),
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
