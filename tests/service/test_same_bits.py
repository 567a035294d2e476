"""A score does not depend on what else was computed, in what order, or by which worker."""

from random import Random

import httpx2
import pytest

from service.benches import BENCHES
from tests.service.running import Running, score_all

SAMPLE = {"nb101": 6, "nb201": 16}
"""Under `fast` a few seconds of one core, and several chunks."""


@pytest.mark.parametrize("bench", SAMPLE)
def test_scores_do_not_depend_on_how_the_work_was_cut_up(
    bench: str, http: httpx2.Client, running: Running
) -> None:
    """Each architecture in a job of its own, then all in bulk, in another order, by another."""
    drawn = BENCHES[bench].sample(SAMPLE[bench], 5)
    cells = list({each.hash: dict(each.spec) for each in (r.architecture for r in drawn)}.values())
    running.start_worker(f"{bench}-alone")
    alone = {each["hash"]: each for cell in cells for each in score_all(http, bench, [cell])}
    name = f"{bench}-together"
    running.end_workers()
    running.forget_scores()
    # Its interpreter orders sets of text in another way.
    running.start_worker(name, cold=True)
    shuffled = Random(1).sample(cells, len(cells))
    together = score_all(http, bench, shuffled, priority="bulk")
    assert max(line["architectures"] for line in running.lines(name, "claimed")) > 1
    assert [each["hash"] for each in together] != list(alone)
    for each in together:
        assert each["scores"] == alone[each["hash"]]["scores"]
        assert each["undefined"] == alone[each["hash"]]["undefined"]
    running.end_workers()
    running.forget_scores()
