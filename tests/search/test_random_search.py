"""Random search and its warm-up; what drives every search."""

from itertools import islice

import pytest

from service.search import of_bench, of_table, random_search
from service.search.run import Asked, trained
from tests.search.toy import accuracy, no_scores, scores

SPACE = of_bench("nb201")


def trajectory(seed: int, budget: int, warmup: int = 0) -> list[str]:
    asked = Asked(scores if warmup else no_scores)
    search = random_search(SPACE, asked, seed, warmup=warmup)
    return [each.architecture.hash for each in trained(search, asked, accuracy, budget)]


def test_a_seed_is_a_trajectory_and_nothing_is_trained_twice() -> None:
    first = trajectory(0, 200)
    assert first == trajectory(0, 200)
    assert first[:50] != trajectory(1, 50)
    assert len(set(first)) == 200
    # Pinned: the same on every machine.
    assert first[:2] == ["648d069e8eac3285edf1094bec5e1765", "bf4e4d111bd34a021243e060126dbab0"]


def test_a_warm_up_of_everything_trains_in_the_order_of_the_proxy() -> None:
    best = sorted(SPACE.everything or (), key=lambda each: (-accuracy(each), each.hash))
    assert trajectory(3, 40, warmup=5260) == [each.hash for each in best[:40]]


def test_a_warm_up_of_some_trains_their_best_and_then_goes_on_at_random() -> None:
    asked = Asked(scores)
    search = random_search(SPACE, asked, 5, warmup=30)
    found = list(trained(search, asked, accuracy, 100))
    assert {each.scored for each in found} == {len(asked)}
    warm = [each.accuracy for each in found[: len(asked)]]
    assert warm == sorted(warm, reverse=True)
    assert len(asked) <= 30 < len(found)


def test_a_table_is_searched_until_it_is_empty() -> None:
    some = {each.hash: each for each in islice(SPACE.everything or (), 0, 5260, 500)}
    space = of_table("nb201", some)
    asked = Asked(no_scores)
    found = trained(random_search(space, asked, 0), asked, accuracy, 100)
    assert {each.architecture.hash for each in found} == set(some)
    inside = {n.hash for each in some.values() for n in space.neighbours(each)}
    assert inside <= set(some)


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
def test_decisions_spell_architectures_of_the_bench(bench: str) -> None:
    space = of_bench(bench)
    last = [options - 1 for options in space.decisions.options]
    if bench == "nb201":
        found = space.decisions.read(last)
        assert found is not None
        assert found == space.bench.read({"ops": ["avg_pool_3x3"] * 6}).architecture
    else:
        # Every pair joined is more edges than the bench has.
        assert space.decisions.read(last) is None
        path = [0] * len(last)
        for place in (0, 6, 11, 15, 18, 20):
            path[place] = 1
        found = space.decisions.read(path)
        assert found is not None
        assert str(found.spec["ops"]).count("conv3x3") == 5
