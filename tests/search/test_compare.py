"""The table of searches, of logs whose seeds are not all finished."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from service.cli.search_compare import compared
from service.search.log import Log, LogError, Record, Setting

SETTING = Setting("nb201", "random", 0, 0, None, None, None, "toy-validation", None)


def written(path: Path, ended: Sequence[int], *runs: Sequence[float]) -> Path:
    with Log(path, SETTING) as log:
        for seed, accuracies in enumerate(runs):
            for n, accuracy in enumerate(accuracies, 1):
                log.add(Record(seed, n, "hash", {}, accuracy, None, 0, None, None, "hash"))
            if seed in ended:
                log.end(seed, len(accuracies))
    return path


def row(path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    compared([path], None)
    lines = capsys.readouterr().out.splitlines()
    (found,) = (line for line in lines if line.strip("│ ").startswith("nb201-toy"))
    return [cell.strip() for cell in found.strip("│").split("│")]


def test_a_seed_counts_as_far_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short, long = [50.0] * 10, [60.0] * 10 + [80.0]
    assert row(written(tmp_path / "cut", (), short, long), capsys)[-2:] == [
        "55.00 [50.00, 60.00]",
        "80.00, 1 seed",
    ]
    assert row(written(tmp_path / "ended", (0,), short, long), capsys)[-2:] == [
        "55.00 [50.00, 60.00]",
        "65.00 [50.00, 80.00]",
    ]
    assert row(written(tmp_path / "one", (), long), capsys)[-2:] == ["60.00", "80.00"]


def test_a_log_without_a_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="nothing is trained yet"):
        compared([written(tmp_path / "log", ())], None)
