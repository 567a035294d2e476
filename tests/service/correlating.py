"""Made-up accuracies of architectures that are scored, and the answers about them."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx2
import numpy as np
from sqlalchemy import select, text

from service.benches import BENCHES
from service.db import known
from service.db.models import Architecture, Series, SeriesValue
from tests.service.running import Running, score_all

NB201 = BENCHES["nb201"]
NO_PATH = {"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}
PROXIES = ["params", "snip", "nwot"]
COLUMNS = {
    "dataset": "cifar10",
    "split": "test",
    "metric": "top1_percent",
    "epochs": 200,
    "source": "made up",
}
Spelt = tuple[str, dict[str, object], bool, float]
"""Hash, spelling, whether it is whole, value."""


def add_series(running: Running, name: str, rows: Iterable[Spelt], **columns: Any) -> None:
    """A series of NB201, and one value a spelling."""
    with running.session() as session:
        said = {"kind": "accuracy", **COLUMNS, **columns}
        series = Series(bench="nb201", name=name, changes=1, **said)
        session.add(series)
        session.flush()
        stored = select(Architecture.hash, Architecture.id).where(Architecture.bench == "nb201")
        ids = dict(session.execute(stored).all())
        for digest, spelling, whole, value in rows:
            session.add(
                SeriesValue(
                    series_id=series.id,
                    architecture_id=ids[digest],
                    spelling=json.dumps(spelling, sort_keys=True, separators=(",", ":")),
                    whole=whole,
                    seed=None,
                    value=value,
                )
            )
    placed = True
    while placed:
        with running.session() as session:
            placed = bool(known.place(session, "nb201"))


def forget(running: Running) -> None:
    with running.session() as session:
        # With their values and their correlations.
        session.execute(text("DELETE FROM series"))


def truth(hashes: Iterable[str], seed: int = 0) -> list[Spelt]:
    """Three spellings for each class, the last of them not whole; accuracies with ties."""
    rng = np.random.default_rng(seed)
    rows = []
    for digest in sorted(hashes):
        for number in range(3):
            spelling = {"arch": f"{digest}/{number}"}
            rows.append((digest, spelling, number < 2, round(float(rng.normal(90, 3)), 1)))
    return rows


def await_answer(
    http: httpx2.Client, query: str, done: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        answer: dict[str, Any] = http.get(f"/correlation?bench=nb201&{query}").json()
        if done(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def complete(answer: dict[str, Any]) -> bool:
    return not answer["missing"] and not any(item["stale"] for item in answer["items"])


def by_name(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["proxy"]: item for item in answer["items"]}


def merits(values: list[float | None], larger: bool = True) -> list[float]:
    worst = -1e300 if larger else 1e300
    return [worst if value is None else value for value in values]


def score_some(running: Running) -> dict[str, dict[str, float | None]]:
    """By hash, the scores of eighty classes and of one without a path."""
    spellings = [reading.asked for reading in NB201.sample(90, 5)]
    with httpx2.Client(base_url=running.address, timeout=120.0) as http:
        results = score_all(http, "nb201", [*spellings, NO_PATH], proxies=PROXIES)
    return {result["hash"]: result["scores"] for result in results}
