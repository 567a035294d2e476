"""Published tables, read from an excerpt that is written here."""

import csv
import io
from collections.abc import Sequence

from service.accuracies.rows import Row
from service.accuracies.tables import Line, known, read
from service.benches import BENCHES
from tests.benches.data import rows


def excerpt(text: str) -> dict[str, list[Row]]:
    """The rows of each series."""
    return read_all(list(csv.DictReader(io.StringIO(text, newline=""), strict=True)))


def read_all(lines: Sequence[Line]) -> dict[str, list[Row]]:
    table = known(lines[0])
    assert table is not None
    found = {}
    for name, (facts, intake) in read(table, lines, 20_000).items():
        assert facts.bench == table.bench
        assert intake.bad() == ([], 0)
        found[name] = [row for part in intake.parts() for row in part]
        intake.close()
    return {name: rows for name, rows in found.items() if rows}


def test_nb_macro_has_three_trainings_of_a_spelling() -> None:
    found = excerpt(
        "arch,mean_acc,acc_run1,acc_run2,acc_run3,params,flops\n"
        "22212202,93.1267,93.28,93.33,92.77,1985514,85164544\n"
        "22212220,93.1267,93.28,93.33,92.77,1985514,85164544\n"
    )
    assert found.keys() == {"cifar10-test-50ep"}
    three = found["cifar10-test-50ep"]
    assert [(row.seed, row.value) for row in three] == [(0, 93.28), (1, 93.33), (2, 92.77)] * 2
    best = BENCHES["nb_macro"].read({"arch": "22212220"}).architecture
    assert {row.hash for row in three} == {best.hash}


TASKS = ("class_scene", "class_object", "room_layout", "jigsaw", "segmentsemantic", "normal")
TASKS += ("autoencoder",)
FISHER = {"class_object", "jigsaw"}


def transnas(arch: str, scores: str) -> str:
    """A line, under a header as the published file has it."""
    columns = {f"{task}_val": str(-place) for place, task in enumerate(TASKS)}
    for task in TASKS:
        columns[f"{task}__zen"] = scores
    for task in TASKS[:4]:
        columns |= {f"{task}__{proxy}": scores for proxy in ("synflow", "epe_nas")}
        columns |= {f"{task}__fisher": scores} if task in FISHER else {}
    columns["class_scene_val"] = columns["class_object_val"] = "49.5"
    columns["jigsaw_val"] = "94.25"
    return f"arch,{','.join(columns)}\n{arch},{','.join(columns.values())}\n"


def test_transnas_has_seven_tasks_a_metric_of_its_own_each() -> None:
    found = excerpt(transnas("64-41414-3_32_132", "2.5"))
    assert found.keys() == {
        *(f"{task}-validation-25ep" for task in TASKS[:3]),
        "jigsaw-validation-10ep",
        *(f"{task}-validation-30ep" for task in TASKS[4:]),
        *(f"suitezero.zen.{task}" for task in TASKS),
        *(f"suitezero.{p}.{task}" for task in TASKS[:4] for p in ("synflow", "epe_nas")),
        *(f"suitezero.fisher.{task}" for task in FISHER),
    }
    assert [row.value for row in found["room_layout-validation-25ep"]] == [-2.0]
    assert [row.value for row in found["suitezero.fisher.jigsaw"]] == [2.5]
    table = known({**dict.fromkeys(transnas("", "").split("\n")[0].split(",")), "arch": "x"})
    assert table is not None
    metrics = {facts.dataset: facts.metric for facts in table.series if facts.kind == "accuracy"}
    assert metrics == {
        **dict.fromkeys(("class_scene", "class_object", "jigsaw"), "top1_percent"),
        "room_layout": "negative_loss",
        "segmentsemantic": "pixel_accuracy_percent",
        **dict.fromkeys(("normal", "autoencoder"), "ssim"),
    }


def test_transnas_macro_is_told_by_its_spellings_and_a_score_may_be_none() -> None:
    found = excerpt(transnas("64-1232-basic", "-1e+08"))
    assert len(found) == 7
    (row,) = found["jigsaw-validation-10ep"]
    assert row.hash == BENCHES["transnas_macro"].read({"arch": "64-1232-basic"}).architecture.hash


def test_the_published_tables_are_whole() -> None:
    macro = read_all(rows("nas_bench_macro_cifar10.csv.gz"))
    assert [len(each) for each in macro.values()] == [3 * 6_561]
    for name, count in (("transnas_micro", 4_096), ("transnas_macro", 3_256)):
        found = read_all(rows(f"{name}.csv.gz"))
        truths = {key: each for key, each in found.items() if not key.startswith("suitezero")}
        assert len(truths) == len(TASKS)
        assert {len(each) for each in truths.values()} == {count}
        hashes = {row.hash for row in truths["jigsaw-validation-10ep"]}
        assert len(hashes) == BENCHES[name].classes
