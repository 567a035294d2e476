"""NAS-Bench-201: every spelling trained on three datasets, for 200 epochs and for 12."""

from collections.abc import Iterator, Mapping

from service.accuracies.facts import Split, accuracy
from service.accuracies.tables.table import Line, Table, Value

DATASETS = {"c10": "cifar10", "c100": "cifar100", "in16": "imagenet16-120"}
"""What tables of NB201 call them, and what the series do."""

_SPLITS: dict[str, Split] = {"test": "test", "val": "validation"}
_SOURCE = "NATS-Bench (Dong et al., TPAMI 2021), topology search space"
_FIRST_SOURCE = "NAS-Bench-201 v1 (Dong and Yang, ICLR 2020)"
_SEEDS = "c10_test_seeds_nb201v1"

_SERIES = {
    f"{short}_{split_short}{suffix}": accuracy("nb201", dataset, split, epochs, _SOURCE)
    for epochs, suffix in ((200, ""), (12, "_12ep"))
    for split_short, split in _SPLITS.items()
    for short, dataset in DATASETS.items()
}
_VALIDATION = accuracy(
    "nb201", "cifar10", "validation", 200, _FIRST_SOURCE, name="cifar10-validation-200ep-nb201v1"
)
_BY_SEED = accuracy(
    "nb201", "cifar10", "test", 200, _FIRST_SOURCE, name="cifar10-test-200ep-nb201v1"
)


def _spelling(line: Line) -> Mapping[str, object]:
    return {"arch": line["arch"]}


def _values(line: Line) -> Iterator[Value]:
    for name, facts in _SERIES.items():
        yield Value(facts.name, line[name])
    yield Value(_VALIDATION.name, line["c10_val_nb201v1"])
    # Which seeds they were the table does not say. `c10_test_nb201v1` is their mean.
    for place, text in enumerate(line[_SEEDS].split("|")):
        yield Value(_BY_SEED.name, text, seed=place)


TABLE = Table(
    title="NAS-Bench-201's accuracies",
    bench="nb201",
    columns=frozenset({"arch", *_SERIES, "c10_val_nb201v1", _SEEDS}),
    series=(*_SERIES.values(), _VALIDATION, _BY_SEED),
    spelling=_spelling,
    values=_values,
)
