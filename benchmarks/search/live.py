"""Runs searches on what a live service knows: accuracies and scores fetched once for all seeds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from rich.progress import track

from benchmarks.search.plans import Plan
from service.benches import BENCHES
from service.cli.search_compare import curves_of
from service.cli.search_run import Truth, Wanted, name, run, tables
from service.cli.search_service import ServiceScores
from service.client import Client
from service.search.incumbent import Curves, curves
from service.search.log import Setting, read
from service.search.run import Asked, trained
from service.search.searches import searched


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a plan on one dataset."""

    bench: str
    dataset: str
    plan: Plan
    budget: int
    curves: list[Curves]
    """One a seed."""
    scored: float
    """Architectures whose score was asked for, the mean over seeds."""
    seconds: float | None
    """Of one search on one core, without scores and trainings; None where it was run before."""


class Live:
    """A service with its searches. Logs of slow ones are kept in a folder, and taken up again."""

    def __init__(self, client: Client, logs: Path) -> None:
        self._client = client
        self._logs = logs
        self._truths: dict[tuple[str, str], Truth] = {}
        self._scores: dict[tuple[str, str], ServiceScores] = {}

    def truth(self, bench: str, dataset: str) -> Truth:
        if (bench, dataset) not in self._truths:
            self._truths[bench, dataset] = tables(self._client, BENCHES[bench], dataset)
        return self._truths[bench, dataset]

    def scores(self, bench: str, proxy: str) -> ServiceScores:
        if (bench, proxy) not in self._scores:
            found = ServiceScores(self._client, bench, proxy, "fast", lambda _: None)
            self._scores[bench, proxy] = found
        return self._scores[bench, proxy]

    def found(self, bench: str, dataset: str, plan: Plan, seeds: int, budget: int) -> Found:
        """The plan with so many seeds, in this process."""
        truth = self.truth(bench, dataset)
        every, scored, began = [], 0, process_time()
        for seed in _shown(range(seeds), f"{bench} {dataset} {' '.join(map(str, plan))}"):
            asked = Asked(self.scores(bench, plan.proxy) if plan.proxy else lambda _: ())
            search = searched(
                plan.algorithm, truth.space, asked, seed, warmup=plan.warmup, moves=plan.moves
            )
            steps = list(trained(search, asked, truth.train, budget))
            judged = [truth.judge(step.architecture) or 0.0 for step in steps]
            every.append(curves([step.accuracy for step in steps], judged))
            scored += len(asked)
        took = (process_time() - began) / seeds
        return Found(bench, dataset, plan, budget, every, scored / seeds, took)

    def logged(self, bench: str, dataset: str, plan: Plan, seeds: int, budget: int) -> Found | None:
        """The same by the command's logs, which are gone on with where `seeds` is not 0; None where
        there is no log.
        """
        path = self._logs / f"{self._name(bench, dataset, plan)}.jsonl"
        if seeds:
            wanted = Wanted(
                bench=bench,
                dataset=dataset,
                train=None,
                algorithm=plan.algorithm,
                warmup=plan.warmup,
                moves=plan.moves,
                proxy=plan.proxy,
                protocol="fast",
                budget=budget,
                seeds=seeds,
                log=path,
            )
            run(self._client, wanted)
        if not path.exists():
            return None
        runs = {seed: run for seed, run in read(path)[1].items() if len(run) >= budget}
        if not runs:
            return None
        every = [curves_of(run[:budget]) for run in runs.values()]
        scored = sum(run[budget - 1].scored for run in runs.values()) / len(runs)
        return Found(bench, dataset, plan, budget, every, scored, None)

    def _name(self, bench: str, dataset: str, plan: Plan) -> str:
        truth = self.truth(bench, dataset)
        setting = Setting(
            bench=bench,
            algorithm=plan.algorithm,
            warmup=plan.warmup,
            moves=plan.moves,
            proxy=plan.proxy,
            revision=None,
            protocol=None,
            accuracies=truth.accuracies,
            test=truth.test,
        )
        return name(setting)

    def minibatches(self, bench: str, proxies: tuple[str, ...]) -> Mapping[str, int]:
        """Of one score."""
        return {proxy: self.scores(bench, proxy).cost().minibatches for proxy in proxies}


def _shown(seeds: range, what: str) -> Iterator[int]:
    yield from track(seeds, description=what, transient=True)
