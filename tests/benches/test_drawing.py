"""Cells as they are drawn: what holds for every drawing, and a few that are known."""

from collections import Counter
from itertools import combinations, pairwise

import pytest

from service.benches import BENCHES, Spec
from service.benches.drawing import LABELS, VERTEX_HEIGHT, VERTEX_WIDTH, Drawing, drawing
from service.benches.structure import Vertex


def drawn(bench: str, spec: Spec) -> Drawing:
    return drawing(BENCHES[bench].vertices(spec))


def crossings(found: Drawing) -> int:
    """Of the lines between layers."""
    lines = []
    for edge in found.edges:
        ends = [found.vertices[edge.source][2:], *edge.through, found.vertices[edge.target][2:]]
        lines += list(pairwise(ends))
    return sum(
        (a[0][0], a[1][0]) == (b[0][0], b[1][0]) and (a[0][1] - b[0][1]) * (a[1][1] - b[1][1]) < 0
        for a, b in combinations(lines, 2)
    )


@pytest.mark.parametrize("bench", BENCHES)
def test_every_operation_and_edge_is_there_and_none_stands_on_another(bench: str) -> None:
    for reading in BENCHES[bench].sample(150, 9):
        vertices = BENCHES[bench].vertices(reading.architecture.spec)
        found = drawing(vertices)
        assert [vertex.kind for vertex in found.vertices] == [kind for kind, _ in vertices]
        assert Counter({edge[:2]: edge.times for edge in found.edges}) == Counter(
            (source, target) for target, (_, read) in enumerate(vertices) for source in read
        )
        boxes = [(vertex.x, vertex.y) for vertex in found.vertices]
        for x, y in boxes + [point for edge in found.edges for point in edge.through]:
            assert VERTEX_WIDTH / 2 <= x <= found.width - VERTEX_WIDTH / 2
            assert 0 <= y <= found.height
        for (x, y), (other_x, other_y) in combinations(boxes, 2):
            assert abs(x - other_x) >= VERTEX_WIDTH or abs(y - other_y) >= VERTEX_HEIGHT + 8
        for edge in found.edges:
            source, target = found.vertices[edge.source], found.vertices[edge.target]
            xs = [source.x, *(x for x, _ in edge.through), target.x]
            assert xs == sorted(set(xs))
            for bend_x, bend_y in edge.through:
                assert all(bend_x != x or abs(bend_y - y) > VERTEX_HEIGHT / 2 for x, y in boxes), (
                    reading
                )
        assert all(len(vertex.label) <= 6 for vertex in found.vertices)


@pytest.mark.parametrize("bench", BENCHES)
def test_all_spellings_of_a_class_are_drawn_alike(bench: str) -> None:
    for reading in BENCHES[bench].sample(10, 4):
        spellings = BENCHES[bench].spellings(reading.asked)
        assert {drawn(bench, spelling) for spelling in (*spellings, reading.asked)} == {
            drawn(bench, reading.architecture.spec)
        }


def test_a_chain_is_one_straight_line() -> None:
    found = drawing([Vertex("input", ()), Vertex("pool", (0,)), Vertex("output", (1,))])
    assert [vertex.label for vertex in found.vertices] == ["in", LABELS["pool"], "out"]
    assert {vertex.y for vertex in found.vertices} == {VERTEX_HEIGHT / 2}
    assert found.height == VERTEX_HEIGHT


def test_an_edge_past_an_operation_goes_around_it() -> None:
    found = drawing([Vertex("input", ()), Vertex("pool", (0,)), Vertex("output", (0, 0, 1))])
    around = next(edge for edge in found.edges if edge[:2] == (0, 2))
    assert around.times == 2
    ((x, y),) = around.through
    assert x == found.vertices[1].x
    assert abs(y - found.vertices[1].y) > VERTEX_HEIGHT / 2


def test_without_a_path_input_and_output_stand_apart() -> None:
    found = drawn("nb201", {"ops": ["none"] * 6})
    assert [vertex.kind for vertex in found.vertices] == ["input", "output"]
    assert found.vertices[0].x < found.vertices[1].x
    assert found.edges == ()


def test_branches_that_need_not_cross_do_not() -> None:
    # Written so that each branch begins above and ends below the other.
    vertices = [
        Vertex("input", ()),
        Vertex("convolution_3x3", (0,)),
        Vertex("convolution_1x1", (0,)),
        Vertex("pool", (2,)),
        Vertex("convolution_3x3", (1,)),
        Vertex("output", (3, 4)),
    ]
    assert crossings(drawing(vertices)) == 0
    every = [drawn("nb101", reading.asked) for reading in BENCHES["nb101"].sample(150, 9)]
    # Four in five cells of at most nine edges have a drawing without.
    assert sum(crossings(each) == 0 for each in every) > 120
