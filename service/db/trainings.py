"""Queries on reduced trainings: what is known of each run, and where it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, defer

from service.db.evaluations import Claimed
from service.db.jobs import BACKGROUND
from service.db.models import Architecture, Evaluation, Job, JobItem, Protocol, Training


def find(session: Session, architecture_id: int, run: str) -> Training | None:
    return session.get(Training, (architecture_id, run))


CLAIMING = 0x7261696E
"""Of the advisory lock that claims of a run take, with the run's own hash."""


def under_way(session: Session, run: str) -> set[int]:
    """The architectures of which a worker has that run in hand, for however many epochs. Nobody
    else is told so before the transaction ends.
    """
    session.execute(select(func.pg_advisory_xact_lock(CLAIMING, func.hashtext(run))))
    found = session.scalars(
        select(Evaluation.architecture_id)
        .join(Protocol, Protocol.id == Evaluation.protocol_id)
        .where(Protocol.run == run, Evaluation.lease.is_not(None))
    )
    return set(found)


def answered(session: Session) -> tuple[UUID, int] | None:
    """A job, and a queued evaluation of it whose run has come so far already."""
    epochs = cast(Protocol.document["training"]["epochs"].astext, Integer)
    found = session.execute(
        select(JobItem.job_id, Evaluation.id)
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .join(Protocol, Protocol.id == Evaluation.protocol_id)
        .join(Job, Job.id == JobItem.job_id)
        .join(
            Training,
            (Training.architecture_id == Evaluation.architecture_id)
            & (Training.run == Protocol.run),
        )
        .where(
            Job.state == "running",
            Job.priority == BACKGROUND,
            JobItem.finished.is_(None),
            Evaluation.state == "queued",
            or_(Training.diverged.is_not(None), func.cardinality(Training.accuracies) >= epochs),
        )
        .limit(1)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def is_wanted(session: Session, evaluation_id: int) -> bool:
    """Whether a running job waits for an evaluation."""
    found = session.scalar(
        select(JobItem.job_id)
        .join(Job, Job.id == JobItem.job_id)
        .where(
            JobItem.evaluation_id == evaluation_id,
            JobItem.finished.is_(None),
            Job.state == "running",
        )
        .limit(1)
    )
    return found is not None


def forget(session: Session, architecture_id: int, run: str) -> None:
    """Lets a run begin anew that cannot go on. Its scores stay."""
    session.execute(
        delete(Training).where(Training.architecture_id == architecture_id, Training.run == run)
    )


def drop_checkpoints(session: Session, days: float) -> int:
    """Of runs that have not gone on for so long; returns how many."""
    dropped = session.execute(
        update(Training)
        .where(
            Training.checkpoint.is_not(None),
            Training.updated_at < func.now() - timedelta(days=days),
        )
        .values(checkpoint=None)
        .returning(Training.run)
    )
    return len(dropped.all())


@dataclass(frozen=True, slots=True)
class Step:
    """A further epoch of a run, or that there is none."""

    number: int
    """From 1."""
    found: tuple[float, float, float] | None
    """Its accuracy, loss and seconds; None where it diverged."""
    diverged: str | None
    checkpoint: bytes | None
    device: str
    torch: str


class Followed(NamedTuple):
    """Who hears of an epoch."""

    jobs: list[UUID]
    """Those that wait for this run, for however many epochs."""
    wanted: bool
    """Whether one of them waits for this very evaluation."""


def record(
    session: Session, claimed: Claimed, lease: UUID, run: str, step: Step
) -> Followed | None:
    """Writes an epoch behind the one before it, and that the worker lives on. None where the lease
    is lost, and then nothing is written; nobody wants it where another epoch is there already, for
    then it is that one's run which goes on.
    """
    held = session.scalar(
        update(Evaluation)
        .where(Evaluation.id == claimed.id, Evaluation.lease == lease)
        # Whoever gets on does not die of this architecture, however often it is killed.
        .values(attempts=0, suspect=False)
        .returning(Evaluation.id)
    )
    if held is None:
        return None
    is_next = _append(session, claimed.architecture_id, run, step)
    followers = _followers(session, claimed, run)
    return Followed(list(followers), is_next and any(followers.values()))


def _append(session: Session, architecture_id: int, run: str, step: Step) -> bool:
    """False where another epoch stands in its place."""
    made = {
        "diverged": step.diverged,
        "checkpoint": step.checkpoint,
        "device": step.device,
        "torch": step.torch,
    }
    of_epoch = dict(zip(("accuracies", "losses", "seconds"), step.found or (), strict=False))
    written = session.scalar(
        insert(Training)
        .values(
            architecture_id=architecture_id,
            run=run,
            **{
                name: [of_epoch[name]] if of_epoch else []
                for name in ("accuracies", "losses", "seconds")
            },
            **made,
        )
        .on_conflict_do_update(
            index_elements=["architecture_id", "run"],
            set_={
                **{
                    name: func.array_append(getattr(Training, name), value)
                    for name, value in of_epoch.items()
                },
                **made,
                "updated_at": func.clock_timestamp(),
            },
            # Another worker may have been here, whose epochs are the same.
            where=func.cardinality(Training.accuracies) == step.number - 1,
        )
        .returning(Training.run)
    )
    return written is not None


def _followers(session: Session, claimed: Claimed, run: str) -> dict[UUID, bool]:
    """The jobs that wait for the run, and whether each waits for this very evaluation."""
    rows = session.execute(
        select(JobItem.job_id, func.bool_or(Evaluation.id == claimed.id))
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .join(Protocol, Protocol.id == Evaluation.protocol_id)
        .join(Job, Job.id == JobItem.job_id)
        .where(
            Evaluation.architecture_id == claimed.architecture_id,
            Protocol.run == run,
            JobItem.finished.is_(None),
            Job.state == "running",
        )
        .group_by(JobItem.job_id)
    )
    return dict(rows.all())


class Trained(NamedTuple):
    """A run of an architecture and what it is of."""

    training: Training
    document: Mapping[str, Any]
    """Of one of its protocols."""


def of_architecture(session: Session, architecture_id: int) -> list[Trained]:
    """Every run, without its checkpoint."""
    rows = session.execute(
        select(Training, Protocol.document)
        .join(Protocol, Protocol.run == Training.run)
        .where(Training.architecture_id == architecture_id)
        .distinct(Training.run)
        .order_by(Training.run, Protocol.id)
        .options(defer(Training.checkpoint))
    )
    return [Trained(*row) for row in rows]


_OF_ITEMS = (
    select(JobItem.position, Architecture.hash, Training.accuracies, Training.losses)
    .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
    .join(Architecture, Architecture.id == Evaluation.architecture_id)
    .join(Protocol, Protocol.id == Evaluation.protocol_id)
    .join(
        Training,
        (Training.architecture_id == Evaluation.architecture_id) & (Training.run == Protocol.run),
    )
)


class Epochs(NamedTuple):
    """The epochs that are done of an architecture of a job."""

    position: int
    hash: str
    accuracies: list[float]
    losses: list[float]


async def of_job(
    session: AsyncSession, job_id: UUID, since: datetime | None
) -> tuple[datetime, list[Epochs]]:
    """This moment, and those architectures of a job that have got an epoch since another one; with
    None those that are being trained now."""
    now: datetime = (await session.execute(select(func.now()))).scalar_one()
    new = Evaluation.state == "running" if since is None else Training.updated_at >= since
    rows = await session.execute(_OF_ITEMS.where(JobItem.job_id == job_id, new))
    return now, [Epochs(*row) for row in rows]


async def done(session: AsyncSession, job: Job, epochs: int) -> int:
    """How many epochs of a job's architectures are done, of so many each."""
    found = await session.scalar(
        select(func.sum(func.least(func.cardinality(Training.accuracies), epochs)))
        .select_from(JobItem)
        .join(Evaluation, Evaluation.id == JobItem.evaluation_id)
        .join(Protocol, Protocol.id == Evaluation.protocol_id)
        .join(
            Training,
            (Training.architecture_id == Evaluation.architecture_id)
            & (Training.run == Protocol.run),
        )
        .where(JobItem.job_id == job.id)
    )
    return int(found or 0)
