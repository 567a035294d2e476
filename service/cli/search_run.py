"""Runs the searches of `nascore search`, one seed after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from service.benches import BENCHES
from service.benches.bench import Architecture, Bench
from service.cli.search_service import NoAccuraciesError, ServiceScores, accuracies, datasets
from service.cli.search_training import trained_by
from service.search import Search, Space, of_bench, of_table
from service.search.log import Log, Setting
from service.search.logged import ProxyCost, logged
from service.search.run import Asked, Train
from service.search.searches import Algorithm, check, on_one_thread, searched

if TYPE_CHECKING:
    from service.client import Client

FREE = ProxyCost(0, None)
"""Of a search that asks for no score."""

LONGEST_NAME = 255 - len(".jsonl")
"""Bytes: a file's name has at most 255 on the common file systems."""

HASH_DIGITS = 12
"""Nobody has so many commands that two share them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of the command."""

    bench: str
    dataset: str | None
    train: str | None
    algorithm: Algorithm
    warmup: int | None
    """None: all, as with `moves`."""
    moves: int | None
    proxy: str | None
    protocol: str
    budget: int
    seeds: int
    log: Path | None

    @property
    def scored(self) -> bool:
        """Whether the search asks for scores."""
        return self.warmup != 0 or self.moves != 0


@dataclass(frozen=True, slots=True)
class Truth:
    """Where accuracies come from."""

    space: Space
    train: Train
    judge: Callable[[Architecture], float | None]
    accuracies: str
    """The name of the series, or the command."""
    test: str | None


def run(client: "Client", wanted: Wanted) -> Path:
    """Returns the log once every seed has its budget.

    Raises NoAccuraciesError, NoScoresError, RefusedError, LogError, TrainingError.
    """
    if wanted.bench not in BENCHES:
        raise typer.BadParameter(
            f"{wanted.bench!r} is none of {', '.join(BENCHES)}", param_hint="--bench"
        )
    bench = BENCHES[wanted.bench]
    truth = (
        _command(bench, wanted.train)
        if wanted.train is not None
        else tables(client, bench, wanted.dataset or "")
    )
    check(wanted.algorithm, truth.space, wanted.warmup, wanted.moves)
    on_one_thread(wanted.algorithm)
    with _progress() as progress:
        task = progress.add_task(wanted.algorithm, total=wanted.budget * wanted.seeds)

        def told(n: int) -> None:
            doing = f"{wanted.algorithm}, scoring {n}" if n else wanted.algorithm
            progress.update(task, description=doing)

        scores, cost = None, FREE
        if wanted.scored:
            scores = ServiceScores(client, bench.name, wanted.proxy, wanted.protocol, told)
            cost = scores.cost()
        setting = _setting(wanted, truth, scores)
        path = wanted.log or Path(f"{name(setting)}.jsonl")
        with Log(path, setting) as log:
            for seed in range(wanted.seeds):
                if len(log.of_seed(seed)) >= wanted.budget:
                    # Not even followed again: the predictor would learn it all anew.
                    progress.update(task, completed=wanted.budget * (seed + 1))
                    continue
                asked = Asked(scores or _no_scores)
                search = _search(wanted, truth.space, asked, seed)
                found = logged(
                    log, seed, search, asked, truth.train, truth.judge, cost, wanted.budget
                )
                for _ in found:
                    progress.advance(task)
                # A search that ended early has nothing left to do either.
                progress.update(task, completed=wanted.budget * (seed + 1))
    return path


def _setting(wanted: Wanted, truth: Truth, scores: ServiceScores | None) -> Setting:
    return Setting(
        bench=wanted.bench,
        algorithm=wanted.algorithm,
        warmup=wanted.warmup,
        moves=wanted.moves,
        proxy=None if scores is None else scores.proxy,
        revision=None if scores is None else scores.revision,
        protocol=None if scores is None else scores.digest,
        accuracies=truth.accuracies,
        test=truth.test,
    )


def _search(wanted: Wanted, space: Space, asked: Asked, seed: int) -> Search:
    given = {"warmup": wanted.warmup, "moves": wanted.moves}
    return searched(wanted.algorithm, space, asked, seed, **given)


def name(setting: Setting) -> str:
    """Of a search, without blanks: `nb201-cifar100-validation-200ep-evolution-wall-m10-synflow`.

    Of a command that is too long for a file's name it has the hash.
    """
    trained = "".join(
        letter if letter.isalnum() or letter in "-_." else "_" for letter in setting.accuracies
    )
    parts = [setting.bench, trained, setting.algorithm]
    for letter, number in (("w", setting.warmup), ("m", setting.moves)):
        if number != 0:
            parts.append(f"{letter}{'all' if number is None else number}")
    if setting.proxy:
        parts.append(setting.proxy)
    if len("-".join(parts).encode()) > LONGEST_NAME:
        parts[1] = sha256(setting.accuracies.encode()).hexdigest()[:HASH_DIGITS]
    return "-".join(parts)


def _command(bench: Bench, command: str) -> Truth:
    train = trained_by(command)
    return Truth(of_bench(bench.name), train, lambda _: None, command, None)


def tables(client: "Client", bench: Bench, dataset: str) -> Truth:
    """The dataset's series of the service; a bench's architectures without accuracy are left out.

    Raises NoAccuraciesError.
    """
    seen = accuracies(client, bench, dataset, "validation")
    judged = accuracies(client, bench, dataset, "test")
    if seen is None:
        there = ", ".join(datasets(client, bench.name)) or "no dataset"
        why = "" if judged is None else ", and a search must not see those of the test"
        raise NoAccuraciesError(
            f"The service has no validation accuracies of {bench.name} on {dataset!r}{why}; it has "
            f"some on: {there}. `nascore accuracies import` adds tables, --train trains."
        )
    mean = seen.mean
    test = {} if judged is None else judged.mean
    space = (
        of_bench(bench.name)
        if len(mean) == bench.classes
        else of_table(bench.name, seen.architectures)
    )
    return Truth(
        space=space,
        train=lambda architecture: mean[architecture.hash],
        judge=lambda architecture: test.get(architecture.hash),
        accuracies=seen.series,
        test=None if judged is None else judged.series,
    )


def _progress() -> Progress:
    return Progress(
        *Progress.get_default_columns(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _no_scores(architectures: Sequence[Architecture]) -> NoReturn:
    raise AssertionError(f"a plain search has asked for {len(architectures)} scores")
