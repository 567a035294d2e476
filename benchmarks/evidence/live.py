"""What is asked of the live service: scores of whole spaces, and what it makes of them."""

import csv
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx2
from rich.progress import Progress

Json = dict[str, Any]

POLL_SECONDS = 5.0
TIMEOUT = httpx2.Timeout(600.0, connect=5.0)
LIMIT = 10_000
"""Architectures in a request at most. A bench that has no more can be asked for whole."""

AT_ONCE = LIMIT // 2


class Live:
    """A running service that is asked as any client asks it."""

    def __init__(self, address: str) -> None:
        self._http = httpx2.Client(base_url=address, timeout=TIMEOUT)

    def get(self, path: str, **query: Any) -> Any:
        answer = self._http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def rows(self, path: str, **query: Any) -> Iterator[Mapping[str, str]]:
        """A whole table as CSV, row by row."""
        with self._http.stream("GET", path, params=query, headers={"Accept": "text/csv"}) as answer:
            answer.raise_for_status()
            yield from csv.DictReader(answer.iter_lines())

    def truths(self, bench: str) -> list[Json]:
        """The accuracies after a whole training, one series a dataset or task: of the most epochs,
        on test images where there are any, the first added. Those in percent come first."""
        found: dict[str, Json] = {}
        for series in self.get("/accuracies", bench=bench)["series"]:
            if series["kind"] == "accuracy":
                best = found.setdefault(series["dataset"], series)
                found[series["dataset"]] = max(best, series, key=_whole)
        return sorted(found.values(), key=lambda series: series["metric"] != "top1_percent")

    def known(self, bench: Json, series: str, most: int) -> list[Json]:
        """Spellings of the architectures that have an accuracy, the first by their hash."""
        rows = self.rows("/accuracies", bench=bench["name"], series=series)
        found = {row["hash"]: row for row in rows}
        text = bench["text_field"]
        fields = (text,) if text else bench["spelling_fields"]
        return [
            {name: row[name] if name == text else json.loads(row[name]) for name in fields}
            for row in (found[digest] for digest in sorted(found)[:most])
        ]

    def score(self, bench: str, architectures: Sequence[Json] | str) -> None:
        """Returns when every proxy of all of them is known."""
        if isinstance(architectures, str):
            self._score(bench, architectures)
            return
        for start in range(0, len(architectures), AT_ONCE):
            self._score(bench, architectures[start : start + AT_ONCE])

    def _score(self, bench: str, architectures: Sequence[Json] | str) -> None:
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

    def default_ensemble(self, bench: str) -> str:
        """What the service ranks the bench by where nobody says."""
        return str(self.get("/rank", bench=bench, limit=1)["proxy"])

    def correlations(self, bench: str, truth: str, members: str) -> dict[str, Json]:
        """By proxy, once a worker has computed all that is asked and nothing is stale."""
        while True:
            answer = self.get("/correlation", bench=bench, truth=truth, members=members)
            stale = [item["proxy"] for item in answer["items"] if item["stale"]]
            waiting = [each for each in answer["missing"] if "until a worker" in each]
            if answer["items"] and not stale and not waiting:
                return {item["proxy"]: item for item in answer["items"]}
            time.sleep(POLL_SECONDS)


def _whole(series: Json) -> tuple[int, bool]:
    return series["epochs"], series["split"] == "test"
