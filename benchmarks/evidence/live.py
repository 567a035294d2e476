"""What is asked of the live service: scores of whole spaces, and what it makes of them."""

import csv
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from rich.progress import Progress

Json = dict[str, Any]

SETS = ("classes", "spellings", "whole_spellings")
POLL_SECONDS = 5.0
TIMEOUT = httpx2.Timeout(600.0, connect=5.0)


class Live:
    """A running service that is asked as any client asks it."""

    def __init__(self, address: str) -> None:
        self._http = httpx2.Client(base_url=address, timeout=TIMEOUT)

    def get(self, path: str, **query: Any) -> Json:
        answer = self._http.get(path, params=query)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def rows(self, path: str, **query: Any) -> Iterator[Mapping[str, str]]:
        """A whole table as CSV, row by row."""
        with self._http.stream("GET", path, params=query, headers={"Accept": "text/csv"}) as answer:
            answer.raise_for_status()
            yield from csv.DictReader(answer.iter_lines())

    def score(self, bench: str, architectures: list[Json] | str) -> None:
        """Returns when every proxy of all of them is known."""
        body = {"bench": bench, "architectures": architectures}
        answer = self._http.post("/score", json=body)
        answer.raise_for_status()
        if (job := answer.json()["job"]) is None:
            return
        with Progress(transient=True) as progress:
            task = progress.add_task(f"scoring {bench}", total=len(answer.json()["results"]))
            while True:
                counts = self.get(f"/jobs/{job}")["counts"]
                progress.update(task, completed=counts["done"] + counts["failed"])
                if not counts["queued"] and not counts["running"]:
                    break
                time.sleep(POLL_SECONDS)
        if counts["failed"]:
            raise RuntimeError(f"{counts['failed']} architectures failed: see /jobs/{job}/results")

    def correlations(self, bench: str, truth: str, members: str) -> dict[str, Json]:
        """By proxy, once a worker has computed all that is asked and nothing is stale."""
        while True:
            answer = self.get("/correlation", bench=bench, truth=truth, members=members)
            stale = [item["proxy"] for item in answer["items"] if item["stale"]]
            waiting = [each for each in answer["missing"] if "until a worker" in each]
            if answer["items"] and not stale and not waiting:
                return {item["proxy"]: item for item in answer["items"]}
            time.sleep(POLL_SECONDS)
