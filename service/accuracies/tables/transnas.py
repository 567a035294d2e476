"""TransNAS-Bench-101: both of its spaces, whole, trained for seven tasks; and others' scores."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from service.accuracies.facts import PERCENT, Facts, accuracy
from service.accuracies.tables.table import Line, Table, Value

_SOURCE = "TransNAS-Bench-101 (Duan et al., CVPR 2021), the last epoch"
_SCORED = "NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022)"

UNDEFINED = "-1e+08"
"""What the tool has written where it has no score: taken as no value."""


class _Task(NamedTuple):
    metric: str
    epochs: int
    proxies: tuple[str, ...]


_TASKS = {
    "class_scene": _Task(PERCENT, 25, ("zen", "synflow", "epe_nas")),
    "class_object": _Task(PERCENT, 25, ("zen", "synflow", "epe_nas", "fisher")),
    "room_layout": _Task("negative_loss", 25, ("zen", "synflow", "epe_nas")),
    "jigsaw": _Task(PERCENT, 10, ("zen", "synflow", "epe_nas", "fisher")),
    "segmentsemantic": _Task("pixel_accuracy_percent", 30, ("zen",)),
    "normal": _Task("ssim", 30, ("zen",)),
    "autoencoder": _Task("ssim", 30, ("zen",)),
}
"""What is measured of each on the validation images, and after how many epochs by the official
configuration; and whose proxies the table has beside it."""

_TRUTHS = {f"{task}_val": task for task in _TASKS}
_SCORES = {f"{task}__{proxy}": (task, proxy) for task, of in _TASKS.items() for proxy in of.proxies}


def _spelling(line: Line) -> Mapping[str, object]:
    return {"arch": line["arch"]}


def _values(line: Line) -> Iterator[Value]:
    for column, task in _TRUTHS.items():
        yield Value(f"{task}-validation-{_TASKS[task].epochs}ep", line[column])
    for column, (task, proxy) in _SCORES.items():
        text = line[column]
        yield Value(f"suitezero.{proxy}.{task}", "" if text == UNDEFINED else text)


def _table(bench: str, title: str, *, macro: bool) -> Table:
    truths = [
        accuracy(bench, task, "validation", of.epochs, _SOURCE, of.metric)
        for task, of in _TASKS.items()
    ]
    scores = [
        Facts(
            bench=bench,
            kind="score",
            name=f"suitezero.{proxy}.{task}",
            dataset=task,
            split=None,
            metric=proxy,
            epochs=None,
            source=_SCORED,
        )
        for task, proxy in _SCORES.values()
    ]
    return Table(
        title=title,
        bench=bench,
        columns=frozenset({"arch", *_TRUTHS, *_SCORES}),
        series=(*truths, *scores),
        spelling=_spelling,
        values=_values,
        has=lambda line: line["arch"].endswith("-basic") == macro,
    )


MACRO = _table("transnas_macro", "TransNAS-Bench-101's macro space", macro=True)
MICRO = _table("transnas_micro", "TransNAS-Bench-101's cells", macro=False)
