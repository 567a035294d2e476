"""Queries on correlations: what was found, and the scores that it is computed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.db.boards import Ranking
from service.db.models import Correlation, Score, Series
from service.db.questions import Key, Question


@dataclass(frozen=True, slots=True)
class Answered:
    """Of an answer, when it was computed and from what."""

    inputs: str
    computed_at: datetime


_KEY = (
    Correlation.truth_id,
    Correlation.members,
    Correlation.proxy,
    Correlation.protocol_id,
    Correlation.revision,
)
_ANSWERED = (Correlation.inputs, Correlation.computed_at)


def is_due(
    question: Question, answered: Answered | None, now: datetime, patience: timedelta
) -> bool:
    """Whether a question is to be answered now: for the first time, or again since the answer is
    stale and misleads, or has been stale for longer than one is patient with a few scores more."""
    if answered is None:
        return True
    if answered.inputs == question.inputs:
        return False
    return now - answered.computed_at >= patience or question.differs_much(answered.inputs)


def stored(session: Session, asked: Sequence[Question]) -> dict[Key, Correlation]:
    """The answers that there are, stale ones too, by the key of the question."""
    truths = {question.truth.id for question in asked}
    members = {question.members for question in asked}
    protocols = {question.key[3] for question in asked} - {None}
    rows = session.scalars(
        select(Correlation).where(
            Correlation.truth_id.in_(truths),
            Correlation.members.in_(members),
            or_(Correlation.protocol_id.is_(None), Correlation.protocol_id.in_(protocols)),
        )
    )
    return {
        (row.truth_id, row.members, row.proxy, row.protocol_id, row.revision): row for row in rows
    }


def page(session: Session, after: int, limit: int) -> list[tuple[int, Key, Answered]]:
    """So many answers behind the one of that id, without what they say, each with its own id."""
    query = (
        select(Correlation.id, *_KEY, *_ANSWERED)
        .where(Correlation.id > after)
        .order_by(Correlation.id)
        .limit(limit)
    )
    return [
        (row[0], (row[1], row[2], row[3], row[4], row[5]), Answered(*row[6:]))
        for row in session.execute(query)
    ]


def answered(session: Session, question: Question) -> Answered | None:
    row = session.execute(
        select(*_ANSWERED).where(
            *(
                column.is_not_distinct_from(value)
                for column, value in zip(_KEY, question.key, strict=True)
            )
        )
    ).one_or_none()
    return None if row is None else Answered(*row)


def now(session: Session) -> datetime:
    """By the clock that says when an answer was computed."""
    return session.execute(select(func.now())).scalar_one()


def store(
    session: Session,
    question: Question,
    findings: dict[str, Any],
    seconds: float,
    since: datetime,
) -> bool:
    """Puts an answer in the place of the one before.

    False where the truth has gone meanwhile, or somebody has answered after `since`, when the
    inputs were read: that answer may be of newer ones.
    """
    truth, members, proxy, protocol_id, revision = question.key
    if session.get(Series, truth, with_for_update={"key_share": True}) is None:
        return False
    row = insert(Correlation).values(
        truth_id=truth,
        members=members,
        proxy=proxy,
        protocol_id=protocol_id,
        revision=revision,
        findings=findings,
        inputs=question.inputs,
        seconds=seconds,
    )
    answer = {name: row.excluded[name] for name in ("findings", "inputs", "seconds")}
    written = session.scalar(
        row.on_conflict_do_update(
            index_elements=["truth_id", "members", "proxy", "protocol_id", "revision"],
            set_={**answer, "computed_at": func.now()},
            where=and_(Correlation.computed_at <= since, Correlation.inputs != row.excluded.inputs),
        ).returning(Correlation.id)
    )
    return written is not None


def _scored(ranking: Ranking) -> ColumnElement[bool]:
    return and_(
        Score.protocol_id == ranking.protocol_id,
        Score.proxy == ranking.proxy,
        Score.revision == ranking.revision,
    )


def scores(
    session: Session, ranking: Ranking, after: tuple[float, int] | None, limit: int
) -> list[tuple[float, int]]:
    """So many defined scores behind a score and an architecture's id, sorted by both."""
    key = tuple_(Score.value, Score.architecture_id)
    query = (
        select(Score.value, Score.architecture_id)
        .where(_scored(ranking), Score.value.is_not(None))
        .order_by(Score.value, Score.architecture_id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(key > after)
    rows = session.execute(query)
    return [(value, architecture) for value, architecture in rows if value is not None]


def undefined(session: Session, ranking: Ranking) -> Sequence[int]:
    """The ids of the architectures whose score is undefined: few, whatever the proxy."""
    query = select(Score.architecture_id).where(_scored(ranking), Score.value.is_(None))
    return session.scalars(query).all()
