"""What the page of the searches says of numbers, on numbers made up for it."""

import numpy as np

from benchmarks.search import page
from benchmarks.search.live import Found
from benchmarks.search.page import Report
from benchmarks.search.plans import Plan
from benchmarks.search.published import CIFAR100
from service.search.incumbent import Curves


def found(plan: Plan, *starts: int) -> Found:
    """Searches that are at 73.3 from these trainings on, and at 70.0 before."""
    every = [np.where(np.arange(1, 301) >= start, 73.3, 70.0) for start in starts]
    curves = [Curves(each, each - 0.1, each + 0.1) for each in every]
    return Found("nb201", "cifar100", plan, 300, curves, 12.0, 0.5)


REPORT = Report(
    found=[
        found(Plan("random", 3000, 0, "e5"), *[40] * 10),
        found(Plan("random", None, 0, "e5"), 20),
        found(Plan("random", None, 0, "synflow"), 5),
        found(Plan("evolution", 0, None, "synflow"), *[90] * 10),
        found(Plan("reinforce", 3000, 0, "e5"), *[30] * 9, 60),
        found(Plan("predictor", 512, 0, "e5"), 1, 1),
    ],
    machine="a machine",
    date="today",
    figures={},
    planned=3,
    minibatches={"nb201": {"e5": 3, "synflow": 1}},
)


def test_who_needs_fewer_is_bold() -> None:
    lines = page.beside_best(REPORT, "validation").splitlines()
    rows = {tuple(line.split(" | ")[:2]): line.split(" | ")[2:] for line in lines}
    assert rows["| random", "*published*"] == [
        *(f"{CIFAR100['random', 'wall'].at[step]:.2f} after {step}" for step in (50, 100, 300)),
        "13 |",
    ]
    assert rows["| random", "`e5`"] == [*["**20 (random wall)**"] * 3, "20 (random wall) |"]
    assert rows["| random", "`synflow`"][-1] == "**5 (random wall)** |"
    assert rows["| evolution", "`synflow`"][:2] == [
        "90 [90, 90] (evolution mall)",
        "**90 [90, 90] (evolution mall)**",
    ]
    assert rows["| evolution", "`e5`"] == ["-"] * 3 + ["- |"]
    # Nine seeds of ten are enough for the mean, but not in every resample.
    assert rows["| reinforce", "`e5`"][0] == "30 [30, 60] (reinforce w3000)"
    assert rows["| any", "`synflow`"][0] == "**5 (random wall)**"


def test_few_seeds_are_shown_and_not_compared() -> None:
    lines = page.beside_best(REPORT, "validation").splitlines()
    (row,) = [line for line in lines if line.startswith("| predictor | `e5` |")]
    assert "| 1 [1, 1] (predictor w512, 2 seeds) |" in row
    assert "**" not in row
    assert "predictor" not in page.lost(REPORT, "validation")
    assert "1 of 3 are there, with 2 to 2 seeds" in page.predictors(REPORT)
    (row,) = [line for line in lines if line.startswith("| any | `e5` |")]
    assert "predictor" not in row


def test_what_is_lost_is_said() -> None:
    said = page.lost(REPORT, "validation")
    assert "after 50 (73.18 by 50): 20, fewer" in said
    assert "up to 73.0 (73.00 by 13): 20, not fewer" in said


def test_every_table_has_its_rows() -> None:
    table = page.nb201(REPORT, "cifar100", "by_validation")
    assert "| random w3000 | *published* | 73.00 | 73.05 | 73.15 | 50 |" in table
    assert "| random w3000 | `e5` | 73.20 [73.20, 73.20] | " in table
    assert "| 40 [40, 40] |" in table
    assert "| random wall | `e5` | 1 | 12 | 36 | 0.50 |" in page.costs(REPORT)
