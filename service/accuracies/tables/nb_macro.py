"""NAS-Bench-Macro: every spelling's network, trained three times on CIFAR-10."""

from collections.abc import Iterator, Mapping

from service.accuracies.facts import accuracy
from service.accuracies.tables.table import Line, Table, Value

_SERIES = accuracy(
    "nb_macro",
    "cifar10",
    "test",
    50,
    "NAS-Bench-Macro (Su et al., CVPR 2021), the best epoch of each training",
)
_RUNS = ("acc_run1", "acc_run2", "acc_run3")


def _spelling(line: Line) -> Mapping[str, object]:
    return {"arch": line["arch"]}


def _values(line: Line) -> Iterator[Value]:
    # Which seeds they were the table does not say.
    for place, run in enumerate(_RUNS):
        yield Value(_SERIES.name, line[run], seed=place)


TABLE = Table(
    title="NAS-Bench-Macro's accuracies",
    bench="nb_macro",
    columns=frozenset({"arch", "mean_acc", *_RUNS}),
    series=(_SERIES,),
    spelling=_spelling,
    values=_values,
)
