"""nascore evidence"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from service.cli.errors import connected
from service.cli.options import Dataset, Protocol, Seed, Server
from service.cli.tables import print_whole


def command(
    server: Server,
    bench: Annotated[str, typer.Option(help="As `GET /benches` names it.")],
    truth: Annotated[
        str | None, typer.Option(help="The accuracies; by default the most telling.")
    ] = None,
    members: Annotated[
        str, typer.Option(help="classes, spellings, or whole_spellings.")
    ] = "classes",
    order: Annotated[str, typer.Option(help="The metric to sort by, or cost.")] = "spearman",
    protocol: Protocol = "fast",
    dataset: Dataset = "patches",
    seed: Seed = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the answer as JSON, intervals of all included.")
    ] = False,
) -> None:
    """Show how far each score can be trusted, beside trained accuracies."""
    with connected(server) as client:
        answer = client.correlation(
            bench,
            truth=truth,
            members=members,
            order=order,
            protocol=protocol,
            dataset=dataset,
            seed=seed,
        )
    if as_json:
        typer.echo(json.dumps(answer))
        return
    if answer["items"]:
        print_whole(_table(answer["items"]))
        for line in _reasons(answer["items"]):
            typer.echo(line)
    if (of := answer["truth"]) is not None:
        split = f" {of['split']}" if of["split"] else ""
        epochs = f", {of['epochs']} epochs" if of["epochs"] else ""
        typer.echo(
            f"{bench} under {protocol} beside {of['name']}: {of['dataset']}{split} {of['metric']}"
            f"{epochs}, {of['source']}; {members}; [95 % bootstrap over architectures]"
        )
        typer.echo(f"truths: {', '.join(answer['truths'])}")
    for line in answer["missing"]:
        typer.echo(line)


def _table(items: Sequence[Mapping[str, Any]]) -> Table:
    metrics = list(items[0]["all"]["metrics"])
    table = Table("score", "better")
    for name in (
        "minibatches",
        "seconds",
        "members",
        "undefined",
        *metrics,
        "spearman in the top 10 %",
        "",
    ):
        table.add_column(name, justify="right")
    for item in items:
        found, best = item["all"], item["top_tenth"]["metrics"]["spearman"]
        table.add_row(
            item["proxy"] if item["kind"] != "published" else f"{item['proxy']} (published)",
            item["direction"],
            _number(item["cost"]["minibatches"], ","),
            _number(item["cost"]["seconds"], ".3g"),
            str(found["members"]),
            str(found["undefined"]),
            *(_short(found["metrics"][name]) for name in metrics),
            _short(best),
            "stale" if item["stale"] else "",
        )
    return table


def _reasons(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why metrics are undefined, each reason once with the scores that have it."""
    scores: dict[str, dict[str, None]] = {}
    for item in items:
        for part, where in (("all", ""), ("top_tenth", " in the top 10 %")):
            for metric in item[part]["metrics"].values():
                if "undefined" in metric:
                    why = f"undefined{where}: {metric['undefined']}"
                    scores.setdefault(why, {})[item["proxy"]] = None
    return [f"{why} ({', '.join(names)})" for why, names in scores.items()]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _short(metric: Mapping[str, Any]) -> str:
    if "undefined" in metric:
        return "undefined"
    return escape(f"{metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}]")
