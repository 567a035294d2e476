"""How proxies and ensembles rank both spaces of TransNAS-Bench-101: which way they point, and on
what that rests.

A bench has one direction for its seven tasks: the one of at least five of them. Where they agree
less there is none.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from service.benches.bench import Direction, Finding

_MEASURED = "under `fast` (docs/evidence.md): Spearman with the last epoch of seven tasks"
_MICRO = f"all 1,376 architectures {_MEASURED}"
_MACRO = f"all 3,256 architectures {_MEASURED}"

_CELLS: Mapping[str, tuple[Direction, str]] = MappingProxyType(
    {
        "params": ("larger", "-.15 (autoencoder) to .72 (segmentsemantic)"),
        "flops": ("larger", "-.16 (autoencoder) to .73 (segmentsemantic)"),
        "l2_norm": ("larger", "-.17 (autoencoder) to .41 (segmentsemantic)"),
        "plain": ("larger", "-.15 (segmentsemantic) to .42 (autoencoder)"),
        "synflow": ("larger", "-.19 (room_layout) to .67 (segmentsemantic)"),
        "nwot": ("larger", "-.22 (autoencoder) to .38 (class_scene)"),
        "zico": ("larger", "-.12 (autoencoder) to .51 (segmentsemantic)"),
        "zen": ("larger", "-.08 (autoencoder) to .58 (normal)"),
        "expressivity": ("larger", ".14 (autoencoder) to .56 (normal)"),
        "progressivity": ("larger", "-.01 (segmentsemantic) to .49 (autoencoder)"),
        "trainability": ("larger", "-.23 (autoencoder) to .78 (segmentsemantic)"),
        "structural_synflow": ("larger", "-.16 (autoencoder) to .69 (segmentsemantic)"),
        "structural_depth_3x3": ("larger", "-.09 (autoencoder) to .73 (segmentsemantic)"),
    }
)
"""The cells: from the task where Spearman is least to the one where it is largest."""

_OPEN_CELLS: Mapping[str, str] = MappingProxyType(
    {
        "grad_norm": "-.60 (autoencoder) to .56 (segmentsemantic)",
        "snip": "-.56 (autoencoder) to .61 (segmentsemantic)",
        "grasp": "-.37 (segmentsemantic) to .37 (autoencoder)",
        "fisher": "-.65 (autoencoder) to .49 (segmentsemantic)",
        "swap": "-.24 (room_layout) to .25 (segmentsemantic)",
        "structural_path_length": "-.57 (autoencoder) to .46 (segmentsemantic)",
        "structural_identity_paths": "-.40 (segmentsemantic) to .80 (autoencoder)",
    }
)
"""Those that point one way on some tasks and the other way on others."""

_STACKS: Mapping[str, tuple[Direction, str]] = MappingProxyType(
    {
        "params": ("larger", "-.18 (autoencoder) to .32 (class_scene)"),
        "flops": ("larger", ".48 (room_layout) to .85 (class_scene)"),
        "l2_norm": ("larger", "-.27 (autoencoder) to .29 (class_scene)"),
        "grad_norm": ("smaller", "-.84 (autoencoder) to -.19 (segmentsemantic)"),
        "plain": ("smaller", "-.64 (autoencoder) to -.26 (room_layout)"),
        "snip": ("smaller", "-.77 (autoencoder) to -.13 (segmentsemantic)"),
        "grasp": ("larger", ".20 (segmentsemantic) to .72 (autoencoder)"),
        "fisher": ("smaller", "-.84 (autoencoder) to -.18 (segmentsemantic)"),
        "synflow": ("larger", ".27 (room_layout) to .67 (class_scene)"),
        "nwot": ("larger", ".59 (autoencoder) to .89 (class_scene)"),
        "swap": ("larger", ".59 (autoencoder) to .89 (class_scene)"),
        "zico": ("larger", "-.17 (autoencoder) to .30 (class_scene)"),
        "zen": ("larger", ".08 (autoencoder) to .48 (class_scene)"),
        "expressivity": ("larger", ".05 (autoencoder) to .47 (class_scene)"),
        "progressivity": ("larger", ".01 (segmentsemantic) to .72 (autoencoder)"),
        "trainability": ("larger", ".34 (room_layout) to .87 (autoencoder)"),
        "structural_synflow": ("larger", "-.23 (autoencoder) to .22 (class_scene)"),
    }
)
"""The same of the macro space."""

_OPEN_STACKS: Mapping[str, str] = MappingProxyType(
    {
        "structural_path_length": "-.20 (autoencoder) to .12 (segmentsemantic)",
        "structural_depth_3x3": "-.20 (autoencoder) to .12 (segmentsemantic)",
    }
)

_UNDEFINED = ("jacob_cov", "epe_nas")
_CONSTANT_CELLS = ("structural_pools", "structural_pools_per_path")
_CONSTANT_STACKS = ("structural_pools", "structural_identity_paths", "structural_pools_per_path")


def _findings(
    measured: str,
    found: Mapping[str, tuple[Direction, str]],
    undecided: Mapping[str, str],
    constant: Sequence[str],
) -> Mapping[str, Finding]:
    nowhere, same = "none: undefined on every architecture", "none: the same wherever it is defined"
    return MappingProxyType(
        {
            **{name: Finding(better, f"{measured}: {of}") for name, (better, of) in found.items()},
            **{
                name: Finding("larger", f"none: {measured}: {of}, no one direction")
                for name, of in undecided.items()
            },
            **{name: Finding("larger", nowhere) for name in _UNDEFINED},
            **{name: Finding("larger", same) for name in constant},
        }
    )


MICRO = _findings(_MICRO, _CELLS, _OPEN_CELLS, _CONSTANT_CELLS)
MACRO = _findings(_MACRO, _STACKS, _OPEN_STACKS, _CONSTANT_STACKS)

MICRO_ENSEMBLES: Mapping[str, str] = MappingProxyType(
    {
        "az_nas": f"{_MICRO}: .06 (autoencoder) to .68 (segmentsemantic)",
        "az3": f"{_MICRO}: -.11 (autoencoder) to .76 (segmentsemantic)",
        "structure_nb201": f"{_MICRO}: -.16 (autoencoder) to .74 (segmentsemantic)",
        "structure_nb101": f"{_MICRO}: .31 (segmentsemantic) to .64 (class_object)",
    }
)

MACRO_ENSEMBLES: Mapping[str, str] = MappingProxyType(
    {
        "az_nas": f"{_MACRO}: .40 (room_layout) to .76 (class_object)",
        "az3": f"{_MACRO}: .42 (room_layout) to .80 (class_scene)",
        "structure_nb201": f"{_MACRO}: -.23 (autoencoder) to .28 (class_scene)",
        "structure_nb101": f"{_MACRO}: -.08 (autoencoder) to .33 (class_scene)",
    }
)
