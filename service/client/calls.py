"""The service's calls as steps: requests, what is sent again, pages, batches. No I/O here."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from random import random
from time import monotonic
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID, uuid4

from service.client import answers, backoff, options
from service.client.backoff import PASSING_ERRORS, PASSING_STATUSES, Patience, retry_after
from service.client.errors import ServiceError
from service.client.rows import Rows
from service.client.steps import Found, More, Pause, Reply, Request, Steps

LONG_POLL_SECONDS = 30
"""An answer may take so long; proxies cut a connection that is silent for a minute."""

FIRST_LOOK_SECONDS = 0.1
"""After a job of one architecture is done; each pause is twice the last, up to `Retry-After`."""

PAGE = 1_000
"""Results of a page: the service's own limit, by default."""

JSON = "application/json"

ACCEPTED = 202
"""The status of an answer that is not the last word."""

Architectures = Sequence[Mapping[str, Any]] | Literal["all"] | None


class Calls:
    """The calls of one client, which asks for the service's limits once."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._limit: int | None = None

    def score(
        self, bench: str, architectures: Architectures, wait: float | None, more: options.Score
    ) -> Steps[answers.Scores]:
        ends = monotonic() + (wait or 0.0)
        batches = yield from self._batches(architectures)
        given: list[answers.ScoreAnswer] = []
        unfinished: list[answers.ScoreAnswer] = []
        asked = 0
        for batch in batches:
            body = {"bench": bench, **more} | ({} if batch is None else {"architectures": batch})
            # Of several, none is waited for before all are queued.
            seconds = wait if len(batches) == 1 else None
            try:
                reply = yield from self._post("/score", uuid4(), body, seconds)
            except ServiceError as refusal:
                raise refusal.shifted(asked) from None
            given.append(reply.parsed())
            asked += len(given[-1]["results"])
            if reply.status == ACCEPTED:
                unfinished.append(given[-1])
        for answer in unfinished if wait is not None else ():
            job = str(answer["job"])
            yield from self.wait(job, ends - monotonic())
            answer["results"] = yield from self._results(job)
        return {
            "jobs": [answer["job"] for answer in given if answer["job"] is not None],
            "bench": given[0]["bench"],
            "protocol": given[0]["protocol"],
            "results": [result for answer in given for result in answer["results"]],
        }

    def _batches(self, architectures: Architectures) -> Steps[list[Any]]:
        """What to ask for in each request."""
        if architectures is None or isinstance(architectures, str):
            return [architectures]
        if self._limit is None:
            introduction = yield from self._get("/")
            self._limit = int(introduction["limits"]["architectures_limit"])
        # An empty one as well: the service says what is wrong with it.
        starts = range(0, len(architectures) or 1, self._limit)
        return [list(architectures[start : start + self._limit]) for start in starts]

    def propose(
        self, bench: str, wait: float | None, more: options.Propose
    ) -> Steps[answers.Proposals]:
        ends = monotonic() + (wait or 0.0)
        key, ended, again = uuid4(), "", 0
        while True:
            left = None if wait is None else max(0.0, ends - monotonic())
            reply = yield from self._post("/propose", key, {"bench": bench, **more}, left)
            proposal: answers.Proposals = reply.parsed()
            if reply.status != ACCEPTED or not left:
                return proposal
            job = yield from self.wait(str(proposal["job"]), ends - monotonic())
            if job["state"] == "running":
                return proposal
            if job["job"] == ended:
                # What it scored counts no more, as after an upgrade: only another job helps.
                again += 1
                asked = retry_after(reply.headers, datetime.now(UTC))
                pause = backoff.seconds(again, random(), asked)  # noqa: S311 - spreads clients
                if pause >= ends - monotonic():
                    return proposal
                yield Pause(pause)
                key = uuid4()
            ended = job["job"]

    def wait(self, job: str, seconds: float) -> Steps[answers.Job]:
        ends = monotonic() + seconds
        pause = FIRST_LOOK_SECONDS
        while True:
            # Not by its events: a question can be asked again of whichever process answers.
            reply = yield from self._reply(Request("GET", _path("jobs", job)))
            found: answers.Job = reply.parsed()
            left = ends - monotonic()
            if found["state"] != "running" or left <= 0:
                return found
            asked = retry_after(reply.headers, datetime.now(UTC))
            yield Pause(min(pause, left) if asked is None else min(pause, left, asked))
            pause *= 2

    def job(self, job: str) -> Steps[answers.Job]:
        return self._get(_path("jobs", job))

    def jobs(self, more: options.Jobs) -> Steps[None]:
        cursor: str | None = None
        while True:
            page: answers.JobPage = yield from self._get("/jobs", cursor=cursor, **more)
            yield Found(page["jobs"])
            if (cursor := page["next"]) is None:
                return

    def work(self) -> Steps[answers.Work]:
        return self._get("/work")

    def results(self, job: str) -> Steps[None]:
        cursor: str | None = None
        while True:
            page = yield from self._page(job, cursor)
            yield Found(page["results"])
            if (cursor := page["next"]) is None:
                return

    def _results(self, job: str) -> Steps[list[answers.Result]]:
        found: list[answers.Result] = []
        cursor: str | None = None
        while True:
            page = yield from self._page(job, cursor)
            found += page["results"]
            if (cursor := page["next"]) is None:
                return found

    def _page(self, job: str, cursor: str | None) -> Steps[answers.ResultPage]:
        return self._get(_path("jobs", job, "results"), limit=PAGE, cursor=cursor)

    def rank(self, bench: str, limit: int, more: options.Rank) -> Steps[answers.Board]:
        return self._get("/rank", bench=bench, limit=limit, **more)

    def correlation(self, bench: str, more: options.Correlation) -> Steps[answers.Correlations]:
        return self._get("/correlation", bench=bench, **more)

    def points(
        self, bench: str, scores: Sequence[str], more: options.Points
    ) -> Steps[answers.Points]:
        return self._get("/correlation/points", bench=bench, score=list(scores), **more)

    def architecture(self, bench: str, digest: str) -> Steps[answers.Architecture]:
        return self._get(_path("architectures", bench, digest))

    def neighbours(
        self, bench: str, digest: str, more: options.Around
    ) -> Steps[answers.KnownArchitectures]:
        return self._get(_path("architectures", bench, digest, "neighbours"), **more)

    def standing(self, bench: str, digest: str, more: options.Standing) -> Steps[answers.Standing]:
        return self._get(_path("architectures", bench, digest, "standing"), **more)

    def read(
        self, bench: str, architectures: Sequence[Mapping[str, Any]], drawing: bool
    ) -> Steps[answers.ReadArchitectures]:
        body = {"bench": bench, "architectures": list(architectures), "drawing": drawing}
        # Nothing is stored: the same request again is the same answer.
        headers = {"Content-Type": JSON}
        return self._answer(Request("POST", "/architectures/read", {}, headers, _json(body)))

    def sample(self, bench: str, n: int, seed: int) -> Steps[answers.Sample]:
        return self._get(_path("benches", bench, "sample"), n=n, seed=seed)

    def benches(self) -> Steps[list[answers.Bench]]:
        return self._get("/benches")

    def proxies(self) -> Steps[list[answers.Proxy]]:
        return self._get("/proxies")

    def series(self, bench: str) -> Steps[list[answers.Series]]:
        listed = yield from self._get("/accuracies", bench=bench)
        found: list[answers.Series] = listed["series"]
        return found

    def accuracies(self, bench: str, series: str) -> Steps[None]:
        query = {"bench": bench, "series": series}
        request = Request("GET", "/accuracies", query, {"Accept": "text/csv"}, streamed=True)
        patience, rows = Patience(self._patience), Rows()
        while True:
            yield from self._reply(request, patience)
            rows.begin()
            try:
                while piece := (yield More()):
                    if found := rows.feed(piece):
                        patience.succeeded()
                        yield Found(found)
            except PASSING_ERRORS as error:
                yield patience.pause(error)
                continue
            if not rows.is_whole:
                lost = f"{series} no longer has the row that was read last; read it anew"
                raise ServiceError({"title": "The series has changed meanwhile", "detail": lost})
            return

    def put_accuracies(
        self, rows: Sequence[Mapping[str, Any]], about: options.Table
    ) -> Steps[answers.TakenIn]:
        # The same rows again change nothing.
        body = {**about, "accuracies": list(rows)}
        headers = {"Content-Type": JSON}
        return self._answer(Request("PUT", "/accuracies", {}, headers, _json(body)))

    def _post(
        self, path: str, key: UUID, body: Mapping[str, Any], wait: float | None
    ) -> Steps[Reply]:
        """One request, which makes one job however often it is sent with the key."""
        headers = {"Content-Type": JSON, "Idempotency-Key": str(key)}
        seconds = 0
        if wait is not None:
            seconds = ceil(min(wait, LONG_POLL_SECONDS))
            headers["Prefer"] = f"wait={seconds}"
        return self._reply(Request("POST", path, {}, headers, _json(body), seconds))

    def _get(self, path: str, **query: Any) -> Steps[Any]:
        return self._answer(Request("GET", path, query))

    def _answer(self, request: Request) -> Steps[Any]:
        return (yield from self._reply(request)).parsed()

    def _reply(self, request: Request, patience: Patience | None = None) -> Steps[Reply]:
        """A good answer, after as many tries as there is patience for."""
        patience = patience or Patience(self._patience)
        while True:
            try:
                reply: Reply = yield request
            except PASSING_ERRORS as error:
                yield patience.pause(error)
                continue
            if not reply.is_error:
                return reply
            refusal = _refusal(reply)
            if reply.status not in PASSING_STATUSES:
                raise refusal
            yield patience.pause(refusal)


def _json(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _refusal(reply: Reply) -> ServiceError:
    try:
        problem = reply.parsed()
        problem["status"] = reply.status
    except (ValueError, TypeError):
        # Of a proxy in front of the service.
        text = reply.body.decode(errors="replace")[:200]
        problem = {"title": reply.reason, "detail": text, "status": reply.status}
    return ServiceError(problem, retry_after(reply.headers, datetime.now(UTC)))
