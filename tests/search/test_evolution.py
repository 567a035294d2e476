"""Aging evolution by its definition; the children that a move takes."""

from collections import deque

from service.benches.bench import Architecture
from service.search import evolution, of_bench, of_table
from service.search.evolution import BEST_CHILD, POOL, TOURNAMENT
from service.search.run import Asked, trained
from tests.search.toy import accuracy, no_scores, scores

SPACE = of_bench("nb201")


def test_a_child_is_an_edit_of_a_tournament_s_best_and_the_oldest_dies() -> None:
    search = evolution(SPACE, no_scores, 0)
    pool: deque[tuple[float, str]] = deque()
    edits: dict[str, set[str]] = {}
    proposed = next(search)
    for step in range(400):
        if step >= POOL:
            # The best of ten is better than nine others, whichever were drawn.
            parents = [key for _, key in sorted(pool)[TOURNAMENT - 1 :]]
            worst = min(value for value, key in pool if key in parents)
            parents = [key for value, key in pool if value >= worst]
            assert any(proposed.hash in edits[key] for key in parents)
            pool.popleft()
        edits[proposed.hash] = {each.hash for each in SPACE.neighbours(proposed)}
        pool.append((accuracy(proposed), proposed.hash))
        proposed = search.send(accuracy(proposed))


def test_the_best_has_children_until_it_is_too_old() -> None:
    search = evolution(SPACE, no_scores, 1)
    proposed = next(search)
    for _ in range(POOL - 1):
        proposed = search.send(0.0)
    edits = {each.hash for each in SPACE.neighbours(proposed)}
    children = []
    proposed = search.send(100.0)
    for _ in range(2 * POOL):
        children.append(proposed.hash in edits)
        # Its own children, whose neighbours are often its own, win nothing.
        proposed = search.send(-1.0 if children[-1] else 0.0)
    # It wins each tournament that it is drawn for, ten of 64; its 64th successor takes its place.
    assert sum(children[:POOL]) > 2 * sum(children[POOL:])


def test_a_move_takes_the_best_new_child_three_times_of_four() -> None:
    search = evolution(SPACE, scores, 2, moves=10_000)
    trained: set[str] = set()
    pool: deque[Architecture] = deque(maxlen=POOL)
    proposed = next(search)
    best = 0
    for step in range(POOL + 200):
        if step >= POOL:
            left = (
                [accuracy(each) for each in SPACE.neighbours(parent) if each.hash not in trained]
                for parent in pool
            )
            new = {max(values) for values in left if values}
            best += accuracy(proposed) in new
        trained.add(proposed.hash)
        pool.append(proposed)
        proposed = search.send(accuracy(proposed))
    # 200 throws: three standard deviations are .09.
    assert abs(best / 200 - BEST_CHILD) < 0.12


def test_a_warm_up_s_best_are_the_first_pool() -> None:
    asked = Asked(scores)
    found = list(trained(evolution(SPACE, asked, 3, warmup=5260), asked, accuracy, POOL))
    everything = sorted((accuracy(each) for each in SPACE.everything or ()), reverse=True)
    assert [each.accuracy for each in found] == everything[:POOL]


def test_a_table_without_neighbours_is_searched_at_random() -> None:
    # Twelve convolutions apart: no two of them are one edit from one another.
    specs = [{"ops": [name] * 6} for name in ("none", "nor_conv_1x1", "nor_conv_3x3")]
    some = [SPACE.bench.read(spec).architecture for spec in specs]
    space = of_table("nb201", {each.hash: each for each in some})
    asked = Asked(scores)
    found = trained(evolution(space, asked, 4, moves=9), asked, accuracy, 10)
    assert {each.architecture.hash for each in found} == {each.hash for each in some}
