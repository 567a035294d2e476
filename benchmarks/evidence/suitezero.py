"""NAS-Bench-Suite-Zero's own scores of TransNAS-Bench-101, beside the metric that it has of them.

Krishnakumar et al., NeurIPS 2022: thirteen proxies on random architectures of each space and task,
one file for all. The metric there is the best epoch's, on the validation images.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.directions import spearman

SPACES = {"transbench101_micro": "transnas_micro", "transbench101_macro": "transnas_macro"}
"""What our benches are called there."""

PROXIES = {
    "epe_nas": "epe_nas",
    "fisher": "fisher",
    "flops": "flops",
    "grad_norm": "grad_norm",
    "grasp": "grasp",
    "jacov": "jacob_cov",
    "l2_norm": "l2_norm",
    "nwot": "nwot",
    "params": "params",
    "plain": "plain",
    "snip": "snip",
    "synflow": "synflow",
    "zen": "zen",
}
"""By the column, ours that it is to be held against."""

UNDEFINED = -1e8
"""What the tool has written where it has no score: below all others, as ours are ranked."""


class Theirs(NamedTuple):
    """Of a proxy on a bench and task."""

    architectures: int
    spearman: float | None
    """None where their score is the same for all."""


def read(
    path: Path, truths: Mapping[str, Mapping[str, str]]
) -> Mapping[tuple[str, str], Mapping[str, Theirs]]:
    """By bench and dataset, of those in `truths`, and then by our name of the proxy."""
    pairs: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    with gzip.open(path, "rt", newline="") as file:
        for line in csv.DictReader(file):
            bench = SPACES.get(line["space"], "")
            if line["dataset"] not in truths.get(bench, {}).values():
                continue
            for column, proxy in PROXIES.items():
                if text := line[column]:
                    pair = (float(text), float(line["val_metric"]))
                    pairs[bench, line["dataset"]][proxy].append(pair)
    return {
        place: {proxy: _correlated(values) for proxy, values in of.items()}
        for place, of in pairs.items()
    }


def _correlated(pairs: list[tuple[float, float]]) -> Theirs:
    scores, metrics = np.array(pairs).T
    constant = bool(np.all(scores == scores[0]))
    return Theirs(len(pairs), None if constant else spearman(scores, metrics))
