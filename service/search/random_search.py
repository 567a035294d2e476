"""Random search: architectures in a random order, or those of a warm-up in the proxy's."""

from service.search.draws import named
from service.search.space import Scores, Search, Space
from service.search.warmup import candidates, ranked


def random_search(space: Space, scores: Scores, seed: int, *, warmup: int = 0) -> Search:
    """Trains what it draws; with a warm-up, first that many candidates, the best score first.

    Abdelfattah et al. 2021, section 4. It never ends by itself.
    """
    draw = named(f"search/random/{seed}")
    if warmup:
        # A list cannot be sent accuracies, as `yield from` would.
        for architecture in ranked(candidates(space, draw, warmup), scores):  # noqa: UP028
            yield architecture
    while True:
        yield space.sample(1, draw)[0]
