"""What there is to correlate: a truth, a set, and something that gives architectures a number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from service.catalogue import PROXIES, REDUCED_TRAINING, Direction
from service.db import accuracies
from service.db.boards import Ranking
from service.db.models import Board, BoardCount, Protocol, Score, Series, SeriesValue

DEFINITIONS = 1
"""Of `service.evidence`: raise it where a metric changes, and all is computed again."""

SETS = ("classes", "spellings", "whole_spellings")
"""What the members of a set are; an answer has the first where it is not told."""

LEAST = 20
"""That of `service.evidence`, which the API does not import: of fewer architectures nothing is
computed, however many boards have so few."""

DEFAULT = {"name": "fast", "dataset": "patches", "seed": 0}
"""Of a protocol: what requests mean that do not say, and so what most of them wait for."""

GROWTH = 0.01
"""So large a share of further architectures moves a correlation by a tenth of its standard error,
the root of a hundredth: nobody is misled by an answer without them."""

Kind = Literal["proxy", "ensemble", "published", "reduced_training"]


@dataclass(frozen=True, slots=True)
class Scoring:
    """Something that gives architectures of a bench a number each."""

    bench: str
    name: str
    kind: Kind
    """`published` is a series of scores, `reduced_training` one of accuracies."""
    state: str
    """Changes with what it says, new scores left out."""
    ranking: Ranking | None = None
    """Of a proxy or an ensemble, its scores under one protocol."""
    digest: str | None = None
    """Of that protocol."""
    default: bool = True
    """Whether that protocol is the default one; a series has none."""
    scored: int = 0
    """How many architectures with an accuracy, in whichever series, it has a score of or a reason
    why not: it only grows. Not counted of a series."""
    series_id: int | None = None

    @property
    def direction(self) -> Direction:
        """Of a series nobody says which way it points: the larger values count as better."""
        return "larger" if self.ranking is None else self.ranking.direction

    @property
    def enough(self) -> bool:
        """Whether anything can be said, with the right truth."""
        return self.ranking is None or self.scored >= LEAST


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
    def shown(self) -> dict[str, str]:
        """What is asked, for who looks on while it is answered."""
        names = {"bench": self.truth.bench, "score": self.scoring.name}
        return {**names, "truth": self.truth.name, "members": self.members}

    @property
    def inputs(self) -> str:
        """What the answer depends on: an answer of other inputs is stale.

        Scores are only ever added, and those without an accuracy change nothing: as many are the
        same.
        """
        return f"{self._lasting}{self.scoring.scored}"

    @property
    def _lasting(self) -> str:
        truth = f"truth {self.truth.id} {self.truth.changes}"
        return f"definitions {DEFINITIONS}; {truth}; {self.scoring.state}; scored "

    def differs_much(self, inputs: str) -> bool:
        """Whether an answer of these inputs misleads: for more than a few scores that came."""
        before = inputs.removeprefix(self._lasting)
        if before == inputs or not before.isdecimal():
            return True
        return self.scoring.scored >= int(before) * (1 + GROWTH)


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


def refreshed(session: Session, question: Question) -> Question | None:
    """The same question of what is stored now; None where there is nothing to ask any more."""
    truth = session.get(Series, question.truth.id)
    if truth is None:
        return None
    scored: Sequence[Scoring] = []
    series: Sequence[Series] = []
    if question.scoring.ranking is None:
        series = accuracies.of_bench(session, truth.bench)
    else:
        scored = scorings(session, truth.bench, question.scoring.digest)
    asked = questions([truth], [question.members], scored, series)
    return next((q for q in asked if q.key == question.key and q.scoring.enough), None)


def _undefined() -> Any:
    """Of a board, the undefined scores of architectures with an accuracy: few in all."""
    known = exists().where(
        SeriesValue.architecture_id == Score.architecture_id,
        SeriesValue.series_id == Series.id,
        Series.kind == "accuracy",
    )
    return (
        select(func.count())
        .select_from(Score)
        .where(
            Score.protocol_id == Board.protocol_id,
            Score.proxy == Board.proxy,
            Score.revision == Board.revision,
            Score.value.is_(None),
            known,
        )
        .correlate(Board)
        .scalar_subquery()
    )


def scorings(session: Session, bench: str, digest: str | None = None) -> list[Scoring]:
    """The proxies and ensembles that have scores on a bench, under one protocol or all, in their
    current revisions."""
    defined = func.coalesce(func.sum(BoardCount.defined).filter(BoardCount.known), 0)
    undefined = case((func.sum(BoardCount.undefined) == 0, 0), else_=_undefined())
    query = (
        select(Board, Protocol, defined + undefined)
        .join(Protocol, Protocol.id == Board.protocol_id)
        .join(BoardCount, BoardCount.board_id == Board.id)
        .where(Protocol.bench == bench)
        .group_by(Board.id, Protocol.id)
        .order_by(Board.protocol_id, Board.proxy)
    )
    if digest is not None:
        query = query.where(Protocol.digest == digest)
    found = []
    for board, protocol, scored in session.execute(query):
        kind: Kind = "ensemble"
        # The revision of an ensemble's score is the version of what it is ranked against.
        current = protocol.population
        better: Direction = "larger"
        if (proxy := PROXIES.get(board.proxy)) is not None:
            trained = proxy is REDUCED_TRAINING
            kind = "reduced_training" if trained else "proxy"
            current, better = proxy.revision, proxy.better[bench]
        if board.revision == current:
            ranking = Ranking(protocol.id, board.proxy, board.revision, better)
            default = DEFAULT.items() <= protocol.document.items()
            found.append(
                Scoring(
                    *(bench, board.proxy, kind, f"{better} better"),
                    ranking=ranking,
                    digest=protocol.digest,
                    default=default,
                    scored=int(scored),
                )
            )
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
