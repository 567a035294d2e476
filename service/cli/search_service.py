"""What a search asks of the service: accuracies as a table, scores, and what a score costs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Literal

from service.benches.bench import Architecture, Bench
from service.search.logged import ProxyCost

if TYPE_CHECKING:
    from service.client import Client
    from service.client.answers import AccuracyRow, Proxy, Result, Series

PAGE = 1_000
"""Rows of a board: the service's own limit, by default."""

Split = Literal["validation", "test"]


class NoAccuraciesError(Exception):
    """The service has no such series; what it has."""


class NoScoresError(Exception):
    """Nothing can be ordered by what the service answers; why."""


@dataclass(frozen=True, slots=True)
class Accuracies:
    """A series of trained accuracies, by the hash of the class."""

    series: str
    mean: Mapping[str, float]
    """Over the spellings of the class, of each the mean over its seeds."""
    architectures: Mapping[str, Architecture]


def accuracies(client: "Client", bench: Bench, dataset: str, split: Split) -> Accuracies | None:
    """Of the dataset's series on the split the most telling one; None where there is none."""
    found = [
        each
        for each in client.series(bench.name)
        if each["kind"] == "accuracy" and (each["dataset"], each["split"]) == (dataset, split)
    ]
    if not found:
        return None
    series = max(found, key=_telling)["name"]
    values: defaultdict[str, defaultdict[str, list[float]]]
    values = defaultdict(lambda: defaultdict(list))
    architectures = {}
    for row in client.accuracies(bench.name, series):
        spelling = _spelling(bench, row)
        if row["hash"] not in architectures:
            architectures[row["hash"]] = bench.read(spelling).architecture
        values[row["hash"]][repr(spelling)].append(row["value"])
    mean = {
        digest: _mean([_mean(trained) for trained in spellings.values()])
        for digest, spellings in values.items()
    }
    return Accuracies(series, mean, architectures)


def datasets(client: "Client", bench: str) -> list[str]:
    """Those that the bench has validation accuracies of."""
    return sorted({s["dataset"] for s in client.series(bench) if s["split"] == "validation"})


def _telling(series: "Series") -> tuple[int, int, int]:
    """Most architectures, then most epochs, then the plainest name."""
    return series["architectures"], series["epochs"] or 0, -len(series["name"])


def _spelling(bench: Bench, row: "AccuracyRow") -> dict[str, object]:
    return {name: value for name, value in row.items() if name in bench.spelling_fields}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


class ServiceScores:
    """Scores of the service, larger being better: those on its board at once, others as asked."""

    def __init__(
        self,
        client: "Client",
        bench: str,
        proxy: str | None,
        protocol: str,
        told: Callable[[int], None],
    ) -> None:
        """`told` hears how many the service is about to score, and 0 when it has.

        Raises NoScoresError for an ensemble without a population: it would have no score.
        """
        self._client = client
        self._bench = bench
        self._protocol = protocol
        self._told = told
        board = client.rank(bench, PAGE, proxy=proxy, protocol=protocol)
        self.proxy = board["proxy"]
        self.digest = board["protocol"]["digest"]
        entry = self._entry()
        is_ensemble = entry["ensemble"] is not None
        self.revision = board["population"] if is_ensemble else entry["revision"]
        if self.revision is None:
            # The board itself has no reason where nothing was ever asked under the protocol.
            raise NoScoresError(
                f"{self.proxy} ranks among a reference population, and {bench} has none under "
                f"{protocol!r}: `nascore reference build` makes one, or give a --proxy that is no "
                "ensemble"
            )
        self._sign = 1 if board["direction"] == "larger" else -1
        self._known: dict[str, float] = {}
        while True:
            self._known |= {each["hash"]: self._sign * each["score"] for each in board["items"]}
            if (cursor := board["next"]) is None:
                break
            board = client.rank(bench, PAGE, proxy=self.proxy, protocol=protocol, cursor=cursor)

    def __call__(self, architectures: Sequence[Architecture]) -> list[float]:
        """-inf where a score is undefined or its evaluation failed.

        Raises NoScoresError where the job was cancelled, and where no architecture has a score, not
        even on the board: what is left is no order.
        """
        unknown = [each for each in architectures if each.hash not in self._known]
        if unknown:
            self._ask(unknown)
        return [self._known[each.hash] for each in architectures]

    def _ask(self, architectures: Sequence[Architecture]) -> None:
        self._told(len(architectures))
        answer = self._client.score(
            self._bench,
            [each.spec for each in architectures],
            wait=inf,
            proxies=[self.proxy],
            protocol=self._protocol,
        )
        self._told(0)
        results = answer["results"]
        cancelled = sum(result["state"] == "cancelled" for result in results)
        if cancelled:
            raise NoScoresError(
                f"A job was cancelled before {cancelled} of {len(results)} architectures had their "
                f"{self.proxy}; the same command asks again"
            )
        for result in results:
            score = result["scores"].get(self.proxy)
            self._known[result["hash"]] = -inf if score is None else self._sign * score
        # A batch alone says little: of a board that is whole only undefined scores are asked for.
        if not any(map(isfinite, self._known.values())):
            raise NoScoresError(
                f"None of {len(results)} architectures has a {self.proxy}: {self._why(results[0])}"
            )

    def _why(self, result: "Result") -> str:
        """An architecture has no score."""
        if result["error"] is not None:
            return result["error"]["detail"]
        return result["undefined"].get(self.proxy, "the service says no reason")

    def _entry(self) -> "Proxy":
        """What the catalogue says of it."""
        return next(each for each in self._client.proxies() if each["name"] == self.proxy)

    def cost(self) -> ProxyCost:
        """The seconds are those of the device with the most evaluations.

        Of reduced training, minibatches are known under the named protocols alone.
        """
        cost = self._entry()["cost"]
        timed = [
            each
            for each in cost["measured"]
            if (each["bench"], each["protocol"]) == (self._bench, self._protocol)
        ]
        most = max(timed, key=lambda each: each["evaluations"], default=None)
        minibatches = cost["minibatches"]
        if minibatches is None:
            minibatches = cost["minibatches_under"].get(self._protocol)
        return ProxyCost(minibatches, None if most is None else most["seconds"])
