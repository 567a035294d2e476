"""A run that was interrupted goes on as if it had not been."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from service.benches.bench import Architecture
from service.cli.search import Algorithm as Offered
from service.cli.search_run import name
from service.search import of_bench, of_table, predictor
from service.search.log import Log, LogError, Record, Setting, ended, read
from service.search.logged import ProxyCost, logged
from service.search.run import Asked
from service.search.searches import ALGORITHMS, Algorithm, RefusedError, check, searched
from service.search.space import Space
from tests.search.toy import accuracy, scores

SPACE = of_bench("nb201")
EVERYTHING = SPACE.everything or ()
SETTING = Setting("nb201", "evolution", 200, None, "toy", 1, "digest", "toy-validation", "toy-test")
COST = ProxyCost(3, 0.5)


class Stopped(Exception):  # noqa: N818 - no fault
    pass


def run(
    path: Path,
    setting: Setting = SETTING,
    budget: int = 100,
    trainings: int = 1000,
    cost: ProxyCost = COST,
    seed: int = 0,
    space: Space = SPACE,
) -> list[Record]:
    """What is trained; raises Stopped where more trainings would be needed."""
    left = iter(range(trainings))

    def train(architecture: Architecture) -> float:
        if next(left, None) is None:
            raise Stopped
        return accuracy(architecture)

    asked = Asked(scores)
    algorithm: Algorithm = setting.algorithm  # type: ignore[assignment]
    search = searched(algorithm, space, asked, seed, warmup=setting.warmup, moves=setting.moves)
    with Log(path, setting) as log:
        return list(logged(log, seed, search, asked, train, accuracy, cost, budget))


@pytest.mark.parametrize(
    ("algorithm", "warmup", "moves"),
    [("random", None, 0), ("evolution", 200, None), ("reinforce", 100, 5)],
)
def test_the_trajectory_is_the_same(
    algorithm: str, warmup: int | None, moves: int | None, tmp_path: Path
) -> None:
    setting = replace(SETTING, algorithm=algorithm, warmup=warmup, moves=moves)
    whole = run(tmp_path / "whole.jsonl", setting)
    path = tmp_path / "resumed.jsonl"
    for _ in range(2):
        with pytest.raises(Stopped):
            run(path, setting, trainings=40)
    # Killed in the middle of a line, which is trained again.
    path.write_bytes(path.read_bytes()[:-20])
    assert run(path, setting, trainings=21) == whole
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    # And with everything there nothing is trained.
    assert run(path, setting, trainings=0) == whole
    # A larger budget goes on where the smaller one ended.
    assert run(path, setting, budget=110, trainings=10)[:100] == whole


@pytest.mark.usefixtures("_one_thread")
def test_the_predictor_s_trajectory_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictor, "EPOCHS_A_ROUND", 3)
    monkeypatch.setattr(predictor, "WARMUP_EPOCHS", 3)
    setting = replace(SETTING, algorithm="predictor", warmup=30, moves=0)
    table = of_table("nb201", {each.hash: each for each in EVERYTHING[::40]})
    whole = run(tmp_path / "whole.jsonl", setting, 45, space=table)
    with pytest.raises(Stopped):
        run(tmp_path / "resumed.jsonl", setting, 45, trainings=30, space=table)
    assert run(tmp_path / "resumed.jsonl", setting, 45, trainings=15, space=table) == whole


def test_a_search_that_ends_by_itself_is_known_to(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    setting = replace(SETTING, algorithm="random", warmup=0, moves=0)
    few, more = (of_table("nb201", {each.hash: each for each in EVERYTHING[:n]}) for n in (8, 12))
    with pytest.raises(Stopped):
        run(path, setting, trainings=5, space=few)
    assert ended(path) == set()
    found = run(path, setting, space=few)
    assert (len(found), ended(path)) == (8, {0})
    written = path.read_bytes()
    assert run(path, setting, space=few, trainings=0) == found
    assert path.read_bytes() == written
    assert read(path) == (setting, {0: found})
    run(path, setting, budget=8, seed=1, space=more)
    assert ended(path) == {0}
    # With a larger table it may go on.
    with Log(path, setting) as log:
        log.add(replace(found[-1], n=9))
        assert ended(path) == set()
        log.end(0, 9)
    assert ended(path) == {0}


def test_a_line_says_what_was_known_then(tmp_path: Path) -> None:
    found = run(tmp_path / "log.jsonl", budget=70)
    assert [record.n for record in found] == list(range(1, 71))
    for n, record in enumerate(found, 1):
        best = max(found[:n], key=lambda each: each.accuracy)
        assert record.incumbent == best.hash
        assert record.minibatches == 3 * record.scored
        assert record.seconds == 0.5 * record.scored
    assert found[0].scored < found[-1].scored
    assert read(tmp_path / "log.jsonl") == (SETTING, {0: found})


def test_what_scores_cost_may_be_unknown(tmp_path: Path) -> None:
    run(tmp_path / "log.jsonl", budget=1, cost=ProxyCost(None, None))
    (record,) = read(tmp_path / "log.jsonl")[1][0]
    assert (record.minibatches, record.seconds) == (None, None)


def test_seeds_share_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    first = run(path, budget=5)
    second = run(path, budget=5, seed=1)
    first = run(path, budget=8)
    assert read(path)[1] == {0: first, 1: second}


def test_another_log_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    run(path, budget=5)
    with pytest.raises(LogError, match="line 1: its proxy is 'toy' and not 'synflow'"):
        run(path, replace(SETTING, proxy="synflow"))
    lines = path.read_text().splitlines(keepends=True)
    third = json.loads(lines[3])
    path.write_text("".join([*lines[:3], json.dumps({**third, "hash": "0" * 32}) + "\n"]))
    with pytest.raises(LogError, match="architecture 3 of seed 0 is 0000"):
        run(path)
    path.write_text("".join([*lines[:3], *lines[4:]]))
    with pytest.raises(LogError, match="line 4: architecture 4, where 3 of seed 0 comes next"):
        run(path)
    path.write_text("".join([*lines[:2], "[]\n", *lines[3:]]))
    with pytest.raises(LogError, match="line 3: no line of a search's log"):
        run(path)
    for text in ("no log\n", "no log"):
        path.write_text(text)
        with pytest.raises(LogError, match="no line of a search's log"):
            run(path)
        assert path.read_text() == text


def test_a_log_that_was_cut_off_in_its_first_line_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    found = run(path, budget=5)
    whole = path.read_bytes()
    path.write_bytes(whole[:30])
    assert run(path, budget=5) == found
    assert path.read_bytes() == whole


def test_the_name_of_a_log_is_no_longer_than_a_file_s_may_be(tmp_path: Path) -> None:
    """However long the command is that trains."""
    names = set()
    for end in ("a", "b"):
        setting = replace(SETTING, accuracies="train é" * 100 + end)
        names.add(name(setting))
        run(tmp_path / f"{name(setting)}.jsonl", setting, budget=1)
    assert len(names) == 2
    assert name(SETTING) == "nb201-toy-validation-evolution-w200-mall-toy"


def test_two_searches_do_not_write_one_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with Log(path, SETTING), pytest.raises(LogError, match="being written"):
        Log(path, SETTING)
    Log(path, SETTING).close()


def test_what_a_search_cannot_be_given() -> None:
    for algorithm, warmup, moves, field in (
        ("random", 0, 1, "moves"),
        ("reinforce", 0, None, "moves"),
        ("reinforce", None, 0, "warmup"),
    ):
        with pytest.raises(RefusedError) as refused:
            check(algorithm, SPACE, warmup, moves)  # type: ignore[arg-type]
        assert refused.value.field == field
    with pytest.raises(RefusedError, match="too many"):
        check("random", of_bench("nb101"), None, 0)


def test_the_command_offers_all_of_them() -> None:
    assert tuple(Offered) == ALGORITHMS
