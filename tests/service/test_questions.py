"""When a question is due to be answered again, and whose answer counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, update
from sqlalchemy.orm import Session

from service.db import correlations, leases
from service.db.boards import Ranking
from service.db.correlations import Answered, is_due
from service.db.migrate import migrate
from service.db.models import Lease, Series
from service.db.questions import Question, Scoring

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
FACTS = {"bench": "nb201", "kind": "accuracy", "dataset": "cifar10", "metric": "top1_percent"}


def truth(changes: int) -> Series:
    return Series(id=7, name="made", source="made up", changes=changes, **FACTS)


BOARD = Scoring("nb201", "nwot", "proxy", "larger better", Ranking(3, "nwot", 1, "larger"))


def question(scored: int, changes: int = 1) -> Question:
    return Question(truth(changes), "classes", replace(BOARD, scored=scored))


def answered(by: Question, ago: timedelta = timedelta()) -> Answered:
    return Answered(by.inputs, NOW - ago)


def due(asked: Question, before: Answered | None) -> bool:
    return is_due(asked, before, NOW, HOUR)


def test_what_has_no_answer_is_due_and_what_is_current_never() -> None:
    assert due(question(1000), None)
    assert not due(question(1000), answered(question(1000), 100 * HOUR))


@pytest.mark.parametrize(("before", "since"), [(1000, 1010), (100, 101), (6466, 6531), (0, 1)])
def test_a_hundredth_more_scores_is_worth_an_answer(before: int, since: int) -> None:
    assert due(question(since), answered(question(before)))
    fewer = question(max(before, since - 1))
    assert not due(fewer, answered(question(before)))


def test_fewer_scores_wait_for_an_hour() -> None:
    assert not due(question(1009), answered(question(1000), HOUR - timedelta(seconds=1)))
    assert due(question(1009), answered(question(1000), HOUR))


def test_other_accuracies_do_not_wait() -> None:
    assert due(question(1000, changes=2), answered(question(1000, changes=1)))
    assert due(question(1000, changes=11), answered(question(1000, changes=1)))


def test_another_direction_or_series_does_not_wait() -> None:
    turned = replace(question(1000), scoring=replace(BOARD, state="smaller better", scored=1000))
    assert due(turned, answered(question(1000)))
    theirs = [Scoring("nb201", "x", "published", f"series 4 {n}", series_id=4) for n in (1, 2)]
    first, second = (Question(truth(1), "classes", each) for each in theirs)
    assert due(second, answered(first))
    assert not due(second, answered(second))


def test_what_an_older_release_stored_is_due() -> None:
    before = Answered("definitions 1; truth 7 1; 1000 scores, 0 undefined, larger better", NOW)
    assert due(question(1000), before)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    migrate(database_url)
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def test_an_answer_of_older_inputs_never_takes_the_place_of_a_newer_one(engine: Engine) -> None:
    series = [Scoring("nb201", "theirs", "published", f"series 4 {n}", series_id=4) for n in (1, 2)]
    with Session(engine) as session, session.begin():
        session.add(truth(1))
        session.flush()
        claimed_first = correlations.now(session)
    older, newer = (Question(truth(1), "classes", each) for each in series)

    def stored(asked: Question, what: int, since: datetime) -> bool:
        with Session(engine) as session, session.begin():
            return correlations.store(session, asked, {"found": what}, 1.0, since)

    def now() -> datetime:
        with Session(engine) as session:
            return correlations.now(session)

    assert stored(newer, 2, now())
    assert not stored(older, 1, claimed_first)
    with Session(engine) as session:
        (row,) = correlations.stored(session, [newer]).values()
        assert (row.findings, row.inputs) == ({"found": 2}, newer.inputs)
        assert correlations.answered(session, older) == Answered(newer.inputs, row.computed_at)
    assert stored(replace(newer, scoring=series[0]), 3, now())


def test_a_hold_is_ended_and_extended_only_by_whose_it_is(engine: Engine) -> None:
    lease = uuid4()

    def until() -> datetime | None:
        with Session(engine) as session:
            row = session.get(Lease, lease)
            return None if row is None else row.until

    with Session(engine) as session, session.begin():
        first = leases.take(session, lease, 30)
    assert first is not None
    with Session(engine) as session, session.begin():
        assert leases.take(session, lease, 30) is None
    with Session(engine) as session, session.begin():
        longer = leases.keep(session, lease, first, 30)
    assert longer is not None
    assert longer > first
    with Session(engine) as session, session.begin():
        # It runs out, and another worker takes the work over.
        session.execute(update(Lease).values(until=longer - timedelta(hours=1)))
        second = leases.take(session, lease, 60)
    assert second is not None
    with Session(engine) as session, session.begin():
        assert leases.keep(session, lease, longer, 30) is None
        leases.give_back(session, lease, longer)
    assert until() == second
    with Session(engine) as session, session.begin():
        leases.give_back(session, lease, second)
    assert until() is None
