"""How proxies and ensembles rank NB-Macro: which way they point, and on what that rests."""

from collections.abc import Mapping
from types import MappingProxyType

from service.benches.bench import Direction, Finding

_MEASURED = "all 3,969 architectures under `fast` (docs/evidence.md): Spearman"
_TRUTH = "with CIFAR-10 test accuracy"

_PROXIES: Mapping[str, tuple[Direction, str]] = MappingProxyType(
    {
        "params": ("larger", ".33"),
        "flops": ("larger", ".73"),
        "l2_norm": ("larger", ".62"),
        "grad_norm": ("larger", ".80"),
        "plain": ("smaller", "-.12"),
        "snip": ("larger", ".70"),
        "grasp": ("smaller", "-.08"),
        "fisher": ("larger", ".80"),
        "synflow": ("larger", ".74"),
        "jacob_cov": ("larger", ".77"),
        "epe_nas": ("larger", ".55"),
        "nwot": ("larger", ".92"),
        "swap": ("larger", ".90"),
        "zico": ("larger", ".70"),
        "zen": ("larger", ".69"),
        "expressivity": ("larger", ".58"),
        "progressivity": ("larger", ".41"),
        "trainability": ("larger", ".61"),
        "structural_synflow": ("larger", ".69"),
        "structural_path_length": ("larger", ".45"),
        "structural_depth_3x3": ("larger", ".82"),
    }
)
"""Of each proxy that ranks anything, as `benchmarks.evidence` finds it."""

_CONSTANT = ("structural_pools", "structural_identity_paths", "structural_pools_per_path")

FINDINGS: Mapping[str, Finding] = MappingProxyType(
    {
        **{
            name: Finding(better, f"{_MEASURED} {found} {_TRUTH}")
            for name, (better, found) in _PROXIES.items()
        },
        **{name: Finding("larger", "none: 0 on every network") for name in _CONSTANT},
    }
)

_SPEARMAN = MappingProxyType(
    {
        "vote": ".79",
        "paper3": ".88",
        "az_nas": ".80",
        "az3": ".83",
        "e5": ".89",
        "jacob_cov_flops": ".89",
        "e5_paths": ".89",
        "structure_nb201": ".54",
        "structure_nb101": "-.03",
    }
)
"""Of each built-in ensemble."""

ENSEMBLES: Mapping[str, str] = MappingProxyType(
    {name: f"{_MEASURED} {found} {_TRUTH}" for name, found in _SPEARMAN.items()}
)
