"""Every metric beside SciPy, and beside plain versions that go through all orders of the ties."""

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from service.evidence import METRICS, Interval, Members, Undefined, findings
from service.evidence.findings import Measure
from tests.evidence import plain

T = TypeVar("T")

Rows = list[tuple[int | None, int]]
"""A score, or none, and an accuracy."""

ROWS = st.lists(
    st.tuples(st.none() | st.integers(-3, 3), st.integers(0, 4)), min_size=2, max_size=40
)
FEW = st.lists(st.tuples(st.none() | st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=6)


def members(rows: Rows, larger: bool, owners: Sequence[int] | None = None) -> Members:
    scores, accuracies = zip(*rows, strict=True)
    return Members(
        np.arange(len(rows)) if owners is None else np.array(owners),
        np.array([np.nan if score is None else float(score) for score in scores]),
        np.array(accuracies, float),
        larger,
    )


def measured(of: Members, counts: Any) -> dict[str, float]:
    measure = Measure(of)
    finished(measure.prepare())
    found = finished(measure.of(np.array([counts, np.ones_like(counts)], np.int64)))
    return {name: float(values[0]) for name, values in found.items()}


def finished(slices: Generator[None, None, T]) -> T:
    while True:
        try:
            next(slices)
        except StopIteration as ended:
            value: T = ended.value
            return value


def run(of: Members, question: str = "question") -> Any:
    return finished(findings(question, of))


@settings(deadline=None, max_examples=300)
@given(ROWS, st.booleans(), st.data())
def test_resamples_are_what_scipy_says_of_the_list_written_out(
    rows: Rows, larger: bool, data: st.DataObject
) -> None:
    """Members with multiplicities, against SciPy on the members repeated."""
    of = members(rows, larger)
    often = st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))
    counts = np.array(data.draw(often))
    merits = np.repeat([plain.merit(score, larger) for score, _ in rows], counts)
    truths = np.repeat([float(truth) for _, truth in rows], counts)
    assume(len(set(merits)) > 1)
    assume(len(set(truths)) > 1)
    found = measured(of, counts)
    sign = 1 if larger else -1
    places = np.unique(merits, return_inverse=True)[1]
    assert found["spearman"] == pytest.approx(sign * spearmanr(places, truths).statistic, abs=1e-12)
    tau = sign * kendalltau(places, truths).statistic
    assert found["kendall_tau_b"] == pytest.approx(tau, abs=1e-12)
    agreement = plain.pairwise(merits.tolist(), truths.tolist())
    assert found["pairwise_agreement"] == pytest.approx(agreement, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(FEW, st.booleans(), st.integers(1, 6), st.integers(1, 6))
def test_ties_are_broken_by_lot(rows: Rows, larger: bool, first: int, best: int) -> None:
    """The closed forms, against the mean over all orders that the ties allow."""
    from service.evidence import selection
    from service.evidence.levels import Levels

    assume(max(first, best) <= len(rows))
    of = members(rows, larger)
    merits, truths = Levels(of.merits), Levels(of.truths)
    ones = np.ones((1, len(rows)), np.int64)
    chances = [
        selection.chosen(levels.totals(ones), np.array([number]))
        for levels, number in ((merits, first), (truths, best))
    ]
    found = selection.found(ones, merits, truths, *chances)[0] / best
    plainly = [plain.merit(score, larger) for score, _ in rows]
    expected = plain.overlap(plainly, [truth for _, truth in rows], first, best)
    assert found == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=100)
@given(FEW, st.booleans())
def test_ndcg_is_the_mean_over_the_orders_of_ties(rows: Rows, larger: bool) -> None:
    truths = [truth for _, truth in rows]
    assume(len(set(truths)) > 1)
    of = members(rows, larger)
    found = measured(of, np.ones(len(rows), np.int64))
    gains = [(truth - min(truths)) / (max(truths) - min(truths)) for truth in truths]
    merits = [plain.merit(score, larger) for score, _ in rows]
    assert found["ndcg@64"] == pytest.approx(plain.ndcg(merits, gains, 64), abs=1e-12)


def test_ndcg_looks_at_the_first_64() -> None:
    rng = np.random.default_rng(1)
    scores, accuracies = rng.permutation(300).astype(float), rng.random(300)
    of = Members(np.arange(300), scores, accuracies, True)
    gains = (accuracies - accuracies.min()) / (accuracies.max() - accuracies.min())
    expected = plain.ndcg(scores.tolist(), gains.tolist(), 64)
    found = measured(of, np.ones(300, np.int64))
    assert found["ndcg@64"] == pytest.approx(expected, abs=1e-12)
    # Of the true best twentieth, 15, and the best tenth by each, 30; there are no ties.
    by_score, by_truth = np.argsort(-scores), np.argsort(-accuracies)
    assert found["top5_in_best64"] == len(set(by_score[:64]) & set(by_truth[:15])) / 15
    assert found["precision@10%"] == len(set(by_score[:30]) & set(by_truth[:30])) / 30


@settings(deadline=None, max_examples=100)
@given(ROWS, st.booleans(), st.data())
def test_multiplicities_are_repetitions(rows: Rows, larger: bool, data: st.DataObject) -> None:
    """Of the metrics of selection too, whose gains are those of the set."""
    often = st.lists(st.integers(1, 3), min_size=len(rows), max_size=len(rows))
    counts = data.draw(often)
    of = members(rows, larger)
    assume(len(set(of.accuracies)) > 1)
    repeated = members(
        [row for row, times in zip(rows, counts, strict=True) for _ in range(times)], larger
    )
    once = measured(repeated, np.ones(len(repeated), np.int64))
    assert measured(of, np.array(counts)) == pytest.approx(once, abs=1e-12)


@pytest.mark.parametrize("larger", [True, False])
def test_the_values_are_scipys(larger: bool) -> None:
    rng = np.random.default_rng(2)
    accuracies = rng.normal(size=500).round(1)
    scores = (accuracies * (1 if larger else -1) + rng.normal(size=500)).round(1)
    found = run(Members(np.arange(500), scores, accuracies, larger)).all
    assert list(found.metrics) == list(METRICS)
    rho, tau = found.metrics["spearman"], found.metrics["kendall_tau_b"]
    assert rho.value == pytest.approx(spearmanr(scores, accuracies).statistic, abs=1e-12)
    assert tau.value == pytest.approx(kendalltau(scores, accuracies).statistic, abs=1e-12)
    # Signed: of the score itself. What selects goes by the direction.
    assert (rho.value > 0.5) == larger
    assert found.metrics["pairwise_agreement"].value > 0.7
    assert found.metrics["precision@10%"].value > 0.3
    for each in found.metrics.values():
        assert each.low <= each.value <= each.high
        assert each.high - each.low > 0.01


def test_undefined_scores_come_last_tied_and_counted() -> None:
    rng = np.random.default_rng(3)
    accuracies = rng.random(200)
    for larger in (True, False):
        scores = accuracies * (1 if larger else -1)
        missing = scores.copy()
        missing[:50] = np.nan
        worst = scores.copy()
        worst[:50] = scores.min() - 1 if larger else scores.max() + 1
        found = run(Members(np.arange(200), missing, accuracies, larger))
        replaced = run(Members(np.arange(200), worst, accuracies, larger))
        assert found.all.metrics == replaced.all.metrics
        assert (found.all.undefined, replaced.all.undefined) == (50, 0)
        assert abs(found.all.metrics["spearman"].value) < 0.9


def test_inside_the_true_top_tenth() -> None:
    rng = np.random.default_rng(4)
    accuracies = rng.permutation(400).astype(float)
    scores = rng.random(400)
    of = Members(np.arange(400), scores, accuracies, True)
    found = run(of).top_tenth
    within = accuracies >= 360
    assert (found.members, found.architectures) == (40, 40)
    rho = spearmanr(scores[within], accuracies[within]).statistic
    assert found.metrics["spearman"].value == pytest.approx(rho, abs=1e-12)
    assert found.metrics["top5_in_best64"] == Undefined("all 40 are among the best 64")
    tied = np.minimum(accuracies, 340.0)
    assert len(Members(np.arange(400), scores, tied, True).top_tenth()) == 60


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([(n, n) for n in range(7)], "only 7 architectures have both a score and an accuracy"),
        ([], "only 0 architectures"),
        ([(1, n) for n in range(40)], "the score is the same for all"),
        ([(None, n) for n in range(40)], "the score is the same for all"),
        ([(n, 1) for n in range(40)], "the accuracy is the same for all"),
    ],
)
def test_what_cannot_be_said_has_its_reason(rows: Rows, reason: str) -> None:
    scores = np.array([np.nan if score is None else float(score) for score, _ in rows])
    accuracies = np.array([truth for _, truth in rows], float)
    found = run(Members(np.arange(len(rows)), scores, accuracies, True))
    assert set(found.all.metrics) == set(METRICS)
    for each in found.all.metrics.values():
        assert each.undefined.startswith(reason)
    assert found.all.members == len(rows)


def test_spellings_of_few_architectures_are_few() -> None:
    rows: Rows = [(n % 10, n) for n in range(200)]
    found = run(members(rows, True, owners=[n % 10 for n in range(200)]))
    assert found.all.architectures == 10
    assert "only 10 architectures" in found.all.metrics["spearman"].undefined


def test_the_best_tenth_may_be_too_few() -> None:
    found = run(members([(n, n) for n in range(100)], True))
    assert isinstance(found.all.metrics["spearman"], Interval)
    reason = "only 10 architectures are in the true top tenth; at least 20 are needed"
    assert found.top_tenth.metrics["spearman"] == Undefined(reason)
