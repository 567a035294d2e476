"""Published tables, read from an excerpt that is written here."""

import csv
import io

from service.accuracies.rows import Row
from service.accuracies.tables import known, read
from service.benches import BENCHES


def excerpt(text: str) -> dict[str, list[Row]]:
    """The rows of each series."""
    lines = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    table = known(lines.fieldnames or ())
    assert table is not None
    found = {}
    for name, (facts, intake) in read(table, lines, 1_000).items():
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
    rows = found["cifar10-test-50ep"]
    assert [(row.seed, row.value) for row in rows] == [(0, 93.28), (1, 93.33), (2, 92.77)] * 2
    best = BENCHES["nb_macro"].read({"arch": "22212220"}).architecture
    assert {row.hash for row in rows} == {best.hash}
