"""Compares searches by their logs: a table in the terminal, curves in an SVG file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from service.cli.search_run import name
from service.cli.tables import print_whole
from service.search.incumbent import Curves, Floats, curves
from service.search.log import Record, Setting, read
from service.search.mean_curves import MeanCurve, mean_curve

STEPS = (10, 30, 50, 100, 150, 200, 300, 500, 1_000)
"""Where the table looks at a curve, besides at its end."""


def compared(logs: Sequence[Path], svg: Path | None) -> None:
    """Prints the curves of logs at some steps; draws them into `svg`, where Matplotlib is there.

    Raises LogError; a file that is not there ends the command with status 1.
    """
    found = {}
    for path in logs:
        try:
            found[path] = read(path)
        except OSError as error:
            typer.secho(str(error), err=True, fg="red")
            raise typer.Exit(1) from None
    print_whole(_table(found))
    for path, (_, runs) in found.items():
        best = _best(runs)
        tested = "" if best.test is None else f", test {best.test:.2f}"
        typer.echo(f"{path}: best of {len(runs)} seeds {best.accuracy:.2f}{tested}: {best.spec}")
    if svg is not None:
        _draw(found, svg)


Logs = dict[Path, tuple[Setting, dict[int, list[Record]]]]


def _draw(found: Logs, svg: Path) -> None:
    try:
        from service.search.figure import draw
    except ImportError:
        typer.secho("The curves need Matplotlib: pip install matplotlib", err=True, fg="red")
        raise typer.Exit(1) from None
    drawn = {}
    for setting, runs in found.values():
        reading, curve = next(_readings(runs))
        drawn[f"{name(setting)}, {reading}"] = curve
    draw(drawn, "best accuracy, 95 % interval over seeds", svg)
    typer.echo(f"{svg} is written.")


def _table(found: Logs) -> Table:
    longest = max(len(run) for _, runs in found.values() for run in runs.values())
    steps = [step for step in STEPS if step < longest]
    table = Table("search", "seeds", "incumbent")
    for step in [*steps, longest]:
        table.add_column(f"{step} trained", justify="right")
    for setting, runs in found.values():
        for reading, curve in _readings(runs):
            cells = [_cell(curve, step) for step in [*steps, longest]]
            table.add_row(name(setting), str(len(runs)), reading, *cells)
    return table


def _readings(runs: dict[int, list[Record]]) -> Iterator[tuple[str, MeanCurve]]:
    """The test accuracies first, where there are some."""
    budget = max(map(len, runs.values()))
    every = [curves_of(run) for run in runs.values()]

    def mean(of: Sequence[Floats]) -> MeanCurve:
        return mean_curve(of, budget)

    if all(record.test is not None for run in runs.values() for record in run):
        yield "test, by validation", mean([each.by_validation for each in every])
        yield "test, oracle", mean([each.oracle for each in every])
    yield "validation", mean([each.validation for each in every])


def curves_of(run: Sequence[Record]) -> Curves:
    """Of one seed; without test accuracies only the validation's mean anything."""
    judged = [0.0 if record.test is None else record.test for record in run]
    return curves([record.accuracy for record in run], judged)


def _cell(curve: MeanCurve, step: int) -> str:
    if step > len(curve.mean):
        return ""
    mean, low, high = (each[step - 1] for each in curve)
    return escape(f"{mean:.2f} [{low:.2f}, {high:.2f}]")


def _best(runs: dict[int, list[Record]]) -> Record:
    return max((record for run in runs.values() for record in run), key=lambda r: r.accuracy)
