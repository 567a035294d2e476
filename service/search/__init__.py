"""Searches that spend few trainings: pure, without a service, a database or torch at import.

A search is a generator: it yields the architecture to train and is sent its accuracy. Where its
scores and accuracies come from is its caller's affair.
"""

from service.search.draws import Draw, named
from service.search.evolution import evolution
from service.search.random_search import random_search
from service.search.reinforce import reinforce
from service.search.space import Scores, Search, Space, of_bench, of_table

__all__ = [
    "Draw",
    "Scores",
    "Search",
    "Space",
    "evolution",
    "named",
    "of_bench",
    "of_table",
    "random_search",
    "reinforce",
]
