"""The binary-relation predictor: a graph network learns what is better, and says what to train.

Dudziak et al., BRP-NAS: Prediction-based NAS using GCNs, NeurIPS 2020, section 4, and Abdelfattah
et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021, section 4; where they leave it open, as in
the code that the former released. Labels come in rounds. After each the network learns on from the
weights that it has, of all labels so far. In round i = 1, 2, ... one half are those that it ranks
best, the other a random part of its best 1/2^i; round 0 is random. With a warm-up the network first
learns the order that the proxy gives to some architectures, and round 0 is chosen as round 1 is.
After the rounds all others follow in the predicted order.
"""

from collections.abc import Collection, Mapping, Sequence
from math import isfinite

import torch

from service.search.draws import Draw, chosen, named
from service.search.graph_network import GraphNetwork, graphs
from service.search.pair_training import learn, standardised
from service.search.space import Scores, Search, Space
from service.search.warmup import candidates

ROUNDS = 5
ROUND = 20
"""Architectures that a round trains: 100 labels in all, as in both papers."""

POOL = 50_000
"""Samples that the candidates are of where a space cannot be listed. Of NB101 they are some 8,400
architectures, drawn in some 6 seconds and ranked in 2."""

EPOCHS_A_ROUND = 200
"""In all rounds: BRP-NAS has 50, 100, ... 250 of another kind, see `pair_training`. Few labels are
few steps an epoch, and with 40, 80, ... the first rounds found worse cells of NB201. All rounds
together take a core some 50 seconds."""

WARMUP_EPOCHS = 50
"""256 labels take a core some 10 seconds, 512 twice as many."""


def predictor_search(space: Space, scores: Scores, seed: int, *, warmup: int = 0) -> Search:
    """Trains what the network expects to be best; `warmup` architectures teach it the proxy first.

    Candidates are the whole space, or `POOL` samples of one that cannot be listed; it ends when all
    are trained. The trajectory depends on `torch.set_num_threads`: the caller sets it, once a
    process. Some seconds pass between rounds.
    """
    name = f"search/predictor/{seed}"
    draw = named(name)
    pool = space.everything or candidates(space, draw, POOL)
    cells = graphs([space.bench.vertices(each.spec) for each in pool])
    network = GraphNetwork(name)

    def ranking(labels: Mapping[int, float], epochs: int, part: str) -> list[int]:
        """Places in the pool, the best first, once the network has learnt these labels, too."""
        if labels:
            rows, values = torch.tensor(list(labels)), standardised(list(labels.values()))
            learn(network, cells.of(rows), values, epochs, f"{name}/{part}")
        found: list[int] = network.values(cells).argsort(descending=True, stable=True).tolist()
        return found

    ranked: list[int] = []
    if warmup:
        some = chosen(draw, range(len(pool)), warmup)
        found = zip(some, scores([pool[place] for place in some]), strict=True)
        proxy = {place: score for place, score in found if isfinite(score)}
        ranked = ranking(proxy, WARMUP_EPOCHS, "warmup")
    accuracies: dict[int, float] = {}
    for number in range(ROUNDS):
        if ranked:
            places = halves(ranked, max(number, 1), accuracies, draw)
        else:
            places = chosen(draw, range(len(pool)), ROUND)
        if not places:
            return
        for place in places:
            accuracies[place] = yield pool[place]
        ranked = ranking(accuracies, EPOCHS_A_ROUND, f"round {number}")
    for place in ranked:
        if place not in accuracies:
            yield pool[place]


def halves(ranked: Sequence[int], number: int, trained: Collection[int], draw: Draw) -> list[int]:
    """A round's places: the best ones untrained, and as many random ones of the best 1/2^number.

    Fewer where fewer are left. `ranked` has the best first.
    """
    best = [place for place in ranked if place not in trained][: ROUND // 2]
    top = ranked[: max(1, len(ranked) // 2**number)]
    rest = [place for place in top if place not in trained and place not in best]
    return best + chosen(draw, rest, ROUND - ROUND // 2)
