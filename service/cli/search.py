"""nascore search"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.errors import connected
from service.cli.options import Protocol, Server

PATIENCE_SECONDS = 300.0
"""A search of hours outlives a service that is started again."""

ALL = "all"


class Algorithm(StrEnum):
    """As `service.search.searches` has them."""

    random = "random"
    evolution = "evolution"
    reinforce = "reinforce"
    predictor = "predictor"


def command(
    server: Server,
    logs: Annotated[
        list[Path] | None, typer.Argument(help="With --compare: logs of earlier searches.")
    ] = None,
    bench: Annotated[str, typer.Option(help="As `GET /benches` names it.")] = "nb201",
    dataset: Annotated[
        str | None, typer.Option(help="Look accuracies up that were trained on this dataset.")
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(
            help="Or train with this command: it reads an architecture as JSON and prints its "
            "validation accuracy."
        ),
    ] = None,
    algorithm: Annotated[Algorithm, typer.Option(help="How to search.")] = Algorithm.random,
    warmup: Annotated[
        str, typer.Option(help="Architectures to score before any is trained; a number or all.")
    ] = "0",
    moves: Annotated[
        str,
        typer.Option(
            help="Of how many scored architectures each trained one is the best; of evolution's "
            "children all."
        ),
    ] = "0",
    proxy: Annotated[
        str | None, typer.Option(help="A proxy or an ensemble; the bench's default ensemble.")
    ] = None,
    budget: Annotated[int, typer.Option(min=1, help="Architectures to train.")] = 100,
    seeds: Annotated[int, typer.Option(min=1, help="Searches, with the seeds 0, 1, ...")] = 1,
    protocol: Protocol = "fast",
    log: Annotated[
        Path | None,
        typer.Option(
            help="Where all that is trained is written, and taken up again. By default a file "
            "here that has the search's name."
        ),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Draw the curves of logs into this SVG file.")
    ] = None,
) -> None:
    """Search a bench, training few architectures; or, with --compare, compare such searches."""
    from service.cli.search_compare import compared
    from service.cli.search_run import Wanted, run
    from service.cli.search_service import NoAccuraciesError, NoScoresError
    from service.cli.search_training import TrainingError
    from service.search.log import LogError
    from service.search.searches import RefusedError

    try:
        if compare is not None or logs:
            if not logs:
                raise typer.BadParameter("give the logs to compare")
            compared(logs, compare)
            return
        if (dataset is None) == (train is None):
            raise typer.BadParameter("give one of --dataset and --train")
        wanted = Wanted(
            bench=bench,
            dataset=dataset,
            train=train,
            algorithm=algorithm.value,
            warmup=_number("--warmup", warmup),
            moves=_number("--moves", moves),
            proxy=proxy,
            protocol=protocol,
            budget=budget,
            seeds=seeds,
            log=log,
        )
        with connected(server, PATIENCE_SECONDS) as client:
            path = run(client, wanted)
        compared([path], None)
    except RefusedError as error:
        raise typer.BadParameter(str(error), param_hint=f"--{error.field}") from None
    except (LogError, NoAccuraciesError, NoScoresError, TrainingError) as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None


def _number(option: str, text: str) -> int | None:
    """None is all."""
    if text == ALL:
        return None
    if not text.isascii() or not text.isdigit():
        raise typer.BadParameter(f"{text!r} is neither a number nor all", param_hint=option)
    return int(text)
