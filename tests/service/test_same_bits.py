"""A score does not depend on what else was computed, in what order, or by which worker."""

from random import Random
from typing import Any

import httpx2

from service.benches import BENCHES
from tests.service.running import Running, score_all

SAMPLE = {"nb101": 6, "nb201": 16}
"""Under `fast` a few seconds of one core, and several chunks."""


def test_scores_do_not_depend_on_how_the_work_was_cut_up(
    http: httpx2.Client, running: Running
) -> None:
    """Each architecture in a job of its own, then all in bulk, in another order, by another."""
    cells: dict[str, list[dict[str, Any]]] = {}
    for bench, size in SAMPLE.items():
        drawn = [reading.architecture for reading in BENCHES[bench].sample(size, 5)]
        cells[bench] = list({each.hash: dict(each.spec) for each in drawn}.values())
    running.start_worker("alone")
    alone = {
        each["hash"]: each
        for bench in SAMPLE
        for cell in cells[bench]
        for each in score_all(http, bench, [cell])
    }
    running.end_workers()
    running.forget_scores()
    # Its interpreter orders sets of text in another way.
    running.start_worker("together", cold=True)
    for bench in SAMPLE:
        shuffled = Random(1).sample(cells[bench], len(cells[bench]))
        before = len(running.lines("together", "claimed"))
        together = score_all(http, bench, shuffled, priority="bulk")
        claimed = running.lines("together", "claimed")[before:]
        assert max(line["architectures"] for line in claimed) > 1
        hashes = [each["hash"] for each in together]
        assert hashes != [each for each in alone if each in hashes]
        for each in together:
            assert each["scores"] == alone[each["hash"]]["scores"]
            assert each["undefined"] == alone[each["hash"]]["undefined"]
    running.end_workers()
    running.forget_scores()
