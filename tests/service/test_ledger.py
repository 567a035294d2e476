"""The ledger's rules on real PostgreSQL: leases, suspects, attempts, the first value stays."""

import asyncio
from collections.abc import Iterator
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
        tables = "job_items, jobs, scores, evaluations, leases, architectures"
        connection.execute(text(f"TRUNCATE {tables}"))
    return asyncio.run(queue(database_url, 5, PROXIES))


def counted(database_url: str, job: UUID) -> dict[str, int]:
    """What GET /jobs/{id} counts."""

    async def ask() -> dict[str, int]:
        made = connect.asynchronous(Settings(database_url=database_url))
        try:
            async with AsyncSession(made) as session:
                return await jobs.counts(session, job)
        finally:
            await made.dispose()

    return asyncio.run(ask())


async def queue(database_url: str, n: int, proxies: list[str], start: int = 0) -> UUID:
    """What POST /score does for n architectures behind the first `start`."""
    made = connect.asynchronous(Settings(database_url=database_url))
    try:
        async with AsyncSession(made) as session, session.begin():
            protocol = await protocols.describe(session, "nb201", "fast", "patches", 0)
            protocol_id = await protocols.store(session, protocol)
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


def complete(engine: Engine, claimed: Claimed, lease: UUID, value: float = 1.0) -> object:
    with Session(engine) as session, session.begin():
        return evaluations.complete(session, claimed, lease, rows(claimed, value))


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
        assert set(session.scalars(select(JobItem.finished))) == {True}
        assert jobs.finished_among(session, [job]) == [job]


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
        error = {"type": "RuntimeError", "detail": "no"}
        assert set(evaluations.fail(session, claimed, lease, error) or []) == {job, other}
    assert states(engine) == ["failed", *["queued"] * 4]


def test_what_was_asked_for_during_a_failure_is_still_tried(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    more = asyncio.run(queue(database_url, 5, ["snip"]))
    error = {"type": "RuntimeError", "detail": "no"}
    with Session(engine) as session, session.begin():
        assert evaluations.fail(session, claimed, lease, error) == [job]
    assert states(engine) == ["queued"] * 5
    assert counted(database_url, job) == {"queued": 4, "running": 0, "done": 0, "failed": 1}
    lease, (again,) = claim(engine, more, 1)
    assert again.id == claimed.id
    assert again.proxies == ["snip"]
    assert complete(engine, again, lease) == [more]
    assert counted(database_url, more) == {"queued": 4, "running": 0, "done": 1, "failed": 0}
    assert states(engine) == ["failed", *["queued"] * 4]


def test_what_failed_is_not_queued_again_by_those_who_ask_for_more(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    with Session(engine) as session, session.begin():
        evaluations.fail(session, claimed, lease, {"type": "RuntimeError", "detail": "no"})
    more = asyncio.run(queue(database_url, 5, [*PROXIES, "snip"]))
    lease, (again,) = claim(engine, more, 1)
    assert (again.id, again.proxies) == (claimed.id, ["snip"])
    assert complete(engine, again, lease) == [more]
    assert counted(database_url, more) == {"queued": 4, "running": 0, "done": 0, "failed": 1}


def test_what_fails_for_another_job_does_not_count_as_failed_in_ours(
    engine: Engine, job: UUID, database_url: str
) -> None:
    lease, (claimed,) = claim(engine, job, 1)
    complete(engine, claimed, lease)
    more = asyncio.run(queue(database_url, 5, ["snip"]))
    lease, (again,) = claim(engine, more, 1)
    assert again.id == claimed.id
    with Session(engine) as session, session.begin():
        evaluations.fail(session, again, lease, {"type": "RuntimeError", "detail": "no"})
    assert counted(database_url, job) == {"queued": 4, "running": 0, "done": 1, "failed": 0}
    assert counted(database_url, more) == {"queued": 4, "running": 0, "done": 0, "failed": 1}


def test_released_work_is_queued_again_and_under_no_suspicion(engine: Engine, job: UUID) -> None:
    lease, chunk = claim(engine, job)
    complete(engine, chunk[0], lease)
    with Session(engine) as session, session.begin():
        leases.release(session, lease)
    assert states(engine) == ["done", *["queued"] * 4]
    assert len(claim(engine, job)[1]) == 4
