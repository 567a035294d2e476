"""nascore score"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from service.cli.errors import connected
from service.cli.following import follow
from service.cli.options import Dataset, Protocol, Seed, Server
from service.cli.tables import print_whole

if TYPE_CHECKING:
    from service.client.answers import Result
    from service.client.options import Score

COLUMNS = 4
"""Architectures that a terminal of 80 characters takes beside one another."""


def command(
    bench: Annotated[str, typer.Argument(help="As `GET /benches` names it.")],
    architecture: Annotated[
        str,
        typer.Argument(
            help="An architecture: the bench's own string, such as 64-1232-basic, or JSON such as "
            '{"matrix": [...], "ops": [...]}; or a file with one of these a line.'
        ),
    ],
    server: Server,
    proxy: Annotated[
        list[str] | None, typer.Option(help="A proxy to compute; repeat it. All by default.")
    ] = None,
    protocol: Protocol = "fast",
    dataset: Dataset = "patches",
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON result a line.")] = False,
) -> None:
    """Score one architecture, or a file of them, and wait for the scores."""
    options: Score = {"protocol": protocol, "dataset": dataset, "seed": seed}
    if proxy:
        options["proxies"] = proxy
    with connected(server) as client:
        fields = {each["name"]: each["text_field"] for each in client.benches()}
        # Where there is no such bench the service says so, whatever it is asked.
        spellings = list(_read(architecture, fields.get(bench, "arch")))
        answer = client.score(bench, spellings, **options)
        follow(client, answer["jobs"], len(spellings))
        final = {each["hash"]: each for job in answer["jobs"] for each in client.results(job)}
    results: list[Result] = [
        {**final.get(each["hash"], each), "asked": each["asked"]} for each in answer["results"]
    ]
    if as_json:
        for result in results:
            typer.echo(json.dumps(result))
    else:
        _show(results)
    if any(result["state"] == "failed" for result in results):
        raise typer.Exit(1)


def _read(text: str, field: str | None) -> Iterator[Any]:
    """The spelling that a text is, or those in the file of this name. `field` takes the bench's own
    string, where it has one."""
    if not _is_file(text):
        # No bench's own string has a slash in it.
        if not _is_json(text) and (field is None or "/" in text):
            raise typer.BadParameter(f"{text!r} is neither an architecture nor a file of them")
        yield _spelling(text, field)
        return
    for number, line in enumerate(Path(text).read_text().splitlines(), 1):
        if line.strip():
            try:
                yield _spelling(line, field)
            except typer.BadParameter as error:
                raise typer.BadParameter(f"{text}, line {number}: {error}") from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # A spelling may be too long for a path.
        return False


def _is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def _spelling(text: str, field: str | None) -> Any:
    if field is not None and not _is_json(text):
        return {field: text.strip()}
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"this is no JSON: {error}") from None


def _show(results: Sequence["Result"]) -> None:
    # A proxy a row where there are few architectures: a dozen columns fit no terminal.
    upright = len(results) <= COLUMNS
    cells = [
        [_cell(result, name, value) for name, value in result["scores"].items()]
        for result in results
    ]
    hashes, names = [result["hash"][:10] for result in results], list(results[0]["scores"])
    if upright:
        table = Table("proxy", *hashes)
        for name, *row in zip(names, *cells, strict=True):
            table.add_row(name, *row)
    else:
        table = Table("hash", *names)
        for digest, row in zip(hashes, cells, strict=True):
            table.add_row(digest, *row)
    print_whole(table)
    for result in results:
        reasons = dict(result["undefined"])
        if result["error"]:
            reasons["failed"] = result["error"]["detail"]
        for name, reason in reasons.items():
            typer.echo(f"{result['hash'][:10]} {name}: {reason}", err=True)


def _cell(result: "Result", name: str, value: float | None) -> str:
    if value is None:
        return "undefined" if name in result["undefined"] else result["state"]
    return f"{value:.0f}" if value.is_integer() else f"{value:.5g}"
