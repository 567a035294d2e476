"""What an ensemble is, and those that are built in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from service.benches import BENCHES
from service.catalogue import AZ_NAS, ZERO_COST

Rule = Literal["log_rank", "copeland"]
Sign = Literal[1, -1]

OWN = "nascore"


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Several proxies ranked as one: the larger value promises the better network."""

    name: str
    summary: str
    source: str
    rule: Rule
    members: Mapping[str, Sign]
    """By proxy of the catalogue: -1 where the smaller value counts as the better one."""
    labels: str | None = None
    """How trained accuracies had a part in choosing it; None where they had none."""
    evidence: Mapping[str, str] = field(default_factory=dict)
    """By bench, where it was measured: how well it ranks."""


def log_rank(
    name: str,
    members: str,
    summary: str,
    source: str = OWN,
    labels: str | None = None,
) -> Ensemble:
    """Σ ln(rank/n) of the proxies that `members` names; a minus sign before one turns it round."""
    return Ensemble(name, summary, source, "log_rank", signed(members.split()), labels)


def signed(names: list[str]) -> Mapping[str, Sign]:
    """`["flops", "-params"]` by proxy, with its sign."""
    return MappingProxyType({name.removeprefix("-"): -1 if name[0] == "-" else 1 for name in names})


def _evidence(name: str) -> Mapping[str, str]:
    return {
        bench.name: bench.ensembles[name] for bench in BENCHES.values() if name in bench.ensembles
    }


_BUILT_IN = (
    Ensemble(
        "vote",
        "majority of synflow, jacob_cov and snip on each pair: the share of the reference "
        "population that it beats (Copeland)",
        ZERO_COST,
        "copeland",
        signed(["synflow", "jacob_cov", "snip"]),
    ),
    log_rank(
        "paper3",
        "synflow jacob_cov snip",
        "the three proxies of vote, by their ranks and not by majority",
    ),
    log_rank(
        "az_nas",
        "expressivity progressivity trainability flops",
        "the four proxies of AZ-NAS; its complexity is flops",
        AZ_NAS,
    ),
    log_rank(
        "az3",
        "flops expressivity trainability",
        "AZ-NAS without progressivity; needs no images",
    ),
    log_rank(
        "e5",
        "jacob_cov expressivity trainability synflow flops",
        "what the network's answers, its features and its weights say, and its cost",
    ),
    log_rank(
        "jacob_cov_flops",
        "jacob_cov flops",
        "two proxies alone: the cheapest that ranks NB201 well",
    ),
    log_rank(
        "e5_paths",
        "jacob_cov expressivity trainability synflow flops structural_identity_paths",
        "e5 and the number of identity paths from input to output",
        labels="the number of identity paths was added because it ranks the true top 10 % of NB201",
    ),
    log_rank(
        "structure_nb201",
        "params structural_synflow -structural_pools",
        "structure alone, nothing run: parameters, expected flow, few pools",
        labels="members and signs were chosen on NB201's accuracies",
    ),
    log_rank(
        "structure_nb101",
        "params -structural_pools_per_path -structural_path_length",
        "structure alone, nothing run: parameters, few pools, short paths",
        labels="members and signs were chosen on NB101's accuracies",
    ),
)

ENSEMBLES: Mapping[str, Ensemble] = MappingProxyType(
    {each.name: replace(each, evidence=_evidence(each.name)) for each in _BUILT_IN}
)
"""The built-in ensembles by name, in the order in which answers list them."""

DEFAULT_ENSEMBLE: Mapping[str, str] = MappingProxyType(
    {bench.name: bench.default_ensemble for bench in BENCHES.values()}
)
"""By bench: what `/rank` ranks by when it is not told."""
