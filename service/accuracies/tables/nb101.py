"""NAS-Bench-101: validation accuracies after four lengths of training, as fractions."""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from service.accuracies.facts import Facts, accuracy
from service.accuracies.tables.table import Line, Table, Value

_SOURCE = "NAS-Bench-101 (Ying et al., ICML 2019), one training"
_SERIES = {
    f"val_acc_{epochs}ep": accuracy("nb101", "cifar10", "validation", epochs, _SOURCE)
    for epochs in (4, 12, 36, 108)
}
_ZEN = Facts(
    bench="nb101",
    kind="score",
    name="suitezero.zen.cifar10",
    dataset="cifar10",
    split=None,
    metric="zen",
    epochs=None,
    source="NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022)",
)


def _spelling(line: Line) -> Mapping[str, object]:
    return {
        "hash": line["module_hash"],
        "matrix": [
            [int(entry) if entry in "01" else entry for entry in row]
            for row in line["adjacency"].split("/")
        ],
        "ops": line["ops"].split("|"),
    }


def _values(line: Line) -> Iterator[Value]:
    for name, facts in _SERIES.items():
        yield Value(facts.name, _percent(line[name]))
    yield Value(_ZEN.name, line["zen_suitezero"])


def _percent(fraction: str) -> str:
    """A hundred times a decimal fraction, exactly: 0.930489 is 93.0489."""
    try:
        return str(Decimal(fraction) * 100)
    except InvalidOperation:
        return fraction


TABLE = Table(
    title="NAS-Bench-101's validation accuracies",
    bench="nb101",
    columns=frozenset({"module_hash", "adjacency", "ops", *_SERIES, "zen_suitezero"}),
    series=(*_SERIES.values(), _ZEN),
    spelling=_spelling,
    values=_values,
)
