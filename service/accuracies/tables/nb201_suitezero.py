"""NAS-Bench-Suite-Zero: thirteen proxies on NB201, as that tool has computed them."""

from collections.abc import Iterator, Mapping

from service.accuracies.facts import Facts
from service.accuracies.tables.nb201 import DATASETS
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


def _scores(proxy: str, short: str) -> Facts:
    return Facts(
        bench="nb201",
        kind="score",
        name=f"suitezero.{proxy}.{DATASETS[short]}",
        dataset=DATASETS[short],
        split=None,
        metric=proxy,
        epochs=None,
        source="NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022)",
    )


_SERIES = {
    **{
        f"{short}_{proxy}": _scores(proxy, short) for short in ("c10", "in16") for proxy in _PROXIES
    },
    # `c10_zen` and `in16_zen` are the same scores, those of whole spellings alone.
    **{f"{short}_zen_all": _scores("zen", short) for short in DATASETS},
}


def _spelling(line: Line) -> Mapping[str, object]:
    return {"arch": line["arch"]}


def _values(line: Line) -> Iterator[Value]:
    for name, facts in _SERIES.items():
        yield Value(facts.name, line[name])


TABLE = Table(
    title="NAS-Bench-Suite-Zero's proxies on NAS-Bench-201",
    bench="nb201",
    columns=frozenset({"arch", *_SERIES}),
    series=tuple(_SERIES.values()),
    spelling=_spelling,
    values=_values,
)
