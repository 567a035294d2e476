"""The rounds of the predictor search."""

from collections.abc import Sequence
from itertools import islice
from math import inf
from statistics import mean

import pytest
import torch

from service.benches.bench import Architecture
from service.search import named, of_bench, of_table, predictor
from service.search.predictor import ROUND, halves, predictor_search
from service.search.run import Asked, trained
from tests.search.toy import accuracy, no_scores, scores

EVERYTHING = of_bench("nb201").everything or ()
TABLE = {each.hash: each for each in EVERYTHING[::40]}
SPACE = of_table("nb201", TABLE)


pytestmark = pytest.mark.usefixtures("_one_thread")


@pytest.fixture(autouse=True)
def _few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learnt in a round takes 3 seconds otherwise, and these tests need no more."""
    monkeypatch.setattr(predictor, "EPOCHS_A_ROUND", 30)


def vertices(architecture: Architecture) -> float:
    return float(len(str(architecture.spec["ops"])))


def trajectory(seed: int, budget: int, warmup: int = 0) -> list[Architecture]:
    asked = Asked(scores if warmup else no_scores)
    search = predictor_search(SPACE, asked, seed, warmup=warmup)
    return [each.architecture for each in trained(search, asked, accuracy, budget)]


def test_a_round_is_half_the_best_and_half_of_the_top() -> None:
    ranked = list(range(400))
    known = {0, 2, 4, 100}
    for number in (1, 2, 3, 4):
        draws = [halves(ranked, number, known, named(f"{number}/{i}")) for i in range(200)]
        assert {tuple(draw[:10]) for draw in draws} == {(1, 3, 5, 6, 7, 8, 9, 10, 11, 12)}
        rest = [place for draw in draws for place in draw[10:]]
        assert all(len(set(draw)) == ROUND for draw in draws)
        # 2,000 draws leave none of the top out.
        assert set(rest) == set(range(13, 400 >> number)) - known
    assert halves([3, 1, 2], 4, {1}, named("few")) == [3, 2]


def test_what_it_ranks_best_is_better_and_a_resumed_run_is_the_same() -> None:
    found = trajectory(0, ROUND + 12)
    assert len({each.hash for each in found}) == ROUND + 12
    values = [accuracy(each) for each in found]
    assert mean(values[ROUND : ROUND + 10]) > mean(sorted(values[:ROUND])[10:])
    # A run that was interrupted is replayed from its accuracies.
    torch.manual_seed(1)
    search = predictor_search(SPACE, no_scores, 0)
    replayed = [next(search)]
    while len(replayed) < len(found):
        replayed.append(search.send(accuracy(replayed[-1])))
    assert replayed == found
    assert trajectory(1, 1) != found[:1]


def test_a_warm_up_makes_the_first_round_good() -> None:
    warm = [accuracy(each) for each in trajectory(2, ROUND, warmup=30)]
    everything = sorted(map(accuracy, TABLE.values()))
    # What is ranked best is mostly of the best quarter, the rest of the upper half.
    assert mean(warm[:10]) > everything[len(TABLE) * 3 // 4]
    assert mean(warm[10:]) > everything[len(TABLE) // 2]


def test_architectures_without_a_score_teach_nothing() -> None:
    asked: list[Architecture] = []

    def undefined(architectures: Sequence[Architecture]) -> list[float]:
        asked.extend(architectures)
        return [-inf] * len(architectures)

    search = predictor_search(SPACE, undefined, 0, warmup=50)
    assert next(search).hash in TABLE
    assert len({each.hash for each in asked}) == 50


def test_a_space_that_cannot_be_listed_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "POOL", 50)
    search = predictor_search(of_bench("nb101"), no_scores, 0)
    found = [each.architecture.hash for each in trained(search, Asked(no_scores), vertices, 25)]
    assert len(set(found)) == 25


def test_a_small_table_is_searched_until_it_is_empty() -> None:
    few = {each.hash: each for each in islice(EVERYTHING, 1, 5260, 1000)}
    search = predictor_search(of_table("nb201", few), no_scores, 0)
    found = list(trained(search, Asked(no_scores), accuracy, 100))
    assert sorted(each.architecture.hash for each in found) == sorted(few)
