"""The two rules against themselves written plainly, and what a frozen population promises."""

import gzip
from math import inf, log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.ensembles import (
    DEFAULT_ENSEMBLE,
    ENSEMBLES,
    Ensemble,
    Population,
    ensemble_values,
    log_rank,
    packed,
    shipped,
    signed,
    unpacked,
)
from service.ensembles.rules import places, wins
from service.protocol import Protocol

NUMBERS = st.integers(-4, 4).map(float)
"""Few, so that many tie."""
UNDEFINED = {bench: {"jacob_cov", "epe_nas"} for bench in ("transnas_micro", "transnas_macro")}
"""By bench, the proxies that have no value there: the logits of a minibatch have a constant sum."""
VOTE = Ensemble("vote3", "", "", "copeland", signed(["a", "b", "c"]))


def population(**scores: list[float]) -> Population:
    size = len(next(iter(scores.values())))
    return Population(
        "made up",
        tuple(f"{index:032x}" for index in range(size)),
        dict.fromkeys(scores, 1),
        {name: np.array(values) for name, values in scores.items()},
    )


def columns(rows: list[tuple[float, ...]]) -> dict[str, NDArray[np.float64]]:
    return {name: np.array(of) for name, of in zip("abc", zip(*rows, strict=True), strict=True)}


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_a_member_has_its_average_rank(values: list[float]) -> None:
    reference = np.array(values)
    assert places(reference, reference) == pytest.approx(rankdata(reference))


@given(st.lists(NUMBERS, min_size=1, max_size=20), st.lists(st.floats(-9, 9), min_size=2))
def test_a_place_grows_with_the_value(reference: list[float], values: list[float]) -> None:
    found = places(np.sort(np.array(values)), np.array(reference))
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0.5
    assert found.max() <= len(reference) + 0.5


def test_between_two_members_it_is_between_their_ranks_and_outside_it_goes_on() -> None:
    reference = np.array([1.0, 3.0, 3.0, 7.0])
    values = np.array([1.0, 2.0, 3.0, 5.0, 7.0])
    # Ranks 1, 2.5, 2.5 and 4.
    assert places(values, reference).tolist() == [1.0, 1.75, 2.5, 3.25, 4.0]
    # One width of six beyond an end is half of the way that is left.
    assert places(np.array([-5.0, 13.0]), reference).tolist() == [0.75, 4.25]
    far = places(np.array([-1e12, -9.0, 20.0, 1e12]), reference)
    assert far[0] == pytest.approx(0.5)
    assert far[3] == pytest.approx(4.5)
    assert (np.diff(far) > 0).all()


def test_who_is_undefined_in_the_population_stands_below_every_value() -> None:
    reference = np.array([-inf, 5.0, -inf])
    assert places(np.array([4.0, 5.0, 6.0]), reference).tolist() == [2.75, 3.0, 3.25]
    assert places(np.array([4.0]), np.array([-inf, -inf])).tolist() == [2.5]


def test_log_rank_is_the_sum_of_logarithms_of_places() -> None:
    reference = population(a=[1.0, 2.0, 3.0], b=[30.0, 10.0, 20.0])
    ensemble = log_rank("both", "a -b", "")
    found = ensemble_values(ensemble, {"a": np.array([3.0]), "b": np.array([10.0])}, reference)
    # The third of three by a, and by the smallest b.
    assert found == pytest.approx([2 * log(3 / 3.5)])
    best = ensemble_values(ensemble, {"a": np.array([1e15]), "b": np.array([-1e15])}, reference)
    assert best == pytest.approx([0.0], abs=1e-9)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=12))
def test_copeland_equals_brute_force(rows: list[tuple[float, float, float]]) -> None:
    scores = columns(list(rows))
    found = ensemble_values(VOTE, scores, population(**{k: v.tolist() for k, v in scores.items()}))
    for index, own in enumerate(rows):
        won = 0.0
        for other in rows:
            ahead = sum(x > y for x, y in zip(own, other, strict=True))
            behind = sum(x < y for x, y in zip(own, other, strict=True))
            won += 1.0 if ahead > behind else 0.5 if ahead == behind else 0.0
        assert found[index] == pytest.approx(won / len(rows))


def test_a_majority_may_go_round_in_a_circle() -> None:
    rows = [(1.0, 2.0, 3.0), (2.0, 3.0, 1.0), (3.0, 1.0, 2.0)]
    reference = np.array(rows).T
    assert wins(reference, reference).tolist() == [0.5, 0.5, 0.5]


@given(st.permutations(range(6)))
def test_a_value_does_not_depend_on_what_it_is_computed_with(order: list[int]) -> None:
    rng = np.random.default_rng(0)
    reference = population(**{name: rng.normal(size=9).tolist() for name in "abc"})
    scores = {name: rng.normal(size=6) for name in "abc"}
    for ensemble in (VOTE, log_rank("l", "a -b c", "")):
        whole = ensemble_values(ensemble, scores, reference)
        shuffled = {name: values[order] for name, values in scores.items()}
        assert ensemble_values(ensemble, shuffled, reference).tolist() == whole[order].tolist()
        alone = {name: values[2:3] for name, values in scores.items()}
        assert ensemble_values(ensemble, alone, reference).tolist() == whole[2:3].tolist()


def test_an_undefined_score_makes_the_ensemble_undefined() -> None:
    reference = population(a=[1.0, 2.0], b=[1.0, nan], c=[1.0, 2.0])
    scores = columns([(1.0, nan, 1.0), (1.0, 1.0, 1.0)])
    for ensemble in (VOTE, log_rank("l", "a b", "")):
        found = ensemble_values(ensemble, scores, reference)
        assert np.isnan(found).tolist() == [True, False]


def test_against_a_large_population_it_ranks_as_ranks_taken_together_do() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=3_000)
    scores = {name: truth + rng.normal(size=3_000) for name in "abc"}
    reference = population(**{name: values[:1_000].tolist() for name, values in scores.items()})
    together = np.sum([np.log(rankdata(v) / 3_000) for v in scores.values()], 0)
    frozen = ensemble_values(log_rank("l", "a b c", ""), scores, reference)
    assert spearmanr(frozen, together).statistic > 0.999


def test_a_population_has_one_digest_and_survives_its_file() -> None:
    one = population(a=[1.0, nan], b=[0.1, 1e300])
    protocol = Protocol("nb201", "fast", "patches", 10, 0, {"resolution": 16}, 32, "0" * 64)
    file = packed(protocol, one)
    assert file == packed(protocol, one)
    again_under, again = unpacked(file)
    assert again_under == protocol
    assert again.sha256 == one.sha256
    assert again.scores["b"].tolist() == one.scores["b"].tolist()
    assert b"NaN" not in gzip.decompress(file)
    assert population(a=[1.0, nan], b=[0.1, 1e299]).sha256 != one.sha256


def test_every_ensemble_is_of_proxies_of_the_catalogue() -> None:
    for ensemble in ENSEMBLES.values():
        assert ensemble.name not in CATALOGUE
        assert ensemble.members.keys() <= CATALOGUE.keys(), ensemble.name
        assert ensemble.summary
    assert set(DEFAULT_ENSEMBLE.values()) <= ENSEMBLES.keys()


@pytest.mark.parametrize("bench", sorted(BENCHES))
def test_a_population_is_shipped_for_what_everyone_asks_first(bench: str) -> None:
    found = {(each.bench, each.name, each.dataset, each.seed): p for each, p in shipped()}
    reference = found[bench, "fast", "patches", 0]
    assert len(reference.hashes) == min(1_000, BENCHES[bench].classes)
    assert reference.revisions == {proxy.name: proxy.revision for proxy in CATALOGUE.values()}
    for name, values in reference.scores.items():
        undefined = name in UNDEFINED.get(bench, set())
        assert (np.isfinite(values).mean() > 0.5) == (not undefined), name
    for ensemble in ENSEMBLES.values():
        values = ensemble_values(ensemble, reference.scores, reference)
        undefined = bool(ensemble.members.keys() & UNDEFINED.get(bench, set()))
        assert (np.isfinite(values).mean() > 0.5) == (not undefined), ensemble.name
    assert not UNDEFINED.get(bench, set()) & ENSEMBLES[DEFAULT_ENSEMBLE[bench]].members.keys()
