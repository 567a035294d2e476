"""The client for programs that do other things meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
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


class AsyncClient:
    """Connections to a nascore service, for one event loop: the calls of `Client`, awaited.

    Its docstrings say what each of them does.
    """

    def __init__(self, server: str, *, patience: float = PATIENCE_SECONDS) -> None:
        self._http = httpx2.AsyncClient(base_url=server)
        self._calls = Calls(patience)

    async def score(
        self,
        bench: str,
        architectures: Sequence[Mapping[str, Any]] | Literal["all"] | None = None,
        *,
        wait: float | None = None,
        **more: Unpack[options.Score],
    ) -> answers.Scores:
        return await self._run(self._calls.score(bench, architectures, wait, more))

    async def propose(
        self, bench: str, *, wait: float | None = inf, **more: Unpack[options.Propose]
    ) -> answers.Proposals:
        return await self._run(self._calls.propose(bench, wait, more))

    async def wait(self, job: str, seconds: float = inf) -> answers.Job:
        return await self._run(self._calls.wait(job, seconds))

    async def job(self, job: str) -> answers.Job:
        return await self._run(self._calls.job(job))

    def jobs(self, **more: Unpack[options.Jobs]) -> AsyncIterator[answers.ListedJob]:
        return self._each(self._calls.jobs(more))

    async def work(self) -> answers.Work:
        return await self._run(self._calls.work())

    def results(self, job: str) -> AsyncIterator[answers.Result]:
        return self._each(self._calls.results(job))

    async def rank(
        self, bench: str, limit: int = 100, **more: Unpack[options.Rank]
    ) -> answers.Board:
        return await self._run(self._calls.rank(bench, limit, more))

    async def correlation(
        self, bench: str, **more: Unpack[options.Correlation]
    ) -> answers.Correlations:
        return await self._run(self._calls.correlation(bench, more))

    async def points(
        self, bench: str, scores: Sequence[str], **more: Unpack[options.Points]
    ) -> answers.Points:
        return await self._run(self._calls.points(bench, scores, more))

    async def architecture(self, bench: str, digest: str) -> answers.Architecture:
        return await self._run(self._calls.architecture(bench, digest))

    async def neighbours(
        self, bench: str, digest: str, **more: Unpack[options.Around]
    ) -> answers.KnownArchitectures:
        return await self._run(self._calls.neighbours(bench, digest, more))

    async def standing(
        self, bench: str, digest: str, **more: Unpack[options.Standing]
    ) -> answers.Standing:
        return await self._run(self._calls.standing(bench, digest, more))

    async def read(
        self, bench: str, architectures: Sequence[Mapping[str, Any]], *, drawing: bool = False
    ) -> answers.ReadArchitectures:
        return await self._run(self._calls.read(bench, architectures, drawing))

    async def sample(self, bench: str, n: int, seed: int = 0) -> answers.Sample:
        return await self._run(self._calls.sample(bench, n, seed))

    async def benches(self) -> list[answers.Bench]:
        return await self._run(self._calls.benches())

    async def proxies(self) -> list[answers.Proxy]:
        return await self._run(self._calls.proxies())

    async def series(self, bench: str) -> list[answers.Series]:
        return await self._run(self._calls.series(bench))

    def accuracies(self, bench: str, series: str) -> AsyncIterator[answers.AccuracyRow]:
        return self._each(self._calls.accuracies(bench, series))

    async def put_accuracies(
        self, rows: Sequence[Mapping[str, Any]], **about: Unpack[options.Table]
    ) -> answers.TakenIn:
        return await self._run(self._calls.put_accuracies(rows, about))

    async def _run(self, steps: Steps[T]) -> T:
        wire = _Wire(self._http)
        step = advance(steps, None)
        while not isinstance(step, Done):
            step = advance(steps, await wire.outcome(step))
        return step.value

    async def _each(self, steps: Steps[None]) -> AsyncIterator[Any]:
        async with _Wire(self._http) as wire:
            step = advance(steps, None)
            while not isinstance(step, Done):
                if isinstance(step, Found):
                    for item in step.items:
                        yield item
                step = advance(steps, await wire.outcome(step))

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class _Wire:
    """Does the steps of one call on the connection."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._streamed: httpx2.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def outcome(self, step: Step) -> Any:
        """What became of the step, for `advance`."""
        try:
            match step:
                case Request():
                    return await self._reply(step)
                case More():
                    return b"" if self._pieces is None else await anext(self._pieces, b"")
                case Pause():
                    return await asyncio.sleep(step.seconds)
                case Found():
                    return None
        except httpx2.TransportError as error:
            return error

    async def _reply(self, request: Request) -> Reply:
        await self.close()
        response = await self._http.send(built(self._http, request), stream=request.streamed)
        if request.streamed:
            self._streamed, self._pieces = response, response.aiter_bytes()
        body = b"" if request.streamed and response.is_success else await response.aread()
        return Reply(response.status_code, response.reason_phrase, response.headers, body)

    async def close(self) -> None:
        if self._streamed is not None:
            await self._streamed.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
