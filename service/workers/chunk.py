"""One chunk: its architectures are computed one after the other, and written as they are done."""

import time

import structlog

from service.cost import Took
from service.db.evaluations import Claimed
from service.workers import results
from service.workers.claims import Chunk
from service.workers.ending import Abandoned
from service.workers.evaluation import Computed, Setting, compute, described
from service.workers.memory import trying_again
from service.workers.results import Unwritten
from service.workers.surroundings import Surroundings

log = structlog.get_logger()


def work_off(around: Surroundings, chunk: Chunk) -> Took:
    """Leaves off where the worker ends or the lease is lost; what is computed by then is written.

    Returns how many were computed, and the seconds of their passes.
    """
    unwritten = Unwritten(around, chunk.lease)
    evaluations, passed = 0, 0.0
    try:
        for claimed in chunk.members:
            if around.ending.begun:
                break
            started = time.perf_counter()
            try:
                computed = _computed(around, chunk.setting, claimed)
            except Exception as error:
                # One bad architecture hurts nobody else: it is set aside with its reason.
                log.exception("evaluation failed", **_of(claimed))
                around.metrics.failed(claimed.bench)
                is_held = results.fail(around, claimed, chunk.lease, described(error))
            else:
                _note(around, chunk.setting, claimed, computed, time.perf_counter() - started)
                evaluations, passed = evaluations + 1, passed + sum(computed.passes.values())
                is_held = unwritten.add(claimed, computed)
            if not is_held:
                break
    except Abandoned:
        log.info("put back unfinished", job=str(chunk.job_id))
    unwritten.write()
    return Took(evaluations, passed)


def _computed(around: Surroundings, setting: Setting, claimed: Claimed) -> Computed:
    device = around.identity.device
    with around.ending.interruptible():
        return trying_again(
            lambda: compute(setting, claimed, device, around.memory_bytes),
            device,
            lambda reason: log.warning(
                "out of memory, trying again", architecture=claimed.hash, error=reason
            ),
        )


def _note(
    around: Surroundings, setting: Setting, claimed: Claimed, computed: Computed, seconds: float
) -> None:
    """What it took, in the log, the metrics and the times."""
    log.info(
        "evaluated",
        **_of(claimed),
        seconds=round(seconds, 4),
        passes={name: round(each, 4) for name, each in computed.passes.items()},
    )
    around.metrics.evaluated(claimed.bench, computed.passes)
    around.times.add(claimed.bench, setting.protocol.name, computed.passes, moving=computed.moving)


def _of(claimed: Claimed) -> dict[str, str]:
    return {
        "request_id": claimed.request_id,
        "bench": claimed.bench,
        "architecture": claimed.hash,
    }
