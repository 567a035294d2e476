"""Correlations on whole published tables, beside what their readers have found in them."""

import numpy as np
import pytest

from service.evidence import Members
from service.evidence.spearman import spearman
from tests.benches import data


def rho(scores: list[str], accuracies: list[str]) -> float:
    """Spearman of two columns, where both have a value."""
    pairs = [(float(s), float(a)) for s, a in zip(scores, accuracies, strict=True) if s and a]
    return spearman(Members(np.arange(len(pairs)), *np.array(pairs).T, True))


def test_scores_of_other_tools_on_nb201() -> None:
    """On the 9,445 cells without dead operations; GRAF's tables of NAS-Bench-Suite-Zero."""
    truth = {row["arch"]: row["c10_test"] for row in data.rows("nb201_accuracy.csv.gz")}
    rows = data.rows("nb201_suitezero_proxies.csv.gz")
    known = {"nwot": 0.811, "jacov": 0.799, "synflow": 0.778, "snip": 0.603, "plain": -0.352}
    for proxy, published in known.items():
        scores = [row[f"c10_{proxy}"] for row in rows]
        found = rho(scores, [truth[row["arch"]] for row in rows])
        assert found == pytest.approx(published, abs=0.001), proxy


def test_short_training_beside_long_training() -> None:
    rows = data.rows("nb201_accuracy.csv.gz")
    found = rho([row["c10_test_12ep"] for row in rows], [row["c10_test"] for row in rows])
    assert found == pytest.approx(0.871, abs=0.001)
    rows = data.rows("nb101_val_accuracy_20000.csv.gz")
    for epochs, published in ((4, 0.451), (12, 0.618), (36, 0.879)):
        found = rho(*([row[f"val_acc_{n}ep"] for row in rows] for n in (epochs, 108)))
        assert found == pytest.approx(published, abs=0.001)
