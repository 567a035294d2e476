"""nascore datasets"""

import re
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from service.cli.database import DataDir, database
from service.cli.tables import print_whole
from service.settings import settings

if TYPE_CHECKING:
    from service.minibatch import Channels, Dataset
    from service.minibatch.readers import Labelled, Limits

NOT_STATED = "not stated"

TEXT_CHARACTERS = 1_000
"""Of a source or a licence: every `GET /datasets` repeats them."""

app = typer.Typer(
    name="datasets", help="The data that minibatches are drawn from.", no_args_is_help=True
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What requests will call it.")],
    path: Annotated[
        Path,
        typer.Option(
            "--from",
            help="The archive or folder of CIFAR-10, CIFAR-100 or ImageNet16-120, an npz with "
            "images and labels, or a folder with a folder of images for each class.",
        ),
    ],
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the draw.")] = 0,
    mean: Annotated[
        str | None, typer.Option(help="R,G,B in [0, 1], to normalise by; with --std.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="R,G,B in [0, 1], to normalise by.")] = None,
    source: Annotated[str | None, typer.Option(help="Who made the data, and where.")] = None,
    licence: Annotated[str, typer.Option(help="On what terms it may be used.")] = NOT_STATED,
    full: Annotated[
        bool, typer.Option("--full", help="Store all images too, to train on and to test on.")
    ] = False,
    test_share: Annotated[
        float | None,
        typer.Option(
            help="With --full, of data without a test split of its own: the part of each class "
            "that is held out to test on, such as 0.2."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Draw the minibatches of a dataset of yours and store them, once and for all."""
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from service.db import datasets, models
    from service.minibatch import DatasetError, splits
    from service.minibatch.readers import read

    _check_name(name)
    normalisation = _normalisation(mean, std)
    _check_share(test_share, full)
    texts = {"--source": source or "", "--licence": licence}
    for option, text in texts.items():
        if not text.isprintable() or len(text) > TEXT_CHARACTERS:
            raise typer.BadParameter(f"{option} takes {TEXT_CHARACTERS} printable characters")
    with database(data_dir) as engine:
        with Session(engine) as session:
            # Before the data is read, which may take minutes.
            session.scalar(select(models.Dataset.added_at).limit(1))
        try:
            labelled = read(path, _limits(), test=full)
            dataset = _dataset(name, labelled, seed, normalisation, source, licence)
            limit = settings().dataset_full_images_limit
            whole = splits(dataset, labelled.test, test_share, limit) if full else {}
            with Session(engine) as session, session.begin():
                added = datasets.add(session, dataset)
                trained = full and datasets.add_splits(session, name, whole)
        except DatasetError as error:
            typer.secho(str(error), err=True, fg="red")
            raise typer.Exit(1) from None
    if added.dataset:
        typer.echo(f"{name} is added: {dataset.description}. Score on it with --dataset {name}.")
    elif added.minibatches:
        typer.echo(f"{name} was there; minibatches of new sizes are added: {added.minibatches}.")
    elif not trained:
        typer.echo(f"{name} is there already, with the same data.")
    if trained:
        counts = " and ".join(f"{len(each.labels)} to {kind} on" for kind, each in whole.items())
        typer.echo(f"All images of {name} are stored: {counts}.")


@app.command("list")
def list_them(data_dir: DataDir = None) -> None:
    """List the datasets that are stored."""
    from sqlalchemy.orm import Session

    from service.db import datasets

    table = Table("name", "format", "images", "classes", "seed", "train", "test", "added")
    with database(data_dir) as engine, Session(engine) as session:
        for each in datasets.every(session):
            row = each.dataset
            stored = [
                each.splits[kind].images if kind in each.splits else "-"
                for kind in ("train", "test")
            ]
            numbers = map(str, (row.images, len(row.classes), row.seed, *stored))
            table.add_row(row.name, row.format, *numbers, row.added_at.date().isoformat())
    print_whole(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The dataset.")], data_dir: DataDir = None
) -> None:
    """Show all that is known of a dataset, and its minibatches."""
    from sqlalchemy.orm import Session

    from service.db import datasets

    with database(data_dir) as engine, Session(engine) as session:
        found = {each.dataset.name: each for each in datasets.every(session)}
    if name not in found:
        typer.secho(f"There is no dataset {name}; there are {', '.join(found)}.", err=True)
        raise typer.Exit(1)
    known = found[name]
    row = known.dataset
    facts = Table(show_header=False)
    for fact in ("description", "source", "licence", "format", "images", "seed", "source_sha256"):
        facts.add_row(fact, str(getattr(row, fact)))
    facts.add_row("mean", ", ".join(f"{value:.5f}" for value in row.mean))
    facts.add_row("std", ", ".join(f"{value:.5f}" for value in row.std))
    facts.add_row("added_at", row.added_at.isoformat(timespec="seconds"))
    print_whole(facts)
    sizes = Table("images", "resolution", "SHA-256 of the minibatch")
    for each in known.minibatches:
        sizes.add_row(str(each.batch_size), f"{each.resolution}x{each.resolution}", each.sha256)
    print_whole(sizes)
    if known.splits:
        whole = Table("split", "images", "SHA-256 of the split")
        for kind in ("train", "test"):
            whole.add_row(kind, str(known.splits[kind].images), known.splits[kind].sha256)
        print_whole(whole)
    else:
        typer.echo("Only its minibatches are stored: to train on it, add it again with --full.")
    typer.echo(f"{len(row.classes)} classes: {', '.join(row.classes)}")


def _check_name(name: str) -> None:
    from service.api.schemas.score import NAME

    if not re.fullmatch(NAME, name):
        raise typer.BadParameter(f"{name!a} is not 1 to 64 of A-Z, a-z, 0-9, '_', '.' and '-'")


def _normalisation(mean: str | None, std: str | None) -> "tuple[Channels, Channels] | None":
    if mean is None and std is None:
        return None
    if mean is None or std is None:
        raise typer.BadParameter("--mean and --std are given together, or not at all")
    return _channels("--mean", mean, 0.0), _channels("--std", std, 1e-6)


def _check_share(share: float | None, full: bool) -> None:
    if share is not None and not full:
        raise typer.BadParameter("--test-share goes with --full")
    if share is not None and not 0 < share < 1:
        raise typer.BadParameter(f"--test-share is between 0 and 1, not {share}")


def _channels(option: str, text: str, lowest: float) -> "Channels":
    try:
        red, green, blue = map(float, text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{option} takes three numbers, such as 0.5,0.5,0.5") from None
    if not all(isfinite(value) and lowest <= value <= 1 for value in (red, green, blue)):
        raise typer.BadParameter(f"{option} is of pixel values between 0 and 1, not {text}")
    return red, green, blue


def _limits() -> "Limits":
    from service.minibatch.readers import Limits

    return Limits(
        bytes=settings().dataset_bytes_limit,
        pickle_bytes=settings().dataset_pickle_bytes_limit,
        pickle_operations=settings().dataset_pickle_operations_limit,
        files=settings().dataset_files_limit,
        image_bytes=settings().dataset_image_bytes_limit,
        image_pixels=settings().dataset_image_pixels_limit,
        classes=settings().dataset_classes_limit,
    )


def _dataset(
    name: str,
    labelled: "Labelled",
    seed: int,
    normalisation: "tuple[Channels, Channels] | None",
    source: str | None,
    licence: str,
) -> "Dataset":
    from service.minibatch import Dataset, DatasetError

    mean, std = normalisation or (labelled.mean, labelled.std)
    if not all(std):
        raise DatasetError("A channel has the same value everywhere: give --mean and --std.")
    images, classes = len(labelled.labels), len(labelled.classes)
    return Dataset(
        name=name,
        description=f"{labelled.title}: {images} images, {classes} classes",
        source=source or labelled.source or NOT_STATED,
        licence=licence,
        format=labelled.format,
        sha256=labelled.sha256,
        classes=labelled.classes,
        mean=mean,
        std=std,
        images=labelled.images,
        labels=labelled.labels,
        seed=seed,
    )
