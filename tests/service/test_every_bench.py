"""A bench that nothing but its own file knows of is served like any other."""

import csv
import time
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.cli import app
from service.client import Client
from service.ensembles import DEFAULT_ENSEMBLE, ENSEMBLES
from service.search.log import read
from tests.service.running import Running, ask

FIRST = {"nb101", "nb201"}
"""These are what all other tests are of."""

OTHERS = sorted(BENCHES.keys() - FIRST)

pytestmark = pytest.mark.usefixtures("worker")


@pytest.mark.parametrize("bench", OTHERS)
def test_it_is_scored_ranked_proposed_and_shown(http: httpx2.Client, bench: str) -> None:
    found = BENCHES[bench]
    answer = ask(http, {"bench": bench, "architecture": found.example}, wait=120)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["state"] == "done"
    skeleton, classes = found.skeletons["fast"], answer.json()["protocol"]["classes"]
    assert answer.json()["protocol"]["skeleton"] == skeleton
    size = found.size(result["spec"], skeleton, classes)
    assert (result["scores"]["params"], result["scores"]["flops"]) == size
    scored = {name for name in CATALOGUE if result["scores"][name] is not None}
    assert scored | result["undefined"].keys() >= CATALOGUE.keys()
    # Its population came with the package: ensembles rank it, or lack one of their proxies.
    default = http.get(f"/rank?bench={bench}").json()
    assert (default["proxy"], default["population"]) == (DEFAULT_ENSEMBLE[bench], 1)
    assert [item["hash"] for item in default["items"]] == [result["hash"]]
    for name, ensemble in ENSEMBLES.items():
        lacking = ensemble.members.keys() - scored
        assert (result["scores"][name] is None) == bool(lacking), name

    board = http.get(f"/rank?bench={bench}&proxy=snip").json()
    assert [item["hash"] for item in board["items"]] == [result["hash"]]
    assert board["direction"] == CATALOGUE["snip"].better[bench]

    body = {"bench": bench, "proxy": "params", "parents": [result["hash"]], "k": 3}
    proposed = http.post("/propose", json=body, headers={"Prefer": "wait=60"}).json()
    children = found.neighbours(result["spec"])
    assert proposed["considered"] == len(children)
    best = max(found.size(each.spec, skeleton, classes).parameters for each in children)
    assert proposed["items"][0]["score"] == best

    shown = http.get(f"/architectures/{bench}/{result['hash']}").json()
    assert shown["spec"] == result["spec"]
    sampled = http.get(f"/benches/{bench}/sample?n=3&seed=1").json()["architectures"]
    assert [each["hash"] for each in sampled] == [
        reading.architecture.hash for reading in found.sample(3, 1)
    ]


@pytest.mark.parametrize("bench", OTHERS)
def test_what_is_wrong_with_a_spelling_is_named(http: httpx2.Client, bench: str) -> None:
    slots = BENCHES[bench].slots
    ops = [slot.choices[0] for slot in slots[:-1]] + ["nonsense"]
    answer = http.post("/score", json={"bench": bench, "ops": ops})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == f"ops/{len(slots) - 1}"
    assert slots[0].choices[0] in fault["valid"]


@pytest.mark.parametrize("bench", OTHERS)
def test_it_is_trained_correlated_tabled_and_searched(
    running: Running, tmp_path: Path, bench: str
) -> None:
    found = BENCHES[bench]
    by_hash = {each.architecture.hash: each.architecture for each in found.sample(60, 2)}
    with Client(running.address) as client:
        # By the size, which runs no network.
        specs = [each.spec for each in by_hash.values()]
        answer = client.score(bench, specs, proxies=["params"], wait=60)
        sizes = {each["hash"]: each["scores"]["params"] for each in answer["results"]}
        assert sizes.keys() == by_hash.keys()
        rows = [{**each.spec, "value": -float(sizes[key] or 0)} for key, each in by_hash.items()]
        for split in ("validation", "test"):
            about = {"dataset": "made_up", "split": split, "epochs": 1, "metric": "minus_size"}
            client.put_accuracies(rows, bench=bench, source="a test", **about)
        deadline = time.monotonic() + 60
        while not (items := client.correlation(bench, truth="made_up-test-1ep")["items"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (params,) = [item for item in items if item["proxy"] == "params"]
        spearman = params["all"]["metrics"]["spearman"]
        assert spearman["value"] == pytest.approx(-1)

    board = f"/rank?bench={bench}&proxy=params&everything=true"
    table = httpx2.get(running.address + board, headers={"Accept": "text/csv"}).text
    lines = {line["hash"]: line for line in csv.DictReader(table.splitlines())}
    for key, size in sizes.items():
        assert float(lines[key]["score"]) == size == -float(lines[key]["accuracy"])

    log = tmp_path / "log"
    words = ["--bench", bench, "--dataset", "made_up", "--algorithm", "evolution"]
    words += ["--proxy", "params", "--warmup", "20", "--budget", "15", "--log", str(log)]
    said = CliRunner().invoke(app, ["search", "--server", running.address, *words])
    assert said.exit_code == 0, said.output
    _, runs = read(log)
    assert [record.accuracy for record in runs[0]] == [-(sizes[r.hash] or 0) for r in runs[0]]
    assert len({record.hash for record in runs[0]}) == 15
