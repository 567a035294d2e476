"""nascore audit"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from service.cli.database import DataDir, database
from service.cli.tables import print_whole

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from service.db.audits import Drawn
    from service.workers.audit import Failure, Tally, Value

FAULTS_SHOWN = 20
"""Lines at the end: more tell nothing that the first do not."""


def command(
    sample: Annotated[
        int, typer.Option(min=1, help="How many architectures, each under one protocol.")
    ] = 200,
    bench: Annotated[str | None, typer.Option(help="Of one bench only.")] = None,
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda:0, ...")] = "cpu",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the sample.")] = 0,
    exact: Annotated[bool, typer.Option(help="Allow no difference at all.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Compute a sample of the stored scores again and say how far they are from what is stored.

    Writes nothing. Ends with status 1 where a score differs by more than the bound of its proxy.
    """
    from service.benches import BENCHES
    from service.workers import environment

    if bench is not None and bench not in BENCHES:
        raise typer.BadParameter(f"there is no bench {bench!a}; there are {', '.join(BENCHES)}")
    # Before anything imports torch, as in a worker.
    environment.prepare()

    from sqlalchemy.orm import Session

    from service.db import audits
    from service.workers.audit import BOUNDS, Failure, tallies

    environment.make_deterministic()
    environment.keep_freed_memory()
    with database(data_dir) as engine:
        reading = engine.execution_options(postgresql_readonly=True)
        with Session(reading) as session:
            drawn = audits.draw(session, sample, seed, bench)
        if not drawn:
            whose = f" of {bench}" if bench else ""
            typer.echo(f"Nothing to audit: no score{whose} is stored in the current revisions.")
            return
        found = list(_recomputed(reading, drawn, device))
    failures = [each for each in found if isinstance(each, Failure)]
    values = [value for each in found if not isinstance(each, Failure) for value in each]
    bounds = dict.fromkeys(BOUNDS, 0.0) if exact else BOUNDS
    tallied = tallies(values, bounds)
    print_whole(_table(tallied, bounds))
    _say_what_was_compared(drawn, device)
    faults = [*_above(tallied, bounds), *(_failed(each) for each in failures)]
    for line in faults[:FAULTS_SHOWN]:
        typer.secho(line, err=True, fg="red")
    if len(faults) > FAULTS_SHOWN:
        typer.secho(f"... and {len(faults) - FAULTS_SHOWN} more.", err=True, fg="red")
    if faults:
        raise typer.Exit(1)


def _recomputed(
    engine: "Engine", drawn: "Sequence[Drawn]", device: str
) -> "Iterator[list[Value] | Failure]":
    from itertools import groupby

    from sqlalchemy.orm import Session

    from service.db import protocols
    from service.workers.audit import recompute
    from service.workers.evaluation import Setting

    console = Console(stderr=True)
    progress = track(drawn, "computing", console=console, disable=not console.is_terminal)
    for protocol_id, group in groupby(progress, lambda each: each.protocol_id):
        # One protocol's minibatch at a time, and no transaction open while it is computed on.
        with Session(engine) as session:
            setting = Setting(*protocols.load(session, protocol_id))
        for each in group:
            yield recompute(setting, each, device)


def _table(tallied: "Mapping[str, Tally]", bounds: Mapping[str, float]) -> Table:
    table = Table()
    for name in ("proxy", "compared", "same bits", "both undefined", "one undefined"):
        table.add_column(name, justify="left" if name == "proxy" else "right")
    for name in ("median difference", "largest", "bound"):
        table.add_column(name, justify="right")
    table.add_column("of")
    for name, tally in tallied.items():
        compared = tally.differences
        counts = (len(compared), tally.same_bits, tally.undefined, tally.mismatched)
        largest = tally.largest
        table.add_row(
            name,
            *map(str, counts),
            _short(median(compared) if compared else 0.0),
            _short(largest.difference if largest else 0.0),
            f"{bounds[name]:g}",
            _name(largest.drawn) if largest else "",
        )
    return table


def _short(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


def _say_what_was_compared(drawn: "Sequence[Drawn]", device: str) -> None:
    from service.workers.audit import TORCH

    origins = Counter(
        (stored.device, stored.torch) for each in drawn for stored in each.scores.values()
    )
    protocols = len({each.protocol_id for each in drawn})
    typer.echo(f"architectures: {len(drawn)}, protocols: {protocols}")
    for (where, version), count in sorted(origins.items()):
        typer.echo(f"stored: {count} scores, computed on {where} with torch {version}")
    typer.echo(f"recomputed: on {device} with torch {TORCH}")


def _name(drawn: "Drawn") -> str:
    return f"{drawn.bench} {drawn.hash}"


def _above(tallied: "Mapping[str, Tally]", bounds: Mapping[str, float]) -> Iterator[str]:
    for name, tally in tallied.items():
        for value in sorted(tally.above, key=lambda each: -each.difference):
            stored, recomputed = (
                "undefined" if each is None else repr(each)
                for each in (value.stored, value.recomputed)
            )
            yield (
                f"{name} of {_name(value.drawn)} under {value.drawn.digest}: stored {stored}, "
                f"recomputed {recomputed}, difference {value.difference:.1e} above {bounds[name]:g}"
            )


def _failed(failure: "Failure") -> str:
    where = f"{_name(failure.drawn)} under {failure.drawn.digest}"
    return f"{where} could not be computed: {failure.reason}"
