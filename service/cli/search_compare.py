"""Compares searches by their logs: a table in the terminal, curves in an SVG file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from service.cli.search_run import name
from service.cli.tables import print_whole
from service.search.incumbent import Curves, Floats, curves
from service.search.log import LogError, Record, Setting, ended, read
from service.search.mean_curves import MeanCurve, extended, mean_of_reached

STEPS = (10, 30, 50, 100, 150, 200, 300, 500, 1_000)
"""Where the table looks at a curve, besides at its end."""


@dataclass(frozen=True, slots=True)
class Read:
    """A log."""

    setting: Setting
    runs: dict[int, list[Record]]
    """By seed."""
    ended: set[int]
    """Seeds whose searches ended by themselves: what they have, they keep."""

    @property
    def longest(self) -> int:
        return max(map(len, self.runs.values()))

    def seeds(self, step: int) -> int:
        """How many have trained so many, or have ended before."""
        return sum(len(run) >= step or seed in self.ended for seed, run in self.runs.items())


def compared(logs: Sequence[Path], svg: Path | None) -> None:
    """Prints the curves of logs at some steps; draws them into `svg`, where Matplotlib is there.

    Raises LogError; a file that is not there ends the command with status 1.
    """
    found = {}
    for path in logs:
        try:
            found[path] = Read(*read(path), ended(path))
        except OSError as error:
            typer.secho(str(error), err=True, fg="red")
            raise typer.Exit(1) from None
        if not found[path].runs:
            raise LogError(f"{path}: nothing is trained yet")
    print_whole(_table(found))
    for path, log in found.items():
        best, seeds = _best(log.runs), _seeds(len(log.runs))
        tested = "" if best.test is None else f", test {best.test:.2f}"
        typer.echo(f"{path}: best of {seeds} {best.accuracy:.2f}{tested}: {best.spec}")
    if svg is not None:
        _draw(found, svg)


def _draw(found: Mapping[Path, Read], svg: Path) -> None:
    try:
        from service.search.figure import draw
    except ImportError:
        typer.secho("The curves need Matplotlib: pip install matplotlib", err=True, fg="red")
        raise typer.Exit(1) from None
    drawn = {}
    for log in found.values():
        reading, curve = next(_readings(log))
        behind, every = log.seeds(log.longest), len(log.runs)
        some = "" if behind == every else f", at its end {behind} of {every} seeds"
        drawn[f"{name(log.setting)}, {reading}{some}"] = curve
    draw(drawn, "best accuracy, 95 % interval over seeds", svg)
    typer.echo(f"{svg} is written.")


def _table(found: Mapping[Path, Read]) -> Table:
    longest = max(log.longest for log in found.values())
    steps = [step for step in STEPS if step < longest]
    table = Table("search", "seeds", "incumbent")
    for step in [*steps, longest]:
        table.add_column(f"{step} trained", justify="right")
    for log in found.values():
        for reading, curve in _readings(log):
            cells = [_cell(log, curve, step) for step in [*steps, longest]]
            table.add_row(name(log.setting), str(len(log.runs)), reading, *cells)
    return table


def _readings(log: Read) -> Iterator[tuple[str, MeanCurve]]:
    """The test accuracies first, where there are some.

    A seed that was interrupted, or still runs, counts as far as it is.
    """
    every = [curves_of(run) for run in log.runs.values()]

    def mean(of: Sequence[Floats]) -> MeanCurve:
        of_seeds = zip(log.runs, of, strict=True)
        return mean_of_reached(
            [extended(each, log.longest) if seed in log.ended else each for seed, each in of_seeds]
        )

    if all(record.test is not None for run in log.runs.values() for record in run):
        yield "test, by validation", mean([each.by_validation for each in every])
        yield "test, oracle", mean([each.oracle for each in every])
    yield "validation", mean([each.validation for each in every])


def curves_of(run: Sequence[Record]) -> Curves:
    """Of one seed; without test accuracies only the validation's mean anything."""
    judged = [0.0 if record.test is None else record.test for record in run]
    return curves([record.accuracy for record in run], judged)


def _cell(log: Read, curve: MeanCurve, step: int) -> str:
    if step > len(curve.mean):
        return ""
    mean, low, high = (each[step - 1] for each in curve)
    behind = log.seeds(step)
    interval = f" [{low:.2f}, {high:.2f}]" if behind > 1 else ""
    some = f", {_seeds(behind)}" if behind < len(log.runs) else ""
    return escape(f"{mean:.2f}{interval}{some}")


def _seeds(number: int) -> str:
    return f"{number} seed{'s' if number > 1 else ''}"


def _best(runs: dict[int, list[Record]]) -> Record:
    return max((record for run in runs.values() for record in run), key=lambda r: r.accuracy)
