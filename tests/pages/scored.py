"""A service with architectures of both benches scored, beside made-up accuracies."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import numpy as np

from service.benches import BENCHES
from service.ensembles import DEFAULT_ENSEMBLE
from tests.service.running import score_all

SCORED = ("nb101", "nb201")

SAMPLE = {"nb101": 25, "nb201": 40}
"""Spellings of each bench that its default ensemble ranks: twenty make a correlation."""

BY_SIZE = {"nb201": 330}
"""Those that `params` alone scores, in a moment: a correlation among the best tenth wants two
hundred classes."""

SERIES = {"accuracies-a": 0.1, "accuracies-b": 0.4}
"""Two truths of each bench, and how much noise there is in them."""

METRIC = {"accuracies-a": "top1_percent", "accuracies-b": "ssim"}

SECONDS = 60.0


def fill(http: httpx2.Client) -> None:
    """Returns when everything is scored and correlated."""
    for bench in SCORED:
        _score(http, bench, SAMPLE[bench], [DEFAULT_ENSEMBLE[bench], "params"])
        sized = _score(http, bench, BY_SIZE.get(bench, SAMPLE[bench]), ["params"])
        for seed, name in enumerate(SERIES):
            _train(http, bench, name, sized, seed)
    for bench in SCORED:
        _await_correlations(http, bench)


def _score(
    http: httpx2.Client, bench: str, spellings: int, proxies: Sequence[str]
) -> list[dict[str, Any]]:
    asked = [reading.asked for reading in BENCHES[bench].sample(spellings, 5)]
    return score_all(http, bench, asked, proxies=proxies)


def _train(
    http: httpx2.Client, bench: str, name: str, results: Sequence[Mapping[str, Any]], seed: int
) -> None:
    """Accuracies that rise with the number of parameters, in per cent."""
    # A table has a spelling once, a sample may have it twice.
    results = list({json.dumps(result["asked"]): result for result in results}.values())
    size = np.log([result["scores"]["params"] for result in results])
    noise = np.random.default_rng(seed).normal(size=size.size)
    values = 90 + 2 * (size - size.mean()) / size.std() + 5 * SERIES[name] * noise
    rows = [
        {**result["asked"], "value": round(float(value), 2)}
        for result, value in zip(results, values, strict=True)
    ]
    table = {
        **{"bench": bench, "dataset": "cifar10", "split": "test", "epochs": 200, "name": name},
        **{"source": "made up", "metric": METRIC[name]},
        "accuracies": rows,
    }
    http.put("/accuracies", json=table).raise_for_status()


def _await_correlations(http: httpx2.Client, bench: str) -> None:
    deadline = time.monotonic() + SECONDS
    for name in SERIES:
        while True:
            answer = http.get("/correlation", params={"bench": bench, "truth": name}).json()
            if answer["items"] and not answer["missing"]:
                break
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
