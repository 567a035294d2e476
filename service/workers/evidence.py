"""The background kind of work: how scores correlate with accuracies, slice by slice."""

import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from sqlalchemy.exc import OperationalError

from service.benches import BENCHES
from service.db import accuracies, correlations, leases, questions
from service.db.accuracies import Columns
from service.db.correlations import Answered, is_due
from service.db.questions import SETS, Key, Question
from service.evidence import findings
from service.settings import Settings
from service.workers.database import Transaction
from service.workers.members import alike, by_hash, columns, members, numbers
from service.workers.watchdog import Hold, Watchdog

log = structlog.get_logger()

SLICE_SECONDS = 0.02
"""A slice ends once it has taken so long: live work that comes waits for it, and a busy worker does
one a second. Steps that cannot be cut end later: of four hundred thousand members some take a tenth
of a second, and two up to half a second, SciPy's Kendall's τ and, once a truth, its sort."""

LOOK_SECONDS = 5.0
"""Of its work, after which a worker looks again what there is to answer and begins with the first:
accuracies may have come. A look takes a tenth of a second."""

PAGE = 2_000
"""Answers looked at in one slice."""

Slices = Generator[None, None, None]


class Evidence:
    """What a worker does when it has nothing else to do: `advance` does a slice of it.

    It looks which answers are missing or stale, and computes them one after the other, each under a
    lease, so that no two workers compute the same.
    """

    def __init__(
        self, settings: Settings, transaction: Transaction, watchdog: Watchdog, worker: UUID
    ) -> None:
        """`worker` is the id that others know this one by."""
        self._settings = settings
        self._patience = timedelta(seconds=settings.evidence_patience_seconds)
        self._transaction = transaction
        self._watchdog = watchdog
        self._worker = worker
        self._slices: Slices | None = None
        self._next_look = 0.0
        self._worked = 0.0
        """Seconds of the slices before the one at hand."""
        self._began = 0.0
        """When the slice at hand did."""
        self._truth: tuple[tuple[int, int], Columns] | None = None
        """The last one read, by id and changes: the next question is mostly of the same."""
        self._given_up: dict[str, str] = {}
        """By question, the inputs of which it could not be answered."""

    def advance(self) -> bool:
        """Works for a slice; False where there is nothing to do for now.

        Raises OperationalError, and then starts over with a look.
        """
        if self._slices is None:
            if time.monotonic() < self._next_look:
                return False
            self._slices = self._look_and_answer()
        self._began = time.perf_counter()
        try:
            while time.perf_counter() < self._began + SLICE_SECONDS:
                next(self._slices)
        except StopIteration:
            self._slices = None
            self._next_look = time.monotonic() + self._settings.evidence_seconds
        except OperationalError:
            self._slices = None
            self._watchdog.let_go()
            raise
        finally:
            self._worked = self._seconds()
            self._began = time.perf_counter()
        return True

    def _seconds(self) -> float:
        """Spent so far, what lay between the slices left out; of a slice only, inside it."""
        return self._worked + time.perf_counter() - self._began

    def put_back(self) -> None:
        """Lets other workers have the question at hand. Raises OperationalError."""
        if self._slices is not None:
            self._slices.close()
            self._slices = None
        self._release()

    def _look_and_answer(self) -> Slices:
        """Answers what waits, in turn as it is when it last looked, until nothing is left."""
        while True:
            waiting = yield from self._waiting()
            looked = self._seconds()
            for question in waiting:
                if (claimed := self._claim(question)) is not None:
                    yield from self._answer(*claimed)
                    self._release()
                yield
                if self._seconds() >= looked + LOOK_SECONDS:
                    break
            else:
                return

    def _waiting(self) -> Generator[None, None, list[Question]]:
        """What has no answer, or one that is due to be computed again, in turn."""
        known: dict[Key, Answered] = {}
        last = 0
        while True:
            with self._transaction() as session:
                now = correlations.now(session)
                page = correlations.page(session, last, PAGE)
            known.update({key: answered for _, key, answered in page})
            yield
            if len(page) < PAGE:
                break
            last = page[-1][0]
        waiting = []
        for bench in BENCHES:
            with self._transaction() as session:
                truths = accuracies.truths(session, bench)
                scored = questions.scorings(session, bench)
                series = accuracies.of_bench(session, bench)
            scored = [each for each in scored if each.enough]
            yield
            for place, truth in enumerate(truths):
                for question in questions.questions([truth], SETS, scored, series):
                    answered = known.get(question.key)
                    if is_due(question, answered, now, self._patience):
                        waiting.append((_turn(question, answered, place), question))
                yield
        waiting.sort(key=lambda each: each[0])
        return [question for _, question in waiting]

    def _claim(self, question: Question) -> tuple[Question, datetime] | None:
        """The question of what is stored by now, and when that was; None where another worker has
        it or has answered it, or it cannot be answered."""
        lease = uuid5(NAMESPACE_URL, f"urn:nascore:correlation:{question.text}")
        with self._transaction() as session:
            until = leases.take(
                session, lease, self._settings.lease_seconds, self._worker, question.shown
            )
        if until is None:
            return None
        self._watchdog.hold(Hold(lease, until))
        with self._transaction() as session:
            # The time first: what is read after it is no older.
            since = correlations.now(session)
            fresh = questions.refreshed(session, question)
            known = None if fresh is None else correlations.answered(session, fresh)
        if (
            fresh is None
            or not is_due(fresh, known, since, self._patience)
            or self._given_up.get(fresh.text) == fresh.inputs
        ):
            self._release()
            return None
        return fresh, since

    def _release(self) -> None:
        if (held := self._watchdog.let_go()) is not None:
            with self._transaction() as session:
                leases.give_back(session, *held)

    def _answer(self, question: Question, since: datetime) -> Slices:
        """Of one set, and with it of those which have the same members."""
        before = self._seconds()
        try:
            truth = yield from self._read(question)
            of = yield from numbers(self._transaction, question.scoring)
            asked = {}
            for each in SETS:
                asked[each] = yield from members(each, question.scoring, truth, of)
            same = [each for each in SETS if alike(asked[each], asked[question.members])]
            # Drawn by the text of the first, so that each has the same answer whoever computes it.
            first = replace(question, members=same[0])
            found = yield from findings(first.text, asked[question.members])
            seconds = self._seconds() - before
            for each in same:
                self._store(replace(question, members=each), asdict(found), seconds, since)
        except OperationalError:
            raise
        except Exception:
            # What cannot be answered leaves the others their turns.
            log.exception("correlation failed", question=question.text)
            self._given_up[question.text] = question.inputs

    def _store(
        self, question: Question, found: Mapping[str, object], seconds: float, since: datetime
    ) -> None:
        with self._transaction() as session:
            stored = correlations.store(session, question, dict(found), seconds, since)
        if stored:
            log.info("correlated", question=question.text, seconds=round(seconds, 4))

    def _read(self, question: Question) -> Generator[None, None, Columns]:
        name = (question.truth.id, question.truth.changes)
        if self._truth is None or self._truth[0] != name:
            read = yield from columns(self._transaction, question.truth.id)
            yield
            self._truth = (name, by_hash(read))
        return self._truth[1]


Turn = tuple[bool, bool, bool, datetime, int, int]


def _turn(question: Question, answered: Answered | None, place: int) -> Turn:
    """The default protocol comes first, however many others there are; of each, the service's own
    scores before the hundreds that a published table may bring. Of those, what nobody has answered,
    the default set and the most telling truth first, the one in the first `place`; then what is
    oldest."""
    never = datetime.min.replace(tzinfo=UTC)
    return (
        not question.scoring.default,
        question.scoring.ranking is None,
        answered is not None,
        never if answered is None else answered.computed_at,
        SETS.index(question.members),
        place,
    )
