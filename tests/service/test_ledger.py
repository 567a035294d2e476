"""The ledger's rules on real PostgreSQL: leases, suspects, attempts, the first value stays."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service.benches import BENCHES
from service.db import architectures, connect, evaluations, jobs, leases, protocols, scores
from service.db.evaluations import Claimed
from service.db.migrate import migrate
from service.db.models import Evaluation, Job, JobItem, Lease, Score
from service.settings import Settings

PROXIES = ["params", "nwot"]
LEASE_S = 60.0
NO = {"type": "RuntimeError", "detail": "no"}

T = TypeVar("T")


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator[Engine]:
    migrate(database_url)
    found = create_engine(database_url)
    yield found
    found.dispose()


@pytest.fixture
def job(engine: Engine, database_url: str) -> UUID:
    """A job of five evaluations on an otherwise empty ledger."""
    with engine.begin() as connection:
        tables = "job_items, jobs, scores, evaluations, leases, architectures, series_values"
        connection.execute(text(f"TRUNCATE {tables}, trainings"))
    return asyncio.run(queue(database_url, 5, PROXIES))


def asynchronously(database_url: str, do: Callable[[AsyncSession], Coroutine[Any, Any, T]]) -> T:
    """Runs what the API does in one transaction."""

    async def run() -> T:
        made = connect.asynchronous(Settings(database_url=database_url))
        try:
            async with AsyncSession(made, expire_on_commit=False) as session, session.begin():
                return await do(session)
        finally:
            await made.dispose()

    return asyncio.run(run())


def counted(database_url: str, job: UUID) -> dict[str, int]:
    """What GET /jobs/{id} counts."""
    return asynchronously(database_url, lambda session: jobs.counts(session, job))


def cancel(database_url: str, job: UUID) -> bool:
    return asynchronously(database_url, lambda session: jobs.cancel(session, job))


def retry(database_url: str, job: UUID) -> dict[UUID, str] | None:
    async def do(session: AsyncSession) -> dict[UUID, str] | None:
        found = await jobs.find(session, job)
        assert found is not None
        return await jobs.retry(session, found)

    return asynchronously(database_url, do)


async def queue(database_url: str, n: int, proxies: list[str], start: int = 0) -> UUID:
    """What POST /score does for n architectures behind the first `start`."""
    made = connect.asynchronous(Settings(database_url=database_url))
    try:
        async with AsyncSession(made) as session, session.begin():
            protocol = await protocols.describe(session, "nb201", "fast", "patches", 0)
            protocol_id = await session.run_sync(protocols.store, protocol)
            read = {r.architecture.hash: r for r in BENCHES["nb201"].sample(40, 1)}
            readings = list(read.values())[start : start + n]
            ids = await architectures.store(session, "nb201", [r.architecture for r in readings])
            queued = await evaluations.enqueue(session, "nb201", protocol_id, ids, proxies)
            made_job = Job(
                id=uuid4(),
                protocol_id=protocol_id,
                proxies=proxies,
                priority="live",
                request_id="test",
            )
            items = [(queued[r.architecture.hash][0], r.asked, False) for r in readings]
            await jobs.create(session, made_job, items)
            return made_job.id
    finally:
        await made.dispose()


def counts(**of_states: int) -> dict[str, int]:
    return dict.fromkeys(jobs.STATES, 0) | of_states


def claim(engine: Engine, job: UUID, most: int = 64) -> tuple[UUID, list[Claimed]]:
    lease = uuid4()
    with Session(engine) as session, session.begin():
        chunk = leases.claim(
            session, job, lease, LEASE_S, 64, lambda candidates: list(candidates)[:most]
        )
    return lease, chunk


def die(engine: Engine, lease: UUID) -> None:
    """The worker's lease runs out, and somebody sweeps."""
    with Session(engine) as session, session.begin():
        session.execute(
            update(Lease).where(Lease.id == lease).values(until=text("now() - interval '1 s'"))
        )
    with Session(engine) as session, session.begin():
        leases.sweep(session, attempts_limit=3)


def rows(claimed: Claimed, value: float = 1.0) -> list[dict[str, object]]:
    return [
        {
            "architecture_id": claimed.architecture_id,
            "protocol_id": claimed.protocol_id,
            "proxy": proxy,
            "revision": 1,
            "value": value,
            "undefined": None,
            "device": "cpu",
            "torch": "2",
            "seconds": 0.1,
        }
        for proxy in claimed.proxies
    ]


def fail(engine: Engine, claimed: Claimed, lease: UUID) -> object:
    with Session(engine) as session, session.begin():
        return evaluations.fail(session, claimed, lease, NO)


def complete(engine: Engine, claimed: Claimed, lease: UUID, value: float = 1.0) -> object:
    with Session(engine) as session, session.begin():
        return evaluations.complete(session, [claimed], lease, rows(claimed, value))


def states(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return sorted(session.scalars(select(Evaluation.state)))


def test_a_chunk_is_claimed_once(engine: Engine, job: UUID) -> None:
    _, first = claim(engine, job, 3)
    _, second = claim(engine, job)
    assert len(first) == 3
    assert len(second) == 2
    assert not {each.id for each in first} & {each.id for each in second}
    assert claim(engine, job)[1] == []


def test_after_a_death_each_is_claimed_alone_and_one_of_a_chunk_counts_no_attempt(
    engine: Engine, job: UUID
) -> None:
    lease, chunk = claim(engine, job)
    assert len(chunk) == 5
    die(engine, lease)
    assert states(engine) == ["queued"] * 5
    with Session(engine) as session:
        assert set(session.scalars(select(Evaluation.attempts))) == {0}
    for _ in range(5):
        lease, alone = claim(engine, job)
        assert len(alone) == 1
        assert complete(engine, alone[0], lease) == [job]
    assert states(engine) == ["done"] * 5


def test_three_deaths_alone_set_it_aside_and_its_neighbours_are_scored(
    engine: Engine, job: UUID
) -> None:
    lease, (poison,) = claim(engine, job, 1)
    for attempt in range(3):
        die(engine, lease)
        with Session(engine) as session:
            found = session.get_one(Evaluation, poison.id)
            assert found.attempts == attempt + 1
            assert found.state == ("failed" if attempt == 2 else "queued")
        others, chunk = claim(engine, job)
        for each in chunk:
            if each.id == poison.id:
                lease = others
            else:
                complete(engine, each, others)
        if attempt < 2 and poison.id not in {each.id for each in chunk}:
            lease, (again,) = claim(engine, job)
            assert again.id == poison.id
    assert states(engine) == ["done"] * 4 + ["failed"]
    with Session(engine) as session:
        assert session.get_one(Evaluation, poison.id).error == {
            "type": "worker-died",
            "detail": "its worker died 3 times while computing nothing else",
        }
        assert sorted(session.scalars(select(JobItem.finished))) == [1, 2, 3, 4, 5]
        assert session.get_one(Job, job).state == "done"


def test_a_worker_that_wakes_late_writes_nothing(engine: Engine, job: UUID) -> None:
    late, (claimed,) = claim(engine, job, 1)
    die(engine, late)
    assert complete(engine, claimed, late, value=2.0) is None
    with Session(engine) as session:
        assert session.scalars(select(Score.value)).all() == []
    lease, chunk = claim(engine, job)
    assert claimed.id not in {each.id for each in chunk}, "a suspect waits for its turn alone"
    for each in chunk:
        complete(engine, each, lease)
    lease, (again,) = claim(engine, job)
    assert again.id == claimed.id
    assert complete(engine, again, lease) == [job]


def test_the_first_value_of_a_score_stays(engine: Engine, job: UUID) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    complete(engine, claimed, lease, value=1.0)
    with Session(engine) as session, session.begin():
        scores.store(session, rows(claimed, 2.0))
    with Session(engine) as session:
        assert set(session.scalars(select(Score.value))) == {1.0}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_no_board_is_led_by_nan_or_infinity(engine: Engine, job: UUID, value: float) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    with pytest.raises(IntegrityError):
        complete(engine, claimed, lease, value)


def test_what_is_asked_for_meanwhile_is_queued_behind(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, chunk = claim(engine, job)
    more = asyncio.run(queue(database_url, 5, ["snip"]))
    for each in chunk:
        assert complete(engine, each, lease) == [job]
    assert states(engine) == ["queued"] * 5
    lease, chunk = claim(engine, more)
    assert {tuple(each.proxies) for each in chunk} == {("snip",)}
    for each in chunk:
        assert complete(engine, each, lease) == [more]
    assert states(engine) == ["done"] * 5


def test_an_evaluation_owes_what_was_asked_of_it_and_nothing_else(
    engine: Engine, job: UUID, database_url: str
) -> None:
    other = asyncio.run(queue(database_url, 2, ["snip"], start=5))
    lease, chunk = claim(engine, other)
    assert {tuple(each.proxies) for each in chunk} == {("snip",)}
    for each in chunk:
        assert complete(engine, each, lease) == [other]
    lease, chunk = claim(engine, job)
    assert {frozenset(each.proxies) for each in chunk} == {frozenset(PROXIES)}
    for each in chunk:
        assert complete(engine, each, lease) == [job]
    assert states(engine) == ["done"] * 7


def test_a_failure_finishes_every_job_that_waits_for_it(
    engine: Engine, job: UUID, database_url: str
) -> None:
    other = asyncio.run(queue(database_url, 5, PROXIES))
    lease, (claimed,) = claim(engine, job, 1)
    with Session(engine) as session, session.begin():
        assert set(evaluations.fail(session, claimed, lease, NO) or []) == {job, other}
    assert states(engine) == ["failed", *["queued"] * 4]


def test_what_was_asked_for_during_a_failure_is_still_tried(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    more = asyncio.run(queue(database_url, 5, ["snip"]))
    with Session(engine) as session, session.begin():
        assert evaluations.fail(session, claimed, lease, NO) == [job]
    assert states(engine) == ["queued"] * 5
    assert counted(database_url, job) == counts(queued=4, failed=1)
    lease, (again,) = claim(engine, more, 1)
    assert again.id == claimed.id
    assert again.proxies == ["snip"]
    assert complete(engine, again, lease) == [more]
    assert counted(database_url, more) == counts(queued=4, done=1)
    assert states(engine) == ["failed", *["queued"] * 4]


def test_what_failed_is_not_queued_again_by_those_who_ask_for_more(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    with Session(engine) as session, session.begin():
        evaluations.fail(session, claimed, lease, NO)
    more = asyncio.run(queue(database_url, 5, [*PROXIES, "snip"]))
    lease, (again,) = claim(engine, more, 1)
    assert (again.id, again.proxies) == (claimed.id, ["snip"])
    assert complete(engine, again, lease) == [more]
    assert counted(database_url, more) == counts(queued=4, failed=1)


def test_what_fails_for_another_job_does_not_count_as_failed_in_ours(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    complete(engine, claimed, lease)
    more = asyncio.run(queue(database_url, 5, ["snip"]))
    lease, (again,) = claim(engine, more, 1)
    assert again.id == claimed.id
    with Session(engine) as session, session.begin():
        evaluations.fail(session, again, lease, NO)
    assert counted(database_url, job) == counts(queued=4, done=1)
    assert counted(database_url, more) == counts(queued=4, failed=1)


def test_released_work_is_queued_again_and_under_no_suspicion(engine: Engine, job: UUID) -> None:
    lease, chunk = claim(engine, job)
    complete(engine, chunk[0], lease)
    with Session(engine) as session, session.begin():
        leases.release(session, lease)
    assert states(engine) == ["done", *["queued"] * 4]
    assert len(claim(engine, job)[1]) == 4


def test_finishes_are_numbered_as_they_come_and_the_last_one_ends_the_job(
    engine: Engine, job: UUID
) -> None:
    lease, chunk = claim(engine, job)
    for each in reversed(chunk):
        complete(engine, each, lease)
    with Session(engine) as session:
        items = session.execute(
            select(JobItem.finished).where(JobItem.job_id == job).order_by(JobItem.position)
        )
        assert list(items.scalars()) == [5, 4, 3, 2, 1]
        ended = session.get_one(Job, job)
        assert (ended.state, ended.unfinished, ended.finishes) == ("done", 0, 5)
        assert ended.ended_at is not None


def test_a_cancelled_job_gives_up_its_own_interest_and_nobody_elses(
    engine: Engine, job: UUID, database_url: str
) -> None:
    other = asyncio.run(queue(database_url, 2, ["nwot", "snip"]))
    assert cancel(database_url, job)
    assert not cancel(database_url, job), "it is cancelled already"
    assert states(engine) == ["done"] * 3 + ["queued"] * 2
    assert claim(engine, job)[1] == []
    lease, chunk = claim(engine, other)
    assert {frozenset(each.proxies) for each in chunk} == {frozenset({"nwot", "snip"})}
    for each in chunk:
        assert complete(engine, each, lease) == [other]
    assert counted(database_url, job) == counts(cancelled=5)
    assert counted(database_url, other) == counts(done=2)


def test_what_is_computed_while_its_job_is_cancelled_is_kept_and_the_rest_not_put_back(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, chunk = claim(engine, job, 2)
    assert cancel(database_url, job)
    assert complete(engine, chunk[0], lease) == [], "nobody waits, yet the scores are kept"
    with Session(engine) as session, session.begin():
        assert len(session.scalars(select(Score.value)).all()) == len(PROXIES)
        leases.release(session, lease)
    assert states(engine) == ["done"] * 5


def test_of_a_dead_worker_only_what_somebody_still_wants_is_taken_up(
    engine: Engine, job: UUID, database_url: str
) -> None:
    other = asyncio.run(queue(database_url, 1, PROXIES))
    lease, _ = claim(engine, job)
    assert cancel(database_url, job)
    die(engine, lease)
    assert states(engine) == ["done"] * 4 + ["queued"]
    assert len(claim(engine, other)[1]) == 1


def test_what_was_asked_during_a_computation_and_cancelled_is_not_owed_after_it(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    more = asyncio.run(queue(database_url, 1, ["snip"]))
    assert cancel(database_url, more)
    complete(engine, claimed, lease)
    assert states(engine) == ["done"] + ["queued"] * 4


def test_a_retry_queues_what_failed_and_every_job_waits_for_it_again(
    engine: Engine, job: UUID, database_url: str
) -> None:
    other = asyncio.run(queue(database_url, 5, PROXIES))
    cancelled = asyncio.run(queue(database_url, 5, PROXIES))
    lease, chunk = claim(engine, job)
    fail(engine, chunk[0], lease)
    cancel(database_url, cancelled)
    for each in chunk[1:]:
        complete(engine, each, lease)
    assert counted(database_url, job) == counts(done=4, failed=1)
    assert retry(database_url, job) == {job: "live", other: "live"}
    assert counted(database_url, job) == counts(done=4, queued=1)
    assert counted(database_url, cancelled) == counts(cancelled=5), "it waits for nothing"
    lease, (again,) = claim(engine, other)
    assert (again.id, set(again.proxies)) == (chunk[0].id, set(PROXIES))
    assert set(complete(engine, again, lease) or []) == {job, other}  # type: ignore[call-overload]
    assert counted(database_url, job) == counts(done=5)
    with Session(engine) as session:
        assert session.get_one(Evaluation, again.id).error is None
        ended = session.get_one(Job, job)
        assert (ended.state, ended.finishes, ended.size) == ("done", 6, 5)
    assert retry(database_url, job) == {}, "nothing has failed"


def test_a_retry_is_for_the_proxies_of_its_job(
    engine: Engine, job: UUID, database_url: str
) -> None:
    more = asyncio.run(queue(database_url, 1, ["snip"]))
    lease, (claimed,) = claim(engine, more)
    assert set(claimed.proxies) == {*PROXIES, "snip"}
    fail(engine, claimed, lease)
    assert retry(database_url, more) == {more: "live"}
    lease, (again,) = claim(engine, more)
    assert again.proxies == ["snip"]
    complete(engine, again, lease)
    assert counted(database_url, more) == counts(done=1)
    assert counted(database_url, job) == counts(failed=1, queued=4)


def test_jobs_are_purged_some_time_after_their_end_and_scores_never(
    engine: Engine, job: UUID, database_url: str
) -> None:
    running = asyncio.run(queue(database_url, 2, PROXIES, start=10))
    lease, chunk = claim(engine, job)
    for each in chunk:
        complete(engine, each, lease)
    with Session(engine) as session, session.begin():
        assert jobs.purge(session, days=1, items=10) == 0
        session.execute(update(Job).values(created_at=text("now() - interval '9 days'")))
        ended = update(Job).where(Job.state == "done")
        session.execute(ended.values(ended_at=text("now() - interval '2 days'")))
    with Session(engine) as session, session.begin():
        assert jobs.purge(session, days=1, items=10) == 1
    with Session(engine) as session:
        assert session.scalars(select(Job.id)).all() == [running]
        assert len(session.scalars(select(Score.value)).all()) == 5 * len(PROXIES)
        assert len(session.scalars(select(JobItem.job_id)).all()) == 2


def test_a_chunk_is_written_at_once_and_each_answers_its_own_jobs(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, chunk = claim(engine, job)
    other = asyncio.run(queue(database_url, 2, PROXIES))
    more = asyncio.run(queue(database_url, 1, ["snip"]))
    scored = [row for each in chunk for row in rows(each)]
    with Session(engine) as session, session.begin():
        touched = evaluations.complete(session, chunk, lease, scored)
    assert set(touched or []) == {job, other}
    assert states(engine) == ["done"] * 4 + ["queued"]
    assert counted(database_url, job) == counts(done=5)
    assert counted(database_url, other) == counts(done=2)
    assert counted(database_url, more) == counts(queued=1)


def test_of_a_chunk_whose_lease_is_lost_nothing_is_written(engine: Engine, job: UUID) -> None:
    lease, chunk = claim(engine, job)
    with Session(engine) as session, session.begin():
        session.execute(
            update(Evaluation)
            .where(Evaluation.id == chunk[0].id)
            .values(state="queued", **evaluations.FREE)
        )
    with Session(engine) as session, session.begin():
        scored = [row for each in chunk for row in rows(each)]
        assert evaluations.complete(session, chunk, lease, scored) is None
    with Session(engine) as session:
        assert session.scalars(select(Score.value)).all() == []


def test_cancelling_and_trying_again_at_once_leave_nothing_that_nobody_waits_for(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    fail(engine, claimed, lease)

    async def both() -> None:
        made = connect.asynchronous(Settings(database_url=database_url))
        try:
            async with AsyncSession(made) as retrying, AsyncSession(made) as cancelling:
                found = await jobs.find(retrying, job)
                assert found is not None
                assert await jobs.cancel(cancelling, job)
                waits = asyncio.create_task(jobs.retry(retrying, found))
                await asyncio.sleep(0.5)
                assert not waits.done(), "it waits for the evaluations that the other holds"
                await cancelling.commit()
                assert await waits is None
                await retrying.commit()
        finally:
            await made.dispose()

    asyncio.run(both())
    assert states(engine) == ["done"] * 4 + ["failed"]


def test_a_job_that_is_cancelled_after_a_retry_began_gives_up_what_was_reopened(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    fail(engine, claimed, lease)

    async def both() -> None:
        made = connect.asynchronous(Settings(database_url=database_url))
        try:
            async with AsyncSession(made) as retrying, AsyncSession(made) as cancelling:
                found = await jobs.find(retrying, job)
                assert found is not None
                assert await jobs.retry(retrying, found) == {job: "live"}
                waits = asyncio.create_task(jobs.cancel(cancelling, job))
                await asyncio.sleep(0.5)
                assert not waits.done()
                await retrying.commit()
                assert await waits
                await cancelling.commit()
        finally:
            await made.dispose()

    asyncio.run(both())
    assert states(engine) == ["done"] * 5
    assert counted(database_url, job) == counts(cancelled=5)


def test_a_purge_takes_jobs_by_their_size(engine: Engine, job: UUID, database_url: str) -> None:
    small = [asyncio.run(queue(database_url, 1, PROXIES, start=each)) for each in (10, 11, 12)]
    for each in (job, *small):
        assert cancel(database_url, each)
    with Session(engine) as session, session.begin():
        session.execute(update(Job).values(ended_at=text("now() - interval '2 days'")))
        oldest = update(Job).where(Job.id == job)
        session.execute(oldest.values(ended_at=text("now() - interval '3 days'")))
    for purged in (1, 2, 1, 0):
        with Session(engine) as session, session.begin():
            assert jobs.purge(session, days=1, items=2) == purged
