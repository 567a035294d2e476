"""What answers say of an architecture and of a job: the same in every call."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.schemas.jobs import Counts, EpochCounts, Job, Reason
from service.api.schemas.protocol import Protocol
from service.api.schemas.score import Failure, Result, State
from service.catalogue import PROXIES
from service.db import job_lists, jobs, models, protocols, trainings
from service.db.scores import Scored
from service.protocol import Training


def result(
    asked: Mapping[str, Any],
    digest: str,
    spec: Mapping[str, Any],
    scored: Scored,
    proxies: Sequence[str],
    *,
    cancelled: bool = False,
) -> Result:
    """With `cancelled`, nobody waits any more for what is not known."""
    failed = scored.failed(proxies)
    state: State = "failed" if failed else "done"
    if scored.awaited(proxies):
        waiting: State = "running" if scored.state == "running" else "queued"
        state = "cancelled" if cancelled else waiting
    return Result(
        hash=digest,
        asked=dict(asked),
        spec=dict(spec),
        state=state,
        scores={name: scored.values.get(name) for name in proxies},
        undefined=_undefined(scored, proxies),
        error=Failure(**scored.error) if failed and scored.error else None,
    )


NO_POPULATION = (
    "no reference population under this protocol, or none with its proxies; "
    "`nascore reference build` makes one"
)


def _undefined(scored: Scored, proxies: Sequence[str]) -> dict[str, str]:
    reasons = {name: scored.undefined[name] for name in proxies if name in scored.undefined}
    if scored.given_up or scored.awaited(proxies):
        return reasons
    # An ensemble has its score in the moment in which its members have theirs, or never.
    ensembles = (name for name in proxies if name not in PROXIES)
    lost = [name for name in ensembles if name not in scored.values and name not in reasons]
    return reasons | dict.fromkeys(lost, NO_POPULATION)


async def job(session: AsyncSession, found: models.Job, seconds_left: float | None = None) -> Job:
    """With the counts of this moment."""
    described = await protocols.by_id(session, found.protocol_id)
    counts = Counts(**await jobs.counts(session, found.id))
    failed = await job_lists.reasons(session, [found.id]) if counts.failed else {}
    return Job(
        job=found.id,
        bench=described.bench,
        protocol=Protocol.of(described),
        proxies=found.proxies,
        priority=found.priority,
        state=found.state,
        counts=counts,
        reasons=[Reason(**reason._asdict()) for reason in failed.get(found.id, ())],
        epochs=await _epochs(session, found, described.training),
        seconds_left=seconds_left,
        created_at=found.created_at,
        ended_at=found.ended_at,
    )


async def _epochs(
    session: AsyncSession, found: models.Job, training: Training | None
) -> EpochCounts | None:
    if training is None:
        return None
    done = await trainings.done(session, found, training.epochs)
    return EpochCounts(done=done, asked=found.size * training.epochs)
