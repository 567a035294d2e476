"""Slow, plain versions: one architecture at a time, ties broken in every way there is."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from math import inf, log2
from statistics import mean


def pairwise(merits: Sequence[float], truths: Sequence[float]) -> float:
    """Of the pairs with different truths, the share in the right order; a tie is half."""
    points = [
        0.5 if a == b else float((a < b) == (x < y))
        for (a, x), (b, y) in combinations(list(zip(merits, truths, strict=True)), 2)
        if x != y
    ]
    return mean(points)


def orders(values: Sequence[float]) -> Iterator[list[int]]:
    """Every order of the indices, best first, that the ties allow."""
    groups = [
        [index for index, value in enumerate(values) if value == level]
        for level in sorted(set(values), reverse=True)
    ]
    for parts in product(*(permutations(group) for group in groups)):
        yield [index for part in parts for index in part]


def overlap(merits: Sequence[float], truths: Sequence[float], first: int, best: int) -> float:
    """Of the `best` truest, the share among the `first` by merit, over all orders of the ties."""
    return mean(
        len(set(by_merit[:first]) & set(by_truth[:best])) / best
        for by_merit, by_truth in product(list(orders(merits)), list(orders(truths)))
    )


def ndcg(merits: Sequence[float], gains: Sequence[float], first: int) -> float:
    """Over all orders that the ties of merit allow."""

    def gained(order: Sequence[int]) -> float:
        return sum(gains[index] / log2(2 + place) for place, index in enumerate(order[:first]))

    ideal = gained(next(orders(gains)))
    return mean(gained(order) for order in orders(merits)) / ideal


def merit(score: float | None, larger: bool) -> float:
    """The score, turned so that the larger is the better; undefined is worst."""
    if score is None:
        return -inf
    return score if larger else -score
