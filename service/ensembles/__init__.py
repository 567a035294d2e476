"""Ensembles: several proxies ranked as one, against a population that does not move."""

from service.ensembles.entry import DEFAULT_ENSEMBLE, ENSEMBLES, Ensemble, Rule, log_rank, signed
from service.ensembles.population import Population
from service.ensembles.rules import ensemble_values
from service.ensembles.shipped import packed, shipped, unpacked

__all__ = [
    "DEFAULT_ENSEMBLE",
    "ENSEMBLES",
    "Ensemble",
    "Population",
    "Rule",
    "ensemble_values",
    "log_rank",
    "packed",
    "shipped",
    "signed",
    "unpacked",
]
