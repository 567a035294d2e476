"""Ensembles and percentiles against a population that `nascore reference build` has frozen."""

import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from scipy.stats import rankdata
from sqlalchemy import text

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.ensembles import unpacked
from tests.service import interpreters
from tests.service.running import Running, ask

pytestmark = pytest.mark.usefixtures("worker")

MEMBERS = 16
SEED = 5
"""A protocol of this module's own: the package carries populations of the default one."""
UNDER = f"bench=nb201&seed={SEED}"
NO_PATH = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
TRIO = ("synflow", "jacob_cov", "snip")

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def nascore(worker: Running) -> Command:
    """The command line on the service's database and address."""
    there = {
        "NASCORE_DATABASE_URL": worker.environment["NASCORE_DATABASE_URL"],
        "NASCORE_SERVER": worker.address,
    }

    return partial(interpreters.run, **there)


def score(worker: Running, spellings: list[dict[str, Any]], *proxies: str) -> list[dict[str, Any]]:
    with httpx2.Client(base_url=worker.address, timeout=240.0) as http:
        body = {"bench": "nb201", "seed": SEED, "architectures": spellings}
        if proxies:
            body["proxies"] = list(proxies)
        answer = ask(http, body, wait=200)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results


@pytest.fixture(scope="module")
def before(worker: Running) -> list[dict[str, Any]]:
    """Five architectures that were scored by three proxies before there was a population."""
    spellings = [reading.asked for reading in BENCHES["nb201"].sample(5, 99)]
    return score(worker, spellings, "vote")


@pytest.fixture(scope="module")
def built(nascore: Command, before: object) -> str:
    done = nascore("reference", "build", "nb201", "--size", str(MEMBERS), "--seed", str(SEED))
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def members(worker: Running, built: str) -> list[dict[str, Any]]:
    """The population's members as anyone sees them."""
    return score(worker, [each.spec for each in BENCHES["nb201"].uniform(MEMBERS, 0)])


def test_before_there_is_a_population_an_ensemble_is_null_with_its_reason(
    before: list[dict[str, Any]],
) -> None:
    for result in before:
        assert result["state"] == "done"
        assert set(result["scores"]) == {*TRIO, "vote"}
        assert result["scores"]["vote"] is None
        assert "no reference population" in result["undefined"]["vote"]


def test_a_board_without_a_population_says_what_to_do(http: httpx2.Client) -> None:
    board = http.get("/rank?bench=nb201&proxy=vote&seed=77").json()
    assert (board["total"], board["population"], board["reason"]) == (0, None, None)
    ask(http, {"bench": "nb201", "seed": 77, "arch": NO_PATH, "proxies": ["params"]})
    board = http.get("/rank?bench=nb201&proxy=vote&seed=77").json()
    assert "nascore reference build" in board["reason"]


def test_a_board_that_nobody_has_asked_for_says_how_to(http: httpx2.Client) -> None:
    board = http.get("/rank?bench=nb101").json()
    assert (board["total"], board["population"]) == (0, 1)
    assert "ask for `az3`" in board["reason"]


def test_what_was_scored_before_has_its_place_once_a_population_stands(
    worker: Running, before: list[dict[str, Any]], members: list[dict[str, Any]]
) -> None:
    again = score(worker, [result["asked"] for result in before], "vote")
    for result in again:
        won = [majority(result["scores"], member["scores"]) for member in members]
        assert result["scores"]["vote"] == pytest.approx(sum(won) / MEMBERS)


def majority(own: dict[str, float | None], other: dict[str, float | None]) -> float:
    """1 for a win on most of the three, ½ for a draw; who is undefined loses."""
    ahead = [difference(own[name], other[name]) for name in TRIO]
    return {-1: 0.0, 0: 0.5, 1: 1.0}[int(np.sign(sum(ahead)))]


def difference(own: float | None, other: float | None) -> int:
    assert own is not None
    return 1 if other is None else int(np.sign(own - other))


def test_the_members_have_their_average_ranks(members: list[dict[str, Any]]) -> None:
    scores = [
        [-np.inf if m["scores"][name] is None else m["scores"][name] for m in members]
        for name in ("jacob_cov", "flops")
    ]
    expected = np.sum([np.log(rankdata(of) / (MEMBERS + 0.5)) for of in scores], 0)
    found = [m["scores"]["jacob_cov_flops"] for m in members]
    defined = [value is not None for value in found]
    assert sum(defined) > MEMBERS // 2
    assert [v for v in found if v is not None] == pytest.approx(list(expected[defined]))


def test_an_ensemble_comes_with_its_members_and_ranks_the_board(
    http: httpx2.Client, members: list[dict[str, Any]]
) -> None:
    board = http.get(f"/rank?{UNDER}&proxy=jacob_cov_flops&limit=1000").json()
    assert (board["direction"], board["population"]) == ("larger", 1)
    values = [item["score"] for item in board["items"]]
    assert values == sorted(values, reverse=True)
    hashes = {m["hash"] for m in members if m["scores"]["jacob_cov_flops"] is not None}
    assert hashes <= {item["hash"] for item in board["items"]}


def test_where_a_member_is_undefined_so_is_the_ensemble(
    worker: Running, members: list[dict[str, Any]]
) -> None:
    (result,) = score(worker, [{"arch": NO_PATH}], "vote")
    assert result["scores"]["vote"] is None
    assert result["undefined"]["vote"].endswith("no path from input to output")


def test_no_value_moves_when_a_thousand_others_arrive(
    worker: Running, members: list[dict[str, Any]], http: httpx2.Client
) -> None:
    bodies = [m["asked"] for m in members if m["scores"]["vote"] is not None][:3]
    before = [r["scores"] for r in score(worker, bodies)]
    scored = worker.count("scores")
    score(worker, [r.asked for r in BENCHES["nb201"].sample(20, 7)], "vote", "jacob_cov_flops")
    # Of structure alone a thousand are scored in seconds.
    body = {"bench": "nb201", "seed": SEED, "sample": {"n": 1_000, "seed": 8}}
    assert ask(http, {**body, "proxies": ["structure_nb201"]}, wait=200).status_code == 200
    assert worker.count("scores") > scored + 1_000
    assert [r["scores"] for r in score(worker, bodies)] == before


def test_an_architectures_scores_have_percentiles_of_the_population(
    http: httpx2.Client, members: list[dict[str, Any]]
) -> None:
    member = next(m for m in members if m["scores"]["vote"] is not None)
    digest = http.get(f"/rank?{UNDER}").json()["protocol"]["digest"]
    records = {
        record["proxy"]: record
        for record in http.get(f"/architectures/nb201/{member['hash']}").json()["scores"]
        if record["protocol"] == digest
    }
    assert records.keys() >= {*CATALOGUE, "vote", "jacob_cov_flops"}
    for name, record in records.items():
        if record["value"] is None:
            assert record["percentile"] is None
            continue
        others = [m["scores"][name] for m in members]
        smaller = name in CATALOGUE and CATALOGUE[name].better["nb201"] == "smaller"
        beaten = sum(
            1.0 if v is None or (v > record["value"] if smaller else v < record["value"]) else 0.0
            for v in others
        )
        ties = sum(v == record["value"] for v in others)
        assert record["population"] == 1
        assert record["percentile"] == pytest.approx(100 * (beaten + ties / 2) / MEMBERS), name


def test_an_ensemble_of_ones_own_is_added_with_all_its_scores(
    nascore: Command, http: httpx2.Client, worker: Running, members: list[dict[str, Any]]
) -> None:
    done = nascore("ensembles", "add", "cheap", "flops", "-params", "--summary", "for this test")
    assert done.returncode == 0, done.stderr
    known = {each["name"]: each for each in http.get("/proxies").json()}
    assert known["cheap"]["ensemble"]["members"] == {"flops": 1, "params": -1}
    board = http.get(f"/rank?{UNDER}&proxy=cheap&limit=1000").json()
    assert {m["hash"] for m in members} <= {item["hash"] for item in board["items"]}
    (one,) = score(worker, [members[0]["asked"]], "cheap")
    assert set(one["scores"]) == {"params", "flops", "cheap"}
    # What is scored from now on has it too.
    (new,) = score(worker, [BENCHES["nb201"].sample(60, 11)[-1].asked], "flops", "params")
    (new,) = score(worker, [new["asked"]], "cheap")
    assert new["scores"]["cheap"] is not None
    assert nascore("ensembles", "add", "cheap", "flops", "-params").returncode == 0
    other = nascore("ensembles", "add", "cheap", "params")
    assert other.returncode == 1
    assert "another ensemble" in other.stderr
    for wrong in (["x", "flopz"], ["x", "flops", "flops"], ["nwot", "flops"], ["a b", "flops"]):
        assert nascore("ensembles", "add", *wrong).returncode == 2, wrong
    assert "cheap" in nascore("ensembles", "list").stdout


def test_the_same_build_changes_nothing_and_another_one_is_the_next_version(
    nascore: Command, http: httpx2.Client, members: list[dict[str, Any]], tmp_path: Path
) -> None:
    under = ("--seed", str(SEED))
    again = nascore("reference", "build", "nb201", "--size", str(MEMBERS), *under)
    assert again.returncode == 0, again.stderr
    assert "in use already" in again.stdout
    path = tmp_path / "reference.json.gz"
    assert nascore("reference", "export", "nb201", path, *under).returncode == 0
    protocol, population = unpacked(path.read_bytes())
    assert protocol.seed == SEED
    assert list(population.hashes) == [m["hash"] for m in members]
    other = nascore("reference", "build", "nb201", "--size", "12", *under)
    assert "Version 2" in other.stdout, other.stderr
    board = http.get(f"/rank?{UNDER}&proxy=vote").json()
    assert board["population"] == 2
    assert board["total"] > 12
    listed = nascore("reference", "list").stdout
    assert listed.count(str(SEED)) >= 2
    back = nascore("reference", "build", "nb201", "--size", str(MEMBERS), *under)
    assert "Version 1" in back.stdout, back.stderr
    assert http.get(f"/rank?{UNDER}&proxy=vote").json()["population"] == 1


def test_a_migration_leaves_a_population_that_was_built_here(
    nascore: Command, http: httpx2.Client, built: str
) -> None:
    default = "/rank?bench=nb201&proxy=vote"
    assert http.get(default).json()["population"] == 1
    assert "Version 2" in nascore("reference", "build", "nb201", "--size", "10").stdout
    assert nascore("migrate").returncode == 0
    assert http.get(default).json()["population"] == 2


def test_a_population_of_an_older_formula_ranks_nothing(
    worker: Running, http: httpx2.Client, members: list[dict[str, Any]]
) -> None:
    (before,) = score(worker, [members[0]["asked"]], "vote")
    board = http.get(f"/rank?{UNDER}&proxy=vote&limit=1000").json()
    ranked = {item["hash"] for item in board["items"]}
    drawn = BENCHES["nb201"].uniform(80, 13)
    spelling = next(each.spec for each in drawn if each.hash not in ranked)
    older = "UPDATE population_scores SET revision = revision - :by WHERE proxy = 'snip'"
    with worker.session() as session:
        session.execute(text(older), {"by": 1})
    worker.end_workers()
    worker.start_worker("worker-older")
    try:
        (after,) = score(worker, [spelling], "vote", "jacob_cov_flops")
        assert after["scores"]["vote"] is None
        assert after["scores"]["jacob_cov_flops"] is not None
        assert score(worker, [members[0]["asked"]], "vote") == [before]
    finally:
        with worker.session() as session:
            session.execute(text(older), {"by": -1})


def test_an_unknown_ensemble_is_named_with_those_there_are(http: httpx2.Client) -> None:
    refused = http.get("/rank?bench=nb201&proxy=e6")
    assert refused.status_code == 422
    assert "e5" in refused.text
