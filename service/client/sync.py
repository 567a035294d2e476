"""The client for programs that wait for their answers."""

import time
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

import httpx2

from service.client import answers, options
from service.client.backoff import PATIENCE_SECONDS
from service.client.calls import Calls
from service.client.steps import (
    Done,
    Found,
    More,
    Pause,
    Reply,
    Request,
    Step,
    Steps,
    advance,
    built,
)

T = TypeVar("T")


class Client:
    """A connection to a nascore service.

    Failures that pass by themselves are tried again for up to `patience` seconds; then, and for all
    others, ServiceError or httpx2's transport errors are raised.
    """

    def __init__(self, server: str, *, patience: float = PATIENCE_SECONDS) -> None:
        self._http = httpx2.Client(base_url=server)
        self._calls = Calls(patience)

    def score(
        self,
        bench: str,
        architectures: Sequence[Mapping[str, Any]] | Literal["all"] | None = None,
        *,
        wait: float | None = None,
        **more: Unpack[options.Score],
    ) -> answers.Scores:
        """`POST /score`, in as many requests as the service needs for so many architectures.

        One result an architecture, in the order asked; without `wait` with what is known now, else
        once all are final or after so many seconds (`math.inf` for however long). No architecture
        is queued twice, however often a request has to be sent. Where one of several requests is
        refused, those before it are queued.
        """
        return self._run(self._calls.score(bench, architectures, wait, more))

    def propose(
        self, bench: str, *, wait: float | None = inf, **more: Unpack[options.Propose]
    ) -> answers.Proposals:
        """`POST /propose`: the best of a pool or of the children of parents.

        After `wait` seconds, or at once where it is None, the best of what is scored by then.
        """
        return self._run(self._calls.propose(bench, wait, more))

    def wait(self, job: str, seconds: float = inf) -> answers.Job:
        """The job once nothing of it is left to do, or as it is after so many seconds."""
        return self._run(self._calls.wait(job, seconds))

    def job(self, job: str) -> answers.Job:
        """`GET /jobs/{id}`."""
        return self._run(self._calls.job(job))

    def jobs(self, **more: Unpack[options.Jobs]) -> Iterator[answers.ListedJob]:
        """`GET /jobs`, page by page: every job there is, the newest first."""
        return self._each(self._calls.jobs(more))

    def work(self) -> answers.Work:
        """`GET /work`: queue, rate and workers, as they were a second ago at most."""
        return self._run(self._calls.work())

    def results(self, job: str) -> Iterator[answers.Result]:
        """Every result of a job in the order asked, page by page."""
        return self._each(self._calls.results(job))

    def rank(self, bench: str, limit: int = 100, **more: Unpack[options.Rank]) -> answers.Board:
        """One page of `GET /rank`."""
        return self._run(self._calls.rank(bench, limit, more))

    def correlation(self, bench: str, **more: Unpack[options.Correlation]) -> answers.Correlations:
        """`GET /correlation`."""
        return self._run(self._calls.correlation(bench, more))

    def points(
        self, bench: str, scores: Sequence[str], **more: Unpack[options.Points]
    ) -> answers.Points:
        """`GET /correlation/points`: by one score or two."""
        return self._run(self._calls.points(bench, scores, more))

    def architecture(self, bench: str, digest: str) -> answers.Architecture:
        """`GET /architectures/{bench}/{hash}`."""
        return self._run(self._calls.architecture(bench, digest))

    def neighbours(
        self, bench: str, digest: str, **more: Unpack[options.Around]
    ) -> answers.KnownArchitectures:
        """`GET /architectures/{bench}/{hash}/neighbours`."""
        return self._run(self._calls.neighbours(bench, digest, more))

    def standing(
        self, bench: str, digest: str, **more: Unpack[options.Standing]
    ) -> answers.Standing:
        """`GET /architectures/{bench}/{hash}/standing`."""
        return self._run(self._calls.standing(bench, digest, more))

    def read(
        self, bench: str, architectures: Sequence[Mapping[str, Any]], *, drawing: bool = False
    ) -> answers.ReadArchitectures:
        """`POST /architectures/read`: what spellings mean, in one request."""
        return self._run(self._calls.read(bench, architectures, drawing))

    def sample(self, bench: str, n: int, seed: int = 0) -> answers.Sample:
        """`GET /benches/{bench}/sample`."""
        return self._run(self._calls.sample(bench, n, seed))

    def benches(self) -> list[answers.Bench]:
        """`GET /benches`."""
        return self._run(self._calls.benches())

    def proxies(self) -> list[answers.Proxy]:
        """`GET /proxies`."""
        return self._run(self._calls.proxies())

    def series(self, bench: str) -> list[answers.Series]:
        """The series of trained accuracies, and of other tools' scores, that a bench has."""
        return self._run(self._calls.series(bench))

    def accuracies(self, bench: str, series: str) -> Iterator[answers.AccuracyRow]:
        """All rows of a series, read as they come; rows that can be put again."""
        return self._each(self._calls.accuracies(bench, series))

    def put_accuracies(
        self, rows: Sequence[Mapping[str, Any]], **about: Unpack[options.Table]
    ) -> answers.TakenIn:
        """`PUT /accuracies`: all rows or none; each has the fields of a spelling, `value`, and if
        need be `seed`.
        """
        return self._run(self._calls.put_accuracies(rows, about))

    def _run(self, steps: Steps[T]) -> T:
        wire = _Wire(self._http)
        step = advance(steps, None)
        while not isinstance(step, Done):
            step = advance(steps, wire.outcome(step))
        return step.value

    def _each(self, steps: Steps[None]) -> Iterator[Any]:
        with _Wire(self._http) as wire:
            step = advance(steps, None)
            while not isinstance(step, Done):
                if isinstance(step, Found):
                    yield from step.items
                step = advance(steps, wire.outcome(step))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Wire:
    """Does the steps of one call on the connection."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        self._streamed: httpx2.Response | None = None
        self._pieces: Iterator[bytes] = iter(())

    def outcome(self, step: Step) -> Any:
        """What became of the step, for `advance`."""
        try:
            match step:
                case Request():
                    return self._reply(step)
                case More():
                    return next(self._pieces, b"")
                case Pause():
                    return time.sleep(step.seconds)
                case Found():
                    return None
        except httpx2.TransportError as error:
            return error

    def _reply(self, request: Request) -> Reply:
        self.close()
        response = self._http.send(built(self._http, request), stream=request.streamed)
        if request.streamed:
            self._streamed, self._pieces = response, response.iter_bytes()
        body = b"" if request.streamed and response.is_success else response.read()
        return Reply(response.status_code, response.reason_phrase, response.headers, body)

    def close(self) -> None:
        if self._streamed is not None:
            self._streamed.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
