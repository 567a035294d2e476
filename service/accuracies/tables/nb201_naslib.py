"""NASLib: proxies of random NB201 cells, from two runs of that tool."""

from collections.abc import Iterator, Mapping

from service.accuracies.facts import Facts
from service.accuracies.tables.table import Line, Table, Value

_PROXIES = (
    "epe_nas",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacov",
    "l2_norm",
    "nwot",
    "params",
    "plain",
    "snip",
    "synflow",
)
_DATASETS = ("cifar10", "cifar100", "imagenet16-120")

UNDEFINED = ("-inf", "inf", "nan")
"""What the tool has written where its score is no number: taken as no value."""


def _scores(proxy: str, dataset: str) -> Facts:
    return Facts(
        bench="nb201",
        kind="score",
        name=_name(proxy, dataset),
        dataset=dataset,
        split=None,
        metric=proxy,
        epochs=None,
        source="NASLib (Ruchte et al., 2020)",
    )


def _name(proxy: str, dataset: str) -> str:
    return f"naslib.{proxy}.{dataset}"


def _spelling(line: Line) -> Mapping[str, object]:
    return {"arch": line["arch"]}


def _values(line: Line) -> Iterator[Value]:
    for proxy in _PROXIES:
        text = line[proxy]
        name = _name(proxy, line["dataset"].lower())
        yield Value(name, "" if text in UNDEFINED else text)


TABLE = Table(
    title="NASLib's proxies on NAS-Bench-201",
    bench="nb201",
    columns=frozenset({"source", "dataset", "arch", "val_acc", *_PROXIES}),
    series=[_scores(proxy, dataset) for dataset in _DATASETS for proxy in _PROXIES],
    spelling=_spelling,
    values=_values,
    repeats=True,
)
