"""The background kind of work: how scores correlate with accuracies, slice by slice."""

import time
from collections.abc import Generator
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from sqlalchemy.exc import OperationalError

from service.benches import BENCHES
from service.db import accuracies, correlations, leases
from service.db.accuracies import Columns
from service.db.correlations import SETS, Question
from service.db.models import Correlation
from service.evidence import findings
from service.settings import Settings
from service.workers.members import Transaction, columns, members
from service.workers.watchdog import Watchdog

log = structlog.get_logger()

SLICE_SECONDS = 0.02
"""Live work waits for one of these, and a busy worker does one a second."""

Slices = Generator[None, None, None]


class Evidence:
    """What a worker does when it has nothing else to do: `advance` does a slice of it.

    It looks which answers are missing or stale, and computes them one after the other, each under a
    lease, so that no two workers compute the same.
    """

    def __init__(self, settings: Settings, transaction: Transaction, watchdog: Watchdog) -> None:
        self._settings = settings
        self._transaction = transaction
        self._watchdog = watchdog
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
            self._slices = self._watchdog.background = None
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
        waiting = yield from self._waiting()
        for question in waiting:
            if self._given_up.get(question.text) != question.inputs and self._claim(question):
                yield from self._answer(question)
                self._release()
            yield

    def _waiting(self) -> Generator[None, None, list[Question]]:
        """What has no answer, or a stale one, in turn."""
        asked: list[Question] = []
        for bench in BENCHES:
            with self._transaction() as session:
                truths = accuracies.truths(session, bench)
                scored = correlations.scorings(session, bench)
                series = accuracies.of_bench(session, bench)
            asked += correlations.questions(truths, SETS, scored, series)
            yield
        with self._transaction() as session:
            stored = correlations.stored(session, asked)
        waiting = [
            (_turn(question, answer), question)
            for question in asked
            if (answer := stored.get(question.key)) is None or answer.inputs != question.inputs
        ]
        return [question for _, question in sorted(waiting, key=lambda each: each[0])]

    def _claim(self, question: Question) -> bool:
        """False where another worker has it, or has answered it."""
        lease = uuid5(NAMESPACE_URL, f"urn:nascore:correlation:{question.text}")
        with self._transaction() as session:
            if not leases.take(session, lease, self._settings.lease_seconds):
                return False
            self._watchdog.background = lease
            known = correlations.is_current(session, question)
        if known:
            self._release()
        return not known

    def _release(self) -> None:
        lease: UUID | None = self._watchdog.background
        if lease is not None:
            self._watchdog.background = None
            with self._transaction() as session:
                leases.release(session, lease)

    def _answer(self, question: Question) -> Slices:
        before = self._seconds()
        try:
            truth = yield from self._read(question)
            of = yield from members(self._transaction, question, truth)
            found = yield from findings(question.text, of)
            seconds = self._seconds() - before
            with self._transaction() as session:
                stored = correlations.store(session, question, asdict(found), seconds)
        except OperationalError:
            raise
        except Exception:
            # What cannot be answered leaves the others their turns.
            log.exception("correlation failed", question=question.text)
            self._given_up[question.text] = question.inputs
        else:
            if stored:
                log.info("correlated", question=question.text, seconds=round(seconds, 4))

    def _read(self, question: Question) -> Generator[None, None, Columns]:
        name = (question.truth.id, question.truth.changes)
        if self._truth is None or self._truth[0] != name:
            read = yield from columns(self._transaction, question.truth.id)
            self._truth = (name, read)
        return self._truth[1]


def _turn(question: Question, answer: Correlation | None) -> tuple[bool, datetime, bool, int, int]:
    """What nobody has answered comes first, of that the service's own scores and the default set;
    then what is oldest."""
    never = datetime.min.replace(tzinfo=UTC)
    return (
        answer is not None,
        never if answer is None else answer.computed_at,
        question.scoring.ranking is None,
        SETS.index(question.members),
        question.truth.id,
    )
