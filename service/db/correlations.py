"""Queries on correlations: what there is to correlate, what it is computed from, what was found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.catalogue import CATALOGUE, Direction
from service.db.boards import Ranking
from service.db.models import Board, BoardCount, Correlation, Protocol, Score, Series

DEFINITIONS = 1
"""Of `service.evidence`: raise it where a metric changes, and all is computed again."""

SETS = ("classes", "spellings", "whole_spellings")
"""What the members of a set are; an answer has the first where it is not told."""


Kind = Literal["proxy", "ensemble", "published", "reduced_training"]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Something that gives architectures of a bench a number each."""

    bench: str
    name: str
    kind: Kind
    """`published` is a series of scores, `reduced_training` one of accuracies."""
    state: str
    """Changes with what it says."""
    ranking: Ranking | None = None
    """Of a proxy or an ensemble, its scores under one protocol."""
    digest: str | None = None
    """Of that protocol."""
    series_id: int | None = None

    @property
    def direction(self) -> Direction:
        """Of a series nobody says which way it points: the larger values count as better."""
        return "larger" if self.ranking is None else self.ranking.direction


Key = tuple[int, str, str, int | None, int | None]
"""What `correlations` knows a question by: truth, set, proxy, protocol and revision."""


@dataclass(frozen=True, slots=True)
class Question:
    """How well a scoring ranks a truth, on a set."""

    truth: Series
    members: str
    scoring: Scoring

    @property
    def key(self) -> Key:
        ranking = self.scoring.ranking
        under = (None, None) if ranking is None else (ranking.protocol_id, ranking.revision)
        return (self.truth.id, self.members, self.scoring.name, *under)

    @property
    def text(self) -> str:
        """The same in every database: what the resamples are drawn by."""
        scoring = self.scoring
        revision = None if scoring.ranking is None else scoring.ranking.revision
        names = (scoring.name, revision, scoring.digest)
        return "/".join(map(str, (self.truth.bench, self.truth.name, self.members, *names)))

    @property
    def inputs(self) -> str:
        """What the answer depends on: an answer of other inputs is stale."""
        truth = f"truth {self.truth.id} {self.truth.changes}"
        return f"definitions {DEFINITIONS}; {truth}; {self.scoring.state}"


def questions(
    truths: Sequence[Series],
    members: Sequence[str],
    scored: Sequence[Scoring],
    series: Sequence[Series],
) -> list[Question]:
    """All that can be correlated with these truths: what is scored, and series."""
    return [
        Question(truth, each, scoring)
        for truth in truths
        for each in members
        for scoring in (*scored, *_of_series(truth, series))
        if scoring.bench == truth.bench
    ]


def scorings(session: Session, bench: str, digest: str | None = None) -> list[Scoring]:
    """The proxies and ensembles that have scores on a bench, under one protocol or all, in their
    current revisions."""
    query = (
        select(Board, Protocol, func.sum(BoardCount.defined), func.sum(BoardCount.undefined))
        .join(Protocol, Protocol.id == Board.protocol_id)
        .join(BoardCount, BoardCount.board_id == Board.id)
        .where(Protocol.bench == bench, BoardCount.known.is_(False))
        .group_by(Board.id, Protocol.id)
        .order_by(Board.protocol_id, Board.proxy)
    )
    if digest is not None:
        query = query.where(Protocol.digest == digest)
    found = []
    for board, protocol, defined, undefined in session.execute(query):
        kind: Kind = "ensemble"
        # The revision of an ensemble's score is the version of what it is ranked against.
        current = protocol.population
        better: Direction = "larger"
        if (proxy := CATALOGUE.get(board.proxy)) is not None:
            kind, current, better = "proxy", proxy.revision, proxy.better[bench]
        if board.revision == current:
            # Scores are only ever added: as many are the same.
            state = f"{defined} scores, {undefined} undefined, {better} better"
            ranking = Ranking(protocol.id, board.proxy, board.revision, better)
            scoring = Scoring(bench, board.proxy, kind, state, ranking, protocol.digest)
            found.append(scoring)
    return found


def _of_series(truth: Series, series: Iterable[Series]) -> list[Scoring]:
    """On the truth's dataset, scores by others and accuracies after less training."""
    found = []
    for each in series:
        if (each.bench, each.dataset) != (truth.bench, truth.dataset):
            continue
        state = f"series {each.id} {each.changes}"
        if each.kind == "score":
            kind: Kind = "published"
        elif each.epochs is not None and truth.epochs is not None and each.epochs < truth.epochs:
            kind = "reduced_training"
        else:
            continue
        found.append(Scoring(each.bench, each.name, kind, state, series_id=each.id))
    return found


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


def is_current(session: Session, question: Question) -> bool:
    """Whether somebody has answered it meanwhile."""
    truth, members, proxy, protocol_id, revision = question.key
    found = session.scalar(
        select(Correlation.inputs).where(
            Correlation.truth_id == truth,
            Correlation.members == members,
            Correlation.proxy == proxy,
            Correlation.protocol_id.is_not_distinct_from(protocol_id),
            Correlation.revision.is_not_distinct_from(revision),
        )
    )
    return found == question.inputs


def store(session: Session, question: Question, findings: dict[str, Any], seconds: float) -> bool:
    """Puts an answer in the place of the one before; False where the truth has gone meanwhile."""
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
    session.execute(
        row.on_conflict_do_update(
            index_elements=["truth_id", "members", "proxy", "protocol_id", "revision"],
            set_={**answer, "computed_at": func.now()},
        )
    )
    return True


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
