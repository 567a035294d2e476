"""Architectures drawn uniformly: each class as likely as any other."""

from collections import Counter
from math import sqrt

import pytest

from service.benches import BENCHES
from service.benches.nb101_cell import MAX_EDGES, OPERATIONS, graph_hash, pruned, relabellings
from service.benches.nb101_uniform import _numbered, uniform_cells


@pytest.mark.parametrize("bench", BENCHES.values(), ids=BENCHES)
def test_they_are_different_the_same_for_everyone_and_representatives(bench: object) -> None:
    found = bench.uniform(30, 4)  # type: ignore[attr-defined]
    assert len({each.hash for each in found}) == 30
    assert found == bench.uniform(30, 4)  # type: ignore[attr-defined]
    assert found[:10] == bench.uniform(10, 4)  # type: ignore[attr-defined]
    assert found != bench.uniform(30, 5)  # type: ignore[attr-defined]
    for each in found:
        assert bench.read(each.spec).architecture == each  # type: ignore[attr-defined]


def test_all_of_nb201_is_drawn_once() -> None:
    bench = BENCHES["nb201"]
    assert {each.hash for each in bench.uniform(5_260, 0)} == {
        each.architecture.hash
        for each in bench.everything()  # type: ignore[misc]
    }
    with pytest.raises(ValueError, match="5260 architectures"):
        bench.uniform(5_261, 0)


@pytest.mark.parametrize(("vertices", "classes"), [(2, 1), (3, 3 + 3), (4, 84)])
def test_a_class_is_drawn_once_for_each_of_its_numberings(vertices: int, classes: int) -> None:
    numbers = 2 ** (vertices * (vertices - 1) // 2) * len(OPERATIONS) ** (vertices - 2)
    cells = [_numbered(number, vertices) for number in range(numbers)]
    assert len(set(cells)) == numbers
    kept = [c for c in cells if len(c.edges) <= MAX_EDGES and pruned(c) == c]
    drawn = Counter(map(graph_hash, kept))
    assert len(drawn) == classes
    for cell in kept:
        assert drawn[graph_hash(cell)] == len(relabellings(cell))


def test_nb101s_sizes_come_up_as_often_as_there_are_classes() -> None:
    cells = uniform_cells(1)
    n, share = 300, 1 - 64_542 / 423_624
    seven = sum(next(cells).vertices == 7 for _ in range(n))
    assert abs(seven - n * share) < 5 * sqrt(n * share * (1 - share))
