"""What others have printed, on the same sets: to be shown beside what the service finds."""

from dataclasses import dataclass

ABDELFATTAH = "Abdelfattah et al. 2021"
AZ_NAS = "Lee and Ham 2024 (AZ-NAS)"
VKDNW = "VKDNW, CVPR 2025"
INTRAIN = "InTrain, CVPR 2026"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of a paper."""

    bench: str
    truth: str
    members: str
    metric: str
    proxy: str
    """Ours that it is to be held against."""
    value: float
    source: str
    absolute: bool = False
    """Whether the paper prints it without its sign."""


def _of_nb201(
    proxy: str, source: str, members: str, metric: str, *values: float
) -> list[Published]:
    truths = ("cifar10-test-200ep", "cifar100-test-200ep", "imagenet16-120-test-200ep")
    return [
        Published("nb201", truth, members, metric, proxy, value, source)
        for truth, value in zip(truths, values, strict=True)
    ]


_SPELLINGS, _WHOLE = "spellings", "whole_spellings"

PUBLISHED = (
    *_of_nb201("grad_norm", ABDELFATTAH, _SPELLINGS, "spearman", 0.594, 0.637, 0.578),
    *_of_nb201("snip", ABDELFATTAH, _SPELLINGS, "spearman", 0.596, 0.637, 0.578),
    *_of_nb201("grasp", ABDELFATTAH, _SPELLINGS, "spearman", 0.514, 0.547, 0.549),
    *_of_nb201("fisher", ABDELFATTAH, _SPELLINGS, "spearman", 0.360, 0.385, 0.327),
    *_of_nb201("synflow", ABDELFATTAH, _SPELLINGS, "spearman", 0.737, 0.763, 0.751),
    *_of_nb201("jacob_cov", ABDELFATTAH, _SPELLINGS, "spearman", 0.731, 0.704, 0.701),
    *_of_nb201("vote", ABDELFATTAH, _SPELLINGS, "pairwise_agreement", 0.817, 0.832, 0.813),
    *_of_nb201("az_nas", AZ_NAS, _SPELLINGS, "spearman", 0.913, 0.900, 0.886),
    *_of_nb201("e5", VKDNW, _WHOLE, "spearman", 0.919, 0.919, 0.906),
)
"""Test accuracy after 200 epochs in each: the last two are the records of what trains nothing."""

NB101_ABSOLUTE = {
    "grad_norm": 0.198,
    "snip": 0.164,
    "grasp": 0.448,
    "fisher": 0.257,
    "synflow": 0.372,
    "jacob_cov": 0.378,
}
"""Spearman without its sign, all 423,624 architectures, test accuracy: Abdelfattah et al. 2021."""

NB101_RECORD = 0.75
"""Spearman, InTrain (CVPR 2026), the best published of what trains nothing and has no labels."""

ESTIMATES = {
    "e5": {_SPELLINGS: (0.942, 0.935, 0.917), _WHOLE: (0.930, 0.919, 0.903)},
    "az3": {_SPELLINGS: (0.921, 0.913, 0.906), _WHOLE: (0.891, 0.881, 0.879)},
    "az_nas": {_SPELLINGS: (0.909, 0.899, 0.888), _WHOLE: (0.879, 0.868, 0.859)},
    "paper3": {_SPELLINGS: (0.862, 0.855, 0.804), _WHOLE: (0.849, 0.838, 0.777)},
    "jacob_cov_flops": {_SPELLINGS: (0.925, 0.914, 0.876), _WHOLE: (0.916, 0.902, 0.847)},
    "e5_paths": {},
    "nwot": {_SPELLINGS: (0.798, 0.814, 0.790), _WHOLE: (0.814, 0.836, 0.799)},
    "structure_nb201": {_SPELLINGS: (0.897, 0.886, 0.858)},
}
"""What a study before this service estimated on 1,988 spellings and 1,200 whole ones, CIFAR-10,
CIFAR-100 and ImageNet16-120, Spearman; `structure_nb201` on all."""
