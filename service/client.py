"""The Python client: what the command line and search loops speak HTTP through."""

from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

Json = dict[str, Any]

CONNECT_SECONDS = 5.0
"""A service that does not take a connection in this time is not there."""

ANSWER_SECONDS = 60.0
"""Besides what a request waits by its own wish; ten thousand architectures take two."""


class ServiceError(Exception):
    """The service refused a request; `problem` is its RFC 9457 answer."""

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.problem = problem
        lines = [f"{problem.get('title')}: {problem.get('detail')}"]
        for fault in problem.get("errors", ()):
            where = fault["field"]
            if "architecture" in fault:
                where = f"architecture {fault['architecture']}, {where}"
            valid = f" (valid: {fault['valid']})" if fault.get("valid") else ""
            lines.append(f"  {where}: {fault['detail']}{valid}")
        super().__init__("\n".join(lines))


class Client:
    """A connection to a nascore service. Raises ServiceError and httpx2's transport errors."""

    def __init__(self, server: str) -> None:
        self._http = httpx2.Client(
            base_url=server, timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
        )

    def score(
        self,
        bench: str,
        architectures: Sequence[Mapping[str, Any]] | None = None,
        *,
        wait: int | None = None,
        **options: Any,
    ) -> Json:
        """`POST /score`; `options` are its optional fields (proxies, protocol, dataset, seed), or
        `sample` in place of architectures.
        """
        body = {"bench": bench, **options}
        if architectures is not None:
            body["architectures"] = list(architectures)
        headers = {} if wait is None else {"Prefer": f"wait={wait}"}
        timeout = httpx2.Timeout(ANSWER_SECONDS + (wait or 0), connect=CONNECT_SECONDS)
        return self._answer(self._http.post("/score", json=body, headers=headers, timeout=timeout))

    def job(self, job: str) -> Json:
        """`GET /jobs/{id}`."""
        return self._get(f"/jobs/{job}")

    def results(self, job: str) -> Iterator[Json]:
        """Every result of a job in the order asked, page by page."""
        cursor: str | None = None
        while True:
            page = self._get(f"/jobs/{job}/results", limit=1_000, cursor=cursor)
            yield from page["results"]
            if (cursor := page["next"]) is None:
                return

    def rank(self, bench: str, limit: int = 100, **options: Any) -> Json:
        """One page of `GET /rank`."""
        return self._get("/rank", bench=bench, limit=limit, **options)

    def correlation(self, bench: str, **options: Any) -> Json:
        """`GET /correlation`; `options` are its query (truth, members, order, protocol, ...)."""
        return self._get("/correlation", bench=bench, **options)

    def _get(self, path: str, **query: Any) -> Json:
        given = {name: value for name, value in query.items() if value is not None}
        return self._answer(self._http.get(path, params=given))

    @staticmethod
    def _answer(response: httpx2.Response) -> Json:
        if response.is_error:
            try:
                problem = response.json()
            except ValueError:
                problem = {"title": response.reason_phrase, "detail": response.text[:200]}
            raise ServiceError(problem)
        answer: Json = response.json()
        return answer

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
