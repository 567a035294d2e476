"""How the graph network learns which of two cells is better, from cells with labels.

The loss is that of BRP-NAS's released code: on every ordered pair the Kullback-Leibler divergence
of the predicted softmax from the softmax of the two labels. AdamW, its rate, its weight decay and a
cosine to 0 are from there, too.

What differs. There an epoch has all ordered pairs, a step up to 60 of them and both cells of each,
and training stops early where the loss has not fallen for 35 epochs: up to 90,000 steps a search,
hours on a CPU. Here an epoch has every cell once, a step embeds `CELLS_A_STEP` cells and takes all
ordered pairs of them, and all epochs are run. There the state with the lowest loss is meant to be
kept, and in effect the last one is; here it is the last one. And labels are standardised. The
softmax of two labels depends on their unit: the accuracies there were "normalized", which made no
noticeable difference; how, and what was done to the scores of a proxy, could not be found out.
"""

from collections.abc import Sequence
from math import ceil, cos, pi

import torch
from torch import Tensor
from torch.optim import AdamW

from service.search.draws import chosen, named
from service.search.graph_network import GraphNetwork, Graphs, dropout

LEARNING_RATE = 3.5e-4
WEIGHT_DECAY = 5e-4
"""Both as in BRP-NAS."""

CELLS_A_STEP = 20
"""380 pairs. Fewer cells a step make more steps of the same passes, but of fewer pairs each."""


def standardised(labels: Sequence[float]) -> Tensor:
    """Labels of mean 0 and deviation 1, float32; 0 where all are equal."""
    found = torch.tensor(labels, dtype=torch.float64)
    deviation = found.std(correction=0)
    return ((found - found.mean()) / (deviation if deviation else 1)).float()


def pair_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean divergence over the ordered pairs of different cells, at least two cells.

    `logits` (cells, cells, 2) are of the pair (row, column), `labels` (cells,).
    """
    cells = len(labels)
    pairs = torch.stack(
        [labels[:, None].expand(cells, cells), labels[None].expand(cells, cells)], dim=-1
    )
    wanted = pairs.log_softmax(-1)
    divergence = (wanted.exp() * (wanted - logits.log_softmax(-1))).sum(-1)
    return (divergence.sum() - divergence.diagonal().sum()) / (cells * (cells - 1))


def learn(network: GraphNetwork, graphs: Graphs, labels: Tensor, epochs: int, name: str) -> None:
    """Trains the network in place, from the weights that it has; one cell teaches it nothing.

    The order of the cells and the dropout come from streams whose names begin with `name`.
    """
    cells = len(labels)
    if cells < 2:
        return
    optimiser = AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    drop, draw = dropout(f"{name}/dropout"), named(f"{name}/order")
    # Parts of about equal size, none of a single cell.
    parts = max(1, min(ceil(cells / CELLS_A_STEP), cells // 2))
    for epoch in range(epochs):
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * (1 + cos(pi * epoch / epochs)) / 2
        order = torch.tensor(chosen(draw, range(cells), cells))
        for rows in order.tensor_split(parts):
            embedded = network.embedded(graphs.of(rows), drop)
            loss = pair_loss(network.logits(embedded), labels[rows])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
