"""How proxies and ensembles rank NB101: which way they point, and on what that rests."""

from collections.abc import Mapping
from types import MappingProxyType

from service.benches.bench import Finding

_MEASURED = "300 architectures under `fast` (docs/directions.md): Spearman"
_PAPER = "Abdelfattah et al. 2021, all 423,624 architectures: Spearman"
_LABELS = "sign chosen with labels"
_TABLE = "against 108-epoch validation accuracy, 20,000 architectures"

FINDINGS: Mapping[str, Finding] = MappingProxyType(
    {
        "params": Finding("larger", f"Spearman .45 {_TABLE}"),
        "flops": Finding("larger", f"{_MEASURED} .40"),
        "l2_norm": Finding("larger", f"{_MEASURED} .42"),
        "grad_norm": Finding("smaller", f"{_PAPER} -.20"),
        "plain": Finding("smaller", f"{_MEASURED} -.44"),
        "snip": Finding("smaller", f"{_PAPER} -.16"),
        "grasp": Finding("larger", f"{_PAPER} .45"),
        # The paper prints .26, the absolute value.
        "fisher": Finding("smaller", f"{_MEASURED} -.40"),
        "synflow": Finding("larger", f"{_PAPER} .37"),
        "jacob_cov": Finding("smaller", f"{_PAPER} -.38"),
        "epe_nas": Finding("smaller", f"{_MEASURED} -.15"),
        "nwot": Finding("larger", f"{_MEASURED} .30"),
        "swap": Finding("larger", f"{_MEASURED} .32"),
        "zico": Finding("larger", f"{_MEASURED} .61"),
        "zen": Finding("larger", f"{_MEASURED} .60"),
        "expressivity": Finding("larger", f"{_MEASURED} .74"),
        "progressivity": Finding("larger", f"{_MEASURED} .57"),
        "trainability": Finding("larger", f"{_MEASURED} .37"),
        "structural_synflow": Finding("larger", f"Spearman .39 under `fast` {_TABLE}"),
        "structural_pools": Finding("smaller", f"{_LABELS}: Spearman -.48 {_TABLE}"),
        "structural_path_length": Finding("smaller", f"{_LABELS}: Spearman -.43 {_TABLE}"),
        "structural_identity_paths": Finding("larger", "none: 0 on every cell"),
        "structural_depth_3x3": Finding("larger", f"{_LABELS}: Spearman .49 {_TABLE}"),
        "structural_pools_per_path": Finding("smaller", f"{_LABELS}: Spearman -.59 {_TABLE}"),
        "reduced_training": Finding(
            "larger", "Spearman .88 of 36 epochs of the full network, 20,000 architectures"
        ),
    }
)

_SPEARMAN = MappingProxyType(
    {
        "vote": "-.02",
        "paper3": ".01",
        "az_nas": ".74",
        "az3": ".76",
        "e5": ".66",
        "jacob_cov_flops": ".27",
        "e5_paths": ".65",
        "structure_nb201": ".52",
        "structure_nb101": ".82",
    }
)
"""Of each built-in ensemble, as `benchmarks.evidence` finds it."""

ENSEMBLES: Mapping[str, str] = MappingProxyType(
    {
        name: f"3,609 to 20,000 architectures under `fast` (docs/evidence.md): Spearman {found} "
        "with 108-epoch validation accuracy"
        for name, found in _SPEARMAN.items()
    }
)
