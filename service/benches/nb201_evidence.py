"""How proxies and ensembles rank NB201: which way they point, and on what that rests."""

from collections.abc import Mapping
from types import MappingProxyType

from service.benches.bench import Finding

_MEASURED = "300 architectures under `fast` (docs/directions.md): Spearman"
_LABELS = "sign chosen with labels"
_TABLE = "against CIFAR-10 test accuracy, all 15,625 spellings"
_CONNECTED = "against CIFAR-10 test accuracy, all 15,284 spellings with a path"

FINDINGS: Mapping[str, Finding] = MappingProxyType(
    {
        "params": Finding("larger", f"Spearman .82 {_TABLE}"),
        "flops": Finding("larger", "Spearman .77 against CIFAR-10 test accuracy, 9,445 spellings"),
        "l2_norm": Finding(
            "larger", "Spearman .75 against CIFAR-10 test accuracy, 9,445 spellings"
        ),
        "grad_norm": Finding(
            "larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .59"
        ),
        "plain": Finding("larger", f"none: {_MEASURED} -.08, interval on both sides of zero"),
        "snip": Finding("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .60"),
        "grasp": Finding("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .51"),
        "fisher": Finding("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .36"),
        "synflow": Finding("larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .74"),
        "jacob_cov": Finding(
            "larger", "Abdelfattah et al. 2021, all 15,625 spellings: Spearman .73"
        ),
        "epe_nas": Finding(
            "larger", f"{_MEASURED} .66; other tools, 9,445 spellings: Spearman .77"
        ),
        "nwot": Finding("larger", f"{_MEASURED} .80"),
        "swap": Finding("larger", f"{_MEASURED} .82"),
        "zico": Finding("larger", f"{_MEASURED} .72"),
        "zen": Finding("larger", f"{_MEASURED} .43"),
        "expressivity": Finding("larger", f"{_MEASURED} .64"),
        "progressivity": Finding("larger", f"{_MEASURED} .54"),
        "trainability": Finding("larger", f"{_MEASURED} .40"),
        "structural_synflow": Finding("larger", f"Spearman .76 under `fast` {_CONNECTED}"),
        "structural_pools": Finding("smaller", f"{_LABELS}: Spearman -.36 {_TABLE}"),
        "structural_path_length": Finding("larger", f"{_LABELS}: Spearman .23 {_CONNECTED}"),
        "structural_identity_paths": Finding(
            "larger",
            f"{_LABELS}: Spearman .47 among the 1,566 most accurate spellings, -.07 {_TABLE}",
        ),
        "structural_depth_3x3": Finding("larger", f"{_LABELS}: Spearman .73 {_TABLE}"),
        "structural_pools_per_path": Finding("smaller", f"{_LABELS}: Spearman -.55 {_CONNECTED}"),
        "reduced_training": Finding(
            "larger", "Abdelfattah et al. 2021, CIFAR-10: Spearman .61 as EcoNAS, .80 as EcoNAS+"
        ),
    }
)

_SPEARMAN = MappingProxyType(
    {
        "vote": ".81",
        "paper3": ".81",
        "az_nas": ".86",
        "az3": ".89",
        "e5": ".92",
        "jacob_cov_flops": ".91",
        "e5_paths": ".93",
        "structure_nb201": ".87",
        "structure_nb101": ".79",
    }
)
"""Of each built-in ensemble, as `benchmarks.evidence` finds it."""

ENSEMBLES: Mapping[str, str] = MappingProxyType(
    {
        name: f"all 5,260 architectures under `fast` (docs/evidence.md): Spearman {found} with "
        "CIFAR-10 test accuracy"
        for name, found in _SPEARMAN.items()
    }
)
