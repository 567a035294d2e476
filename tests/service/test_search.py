"""Searches against a live service, by the command and by what it is made of."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from math import inf, isfinite
from pathlib import Path

import httpx2
import pytest
import torch
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from service.benches.bench import Architecture
from service.catalogue import PROXIES
from service.cli import app
from service.cli.search_service import NoScoresError, ServiceScores
from service.client import Client
from service.search import evolution, named, of_bench, predictor, random_search, reinforce
from service.search.evolution import POOL
from service.search.log import ended, read
from service.search.run import Asked, trained
from service.search.searches import ALL_CHILDREN
from tests.search.toy import accuracy
from tests.service.running import Running

SPACE = of_bench("nb201")
NO_PATH = {"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}


def nascore(*words: str) -> Result:
    """In this process: the commands themselves are tried elsewhere."""
    wide = {"NO_COLOR": "1", "COLUMNS": "200", "TERMINAL_WIDTH": "200"}
    return CliRunner(env=wide).invoke(app, list(words))


@pytest.fixture(scope="module")
def client(worker: Running) -> Iterator[Client]:
    with Client(worker.address) as client:
        yield client


@pytest.fixture(scope="module")
def table(client: Client) -> dict[str, float]:
    """By hash the validation accuracy of some architectures on `toy`; half of it is the test's."""
    found = {each.hash: each for each in SPACE.sample(100, named("table"))}
    for split, share in (("validation", 1.0), ("test", 0.5)):
        rows = [{**each.spec, "value": share * accuracy(each)} for each in found.values()]
        about = {"bench": "nb201", "dataset": "toy", "epochs": 1, "source": "a test"}
        client.put_accuracies(rows, split=split, **about)  # type: ignore[misc]
    return {key: accuracy(each) for key, each in found.items()}


def scores(client: Client, proxy: str = "synflow") -> ServiceScores:
    return ServiceScores(client, "nb201", proxy, "fast", lambda _: None)


def unfinished(service: Running) -> list[str]:
    with service.session() as session:
        found = session.execute(text("SELECT id FROM jobs WHERE state = 'running'"))
        return [str(job) for job in found.scalars()]


def test_evolution_finds_the_true_best_neighbour(client: Client, http: httpx2.Client) -> None:
    # Of this seed's first children the first is a move from the last of the first pool.
    search = evolution(SPACE, scores(client), 22, moves=ALL_CHILDREN)
    proposed = next(search)
    for _ in range(POOL - 1):
        proposed = search.send(0.0)
    child = search.send(100.0)
    scores(client)([proposed])  # What nobody has asked for is not there.
    answer = http.get(f"/architectures/nb201/{proposed.hash}/neighbours").json()
    known = {each["hash"]: each["scores"]["synflow"] for each in answer["architectures"]}
    assert len(known) == len(SPACE.neighbours(proposed)) > 20
    assert child.hash == max(known, key=lambda digest: known[digest])


def test_warm_up_and_moves_go_by_the_service_s_scores(client: Client) -> None:
    found = scores(client)
    asked = Asked(found)
    warm = list(trained(random_search(SPACE, asked, 0, warmup=20), asked, accuracy, 10))
    values = found([each.architecture for each in warm])
    assert values == sorted(values, reverse=True)
    assert [each.scored for each in warm] == [len(asked)] * 10
    batches: list[list[float]] = []

    def heard(architectures: Sequence[Architecture]) -> list[float]:
        batches.append(found(architectures))
        return batches[-1]

    first = next(reinforce(SPACE, heard, 0, moves=8))
    assert len(batches[0]) == 8
    assert found([first]) == [max(batches[0])]


def test_a_smaller_value_is_the_better_one_where_the_catalogue_says_so(client: Client) -> None:
    cells = [each.spec for each in SPACE.sample(3, named("direction"))]
    smaller = [proxy["name"] for proxy in client.proxies() if proxy["better"]["nb201"] == "smaller"]
    results = client.score("nb201", cells, wait=60, proxies=smaller[:1])["results"]
    (value,) = scores(client, smaller[0])([SPACE.bench.read(cells[0]).architecture])
    assert value == -(results[0]["scores"][smaller[0]] or 0.0)


def test_one_undefined_score_is_the_worst_and_none_but_those_are_no_order(client: Client) -> None:
    (cell,) = SPACE.sample(1, named("defined"))
    broken = SPACE.bench.read(NO_PATH).architecture
    with pytest.raises(NoScoresError, match=r"None of 1 .* nwot: no path from input to output"):
        scores(client, "nwot")([broken])
    worst, best = scores(client, "nwot")([broken, cell])
    assert worst == -inf
    assert isfinite(best)
    # What the board has is enough.
    assert scores(client, "nwot")([broken]) == [-inf]


def test_a_cancelled_job_is_no_order(client: Client, running: Running, http: httpx2.Client) -> None:
    cells = SPACE.sample(200, named("cancelled"))
    found = ServiceScores(client, "nb201", "zico", "full", lambda _: None)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(found, cells)
        while not (jobs := unfinished(running)):
            assert not asked.done()
            time.sleep(0.01)
        http.delete(f"/jobs/{jobs[0]}")
        with pytest.raises(NoScoresError, match="A job was cancelled before"):
            asked.result()


def test_the_command_searches_a_table_and_goes_on(
    worker: Running, table: dict[str, float], tmp_path: Path
) -> None:
    log, whole, svg = (str(tmp_path / name) for name in ("log.jsonl", "whole.jsonl", "c.svg"))
    options = ["search", "--server", worker.address, "--dataset", "toy", "--proxy", "params"]
    options += ["--algorithm", "random", "--warmup", "30", "--seeds", "2"]
    for budget in ("5", "12"):
        done = nascore(*options, "--budget", budget, "--log", log)
        assert done.exit_code == 0, done.stderr
    for _ in range(2):
        nascore(*options, "--budget", "12", "--log", whole)
    assert read(Path(log)) == read(Path(whole))
    setting, runs = read(Path(log))
    assert (setting.accuracies, setting.test) == ("toy-validation-1ep", "toy-test-1ep")
    assert setting.proxy is not None
    assert setting.revision == PROXIES[setting.proxy].revision
    assert {len(run) for run in runs.values()} == {12}
    for record in runs[0] + runs[1]:
        assert record.accuracy == pytest.approx(table[record.hash])
        assert record.test == pytest.approx(table[record.hash] / 2)
        assert record.minibatches == 0  # of a proxy that runs no network
    best = max(record.accuracy for run in runs.values() for record in run)
    assert f"{best:.2f}" in done.stdout
    drawn = nascore("search", log, whole, "--compare", svg)
    assert drawn.exit_code == 0, drawn.stderr
    assert "12 trained" in drawn.stdout
    assert "<svg" in (tmp_path / "c.svg").read_text()


def test_the_command_searches_by_the_predictor(
    worker: Running,
    table: dict[str, float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(predictor, "EPOCHS_A_ROUND", 2)
    monkeypatch.setattr(predictor, "WARMUP_EPOCHS", 2)
    request.addfinalizer(partial(torch.set_num_threads, torch.get_num_threads()))
    log = str(tmp_path / "log.jsonl")
    options = ["search", "--server", worker.address, "--dataset", "toy", "--proxy", "params"]
    options += ["--algorithm", "predictor", "--warmup", "30", "--log", log]
    # It goes on in the middle of a round, and ends with the table.
    for budget in ("25", "200"):
        done = nascore(*options, "--budget", budget)
        assert done.exit_code == 0, done.stderr
    _, runs = read(Path(log))
    assert {each.hash for each in runs[0]} == set(table)
    assert {each.scored for each in runs[0]} == {30}
    assert ended(Path(log)) == {0}


def test_the_command_trains_by_a_command(worker: Running, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    limit = tmp_path / "limit"
    program.write_text(
        "import json, pathlib, sys\n"
        "ops = json.load(sys.stdin)['arch']\n"
        f"left = int(pathlib.Path({str(limit)!r}).read_text())\n"
        f"pathlib.Path({str(limit)!r}).write_text(str(left - 1))\n"
        "if not left: sys.exit('out of memory')\n"
        "sys.stdout.buffer.write(b'a bar of \\xff\\n')\n"
        "print(90.0 + ops.count('3x3'))\n"
    )
    log = tmp_path / "log.jsonl"
    command = ["search", "--server", worker.address, "--train", f"{sys.executable} {program}"]
    command += ["--algorithm", "evolution", "--budget", "6", "--log", str(log)]
    limit.write_text("3")
    failed = nascore(*command)
    assert failed.exit_code == 1
    assert "returned non-zero exit status" in failed.stderr
    limit.write_text("3")
    assert nascore(*command).exit_code == 0
    _, runs = read(log)
    assert [r.accuracy for r in runs[0]] == [
        90.0 + json.dumps(r.spec).count("3x3") for r in runs[0]
    ]
    assert len(runs[0]) == 6


def test_what_is_wrong_is_said_in_a_line(
    worker: Running, table: dict[str, float], tmp_path: Path
) -> None:
    with Client(worker.address) as client:
        row = {**SPACE.sample(1, named("judged"))[0].spec, "value": 1}
        client.put_accuracies(
            [row], bench="nb201", dataset="judged", split="test", epochs=1, source="a test"
        )
    plain = ["search", "--server", worker.address]
    for options, said, status in (
        ([], "--train", 2),
        (["--dataset", "toy", "--moves", "3"], "random has no moves", 2),
        (["--dataset", "toy", "--warmup", "many"], "neither a number nor all", 2),
        (["--dataset", "toy", "--bench", "nb301"], "none of nb101, nb201", 2),
        (["--train", "python 'train.py"], "No closing quotation", 2),
        (["--train", " "], "there is no command in it", 2),
        (["--train", ""], "there is no command in it", 2),
        (["--dataset", "svhn"], "some on: toy", 1),
        (["--dataset", "judged"], "a search must not see those of the test; it has some", 1),
        (["--dataset", "toy", "--warmup", "3", "--protocol", "full"], "none under 'full'", 1),
        (["--dataset", "toy", "--warmup", "3", "--proxy", "best"], "best", 1),
        (["--dataset", "toy", "--log", str(tmp_path / "absent/log")], "No such file", 1),
        ([str(tmp_path / "absent"), "--compare", "curves.svg"], "absent", 1),
    ):
        done = nascore(*plain, "--log", str(tmp_path / "log"), *options)
        assert done.exit_code == status, done.stderr
        # Boxes are drawn around usage errors, and cut sentences.
        assert said in " ".join(done.stderr.replace("│", " ").split())
