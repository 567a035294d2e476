"""GET /correlation: stored scores beside accuracies, computed by a worker and kept fresh."""

import csv
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr
from sqlalchemy import select, text

from service import evidence
from service.api.schemas.correlation import CSV_HEADER, METRICS
from service.benches import BENCHES, Reading
from service.db.models import Architecture, Correlation, Protocol, Series, SeriesValue
from service.db.questions import LEAST, SETS
from tests.service.correlating import (
    COLUMNS,
    NB201,
    NO_PATH,
    PROXIES,
    Spelt,
    add_series,
    await_answer,
    by_name,
    complete,
    forget,
    merits,
    score_some,
    truth,
)
from tests.service.interpreters import run as nascore
from tests.service.running import Running, ask, score_all


@pytest.fixture(scope="module")
def scored(worker: Running) -> dict[str, dict[str, float | None]]:
    return score_some(worker)


@pytest.fixture(autouse=True)
def clean(running: Running) -> Iterator[None]:
    yield
    forget(running)


def test_names_are_those_of_the_science() -> None:
    assert METRICS == evidence.METRICS
    assert set(SETS) == {"classes", "spellings", "whole_spellings"}
    assert LEAST == evidence.LEAST


def test_without_accuracies_it_says_what_is_missing(
    http: httpx2.Client, scored: dict[str, Any]
) -> None:
    answer = http.get("/correlation?bench=nb201")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["items"], said["truth"], said["truths"]) == ([], None, [])
    assert "PUT /accuracies" in said["missing"][0]
    rows = http.get("/correlation?bench=nb201", headers={"Accept": "text/csv"})
    assert rows.text == ",".join(CSV_HEADER) + "\r\n"


def test_what_a_worker_stores_is_what_scipy_says(
    http: httpx2.Client, running: Running, scored: dict[str, dict[str, float | None]]
) -> None:
    rows = truth(scored)
    add_series(running, "made", rows)
    accuracies = {
        "classes": [(digest, np.mean(each)) for digest, each in grouped(rows)],
        "spellings": [(digest, value) for digest, _, _, value in rows],
        "whole_spellings": [(digest, value) for digest, _, whole, value in rows if whole],
    }
    for members, pairs in accuracies.items():
        answer = await_answer(http, f"members={members}", complete)
        assert answer["truth"] == {"name": "made", **COLUMNS}
        assert [item["proxy"] for item in answer["items"]] == order(answer["items"])
        items = by_name(answer)
        assert set(items) == set(PROXIES)
        for proxy, item in items.items():
            scores = [scored[digest][proxy] for digest, _ in pairs]
            found = item["all"]
            assert found["members"] == len(pairs)
            assert found["architectures"] == len(scored)
            assert found["undefined"] == scores.count(None)
            x, y = merits(scores), [accuracy for _, accuracy in pairs]
            rho, tau = spearmanr(x, y).statistic, kendalltau(x, y).statistic
            metrics = found["metrics"]
            assert metrics["spearman"]["value"] == pytest.approx(rho, abs=1e-9)
            assert metrics["kendall_tau_b"]["value"] == pytest.approx(tau, abs=1e-9)
            assert tuple(metrics) == METRICS
            for metric in metrics.values():
                assert metric["low"] <= metric["value"] <= metric["high"]
            assert (item["kind"], item["published"], item["direction"]) == (
                *("proxy", False),
                "larger",
            )
    # Nine classes are in the best tenth, and with the spellings of others about as many.
    reason = items["nwot"]["top_tenth"]["metrics"]["spearman"]["undefined"]
    assert "are in the true top tenth; at least 20 are needed" in reason
    assert items["nwot"]["all"]["undefined"] == 2
    assert items["params"]["all"]["undefined"] == 0


def grouped(rows: list[Spelt]) -> list[tuple[str, list[float]]]:
    groups: dict[str, list[float]] = {}
    for digest, _, _, value in rows:
        groups.setdefault(digest, []).append(value)
    return list(groups.items())


def order(items: list[dict[str, Any]]) -> list[str]:
    return [
        item["proxy"]
        for item in sorted(items, key=lambda i: -i["all"]["metrics"]["spearman"]["value"])
    ]


def test_it_is_stale_until_a_worker_has_seen_the_change(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    add_series(running, "made", truth(scored, 1))
    before = by_name(await_answer(http, "", complete))
    again = by_name(await_answer(http, "", complete))
    assert again == before
    running.end_workers()
    try:
        change = "UPDATE series_values SET value = -value; UPDATE series SET changes = changes + 1"
        with running.session() as session:
            session.execute(text(change))
        answer = http.get("/correlation?bench=nb201").json()
        assert [item["stale"] for item in answer["items"]] == [True] * 3
        assert by_name(answer)["params"]["all"] == before["params"]["all"]
    finally:
        running.start_worker()
    after = by_name(await_answer(http, "", complete))
    for proxy in PROXIES:
        old, new = before[proxy]["all"]["metrics"], after[proxy]["all"]["metrics"]
        assert new["spearman"]["value"] == pytest.approx(-old["spearman"]["value"], abs=1e-12)


def test_a_new_score_is_taken_in(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    fresh = next(
        reading for reading in NB201.sample(500, 6) if reading.architecture.hash not in scored
    )
    answer = ask(http, {"bench": "nb201", **fresh.asked, "proxies": ["flops"], "seed": 9})
    assert answer.status_code == 200
    add_series(running, "made", truth([*scored, fresh.architecture.hash], 2))
    assert by_name(await_answer(http, "", complete))["nwot"]["all"]["members"] == len(scored)
    for proxies in (["nwot"], ["nwot", "params", "snip"]):
        body = {"bench": "nb201", **fresh.asked, "proxies": proxies}
        assert ask(http, body).status_code == 200
    try:
        answer = await_answer(
            http,
            "",
            lambda now: (
                complete(now) and all(i["all"]["members"] == len(scored) + 1 for i in now["items"])
            ),
        )
        assert len(answer["items"]) == 3
    finally:
        # First: what makes a score known is taken off boards by the score itself.
        forget(running)
        with running.session() as session:
            session.execute(
                text(
                    "DELETE FROM scores USING architectures "
                    "WHERE architecture_id = architectures.id AND hash = :hash"
                ),
                {"hash": fresh.architecture.hash},
            )


def test_few_architectures_are_too_few(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    add_series(running, "made", truth(sorted(scored)[:7]))
    answer = http.get("/correlation?bench=nb201&members=spellings").json()
    reason = "only 7 architectures have both a score and an accuracy; at least 20 are needed"
    assert answer["missing"] == [f"{name}: {reason}" for name in ("nwot", "params", "snip")]
    assert answer["items"] == []


def test_ensembles_published_scores_and_shorter_training(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    rows = truth(scored, 3)
    add_series(running, "long", rows)
    # Of a spelling, its own; with the accuracy of a class the mean over its spellings.
    noise = np.random.default_rng(4).normal(size=len(rows))
    near = [(*row[:3], row[3] + float(n)) for row, n in zip(rows, noise, strict=True)]
    add_series(running, "short", near, epochs=12)
    add_series(running, "other", near, epochs=12, dataset="cifar100")
    add_series(running, "theirs", near, kind="score", split=None, epochs=None, metric="synflow")
    series = {"kind": "score", "split": None, "epochs": None, "dataset": "cifar100"}
    add_series(running, "elsewhere", near, **series)
    insert = text(
        "INSERT INTO scores (architecture_id, protocol_id, proxy, revision, value, device, torch, "
        "seconds) SELECT architecture_id, protocol_id, 'both', 3, -value, 'cpu', '0', 0 "
        "FROM scores WHERE proxy = 'params'"
    )
    with running.session() as session:
        session.execute(insert)
        session.execute(text("UPDATE protocols SET population = 3"))
    try:
        for members in SETS:
            query = f"truth=long&members={members}"
            answer = await_answer(http, query, lambda now: complete(now) and len(now["items"]) == 6)
            items = by_name(answer)
            assert {name: item["kind"] for name, item in items.items()} == {
                **dict.fromkeys(PROXIES, "proxy"),
                "both": "ensemble",
                "short": "reduced_training",
                "theirs": "published",
            }
            assert [name for name in items if items[name]["published"]] == ["theirs"]
            assert items["both"]["revision"] == 3
            rho = {name: item["all"]["metrics"]["spearman"] for name, item in items.items()}
            assert rho["both"]["value"] == pytest.approx(-rho["params"]["value"])
            assert items["both"]["direction"] == "larger"
            if members == "spellings":
                expected = spearmanr([row[3] for row in near], [row[3] for row in rows]).statistic
            elif members == "classes":
                means = [[np.mean(each) for _, each in grouped(some)] for some in (near, rows)]
                expected = spearmanr(*means).statistic
            else:
                whole = [n for n, row in enumerate(rows) if row[2]]
                pairs = [(near[n][3], rows[n][3]) for n in whole]
                expected = spearmanr(pairs).statistic
            for name in ("short", "theirs"):
                assert rho[name]["value"] == pytest.approx(expected, abs=1e-9)
        # Nothing is trained for less than twelve epochs; of another dataset nothing is said.
        shorter = await_answer(http, "truth=short", complete)
        assert "reduced_training" not in {item["kind"] for item in shorter["items"]}
        # Another population: the scores against the old one say nothing of it.
        with running.session() as session:
            session.execute(text("UPDATE protocols SET population = 4"))
        assert "both" not in by_name(http.get("/correlation?bench=nb201&truth=long").json())
    finally:
        with running.session() as session:
            session.execute(text("UPDATE protocols SET population = NULL"))
            session.execute(text("DELETE FROM scores WHERE proxy = 'both'"))


def test_a_proxy_that_is_better_smaller_is_negative_and_sorted_by_its_size(
    http: httpx2.Client, running: Running
) -> None:
    """snip on NB101: what agrees with its direction is negative, and leads the table."""
    spellings = [reading.asked for reading in BENCHES["nb101"].sample(40, 5)]
    body = {"proxies": ["params", "snip"]}
    results = score_all(http, "nb101", spellings, **body)
    snip = {result["hash"]: result["scores"]["snip"] for result in results}
    add_series(running, "made", [])
    with running.session() as session:
        series = session.scalars(select(Series)).one()
        series.bench = "nb101"
        known = select(Architecture.hash, Architecture.id).where(Architecture.bench == "nb101")
        for digest, architecture_id in session.execute(known).all():
            session.add(
                SeriesValue(
                    series_id=series.id,
                    architecture_id=architecture_id,
                    spelling=digest,
                    whole=True,
                    value=-(snip[digest] ** 0.5),
                )
            )
    deadline = time.monotonic() + 60
    while not (items := http.get("/correlation?bench=nb101").json()["items"])[1:]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert [item["proxy"] for item in items] == ["snip", "params"]
    assert items[0]["direction"] == "smaller"
    values = {name: metric.get("value") for name, metric in items[0]["all"]["metrics"].items()}
    assert values["spearman"] == values["kendall_tau_b"] == -1.0
    assert values["pairwise_agreement"] == values["precision@10%"] == 1.0
    assert values["ndcg@64"] == pytest.approx(1.0)
    assert values["top5_in_best64"] is None


def test_csv_says_what_json_says(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    add_series(running, "made", truth(scored, 5))
    answer = await_answer(http, "order=precision@10%25", complete)
    rows = http.get(
        "/correlation?bench=nb201&order=precision@10%25", headers={"Accept": "text/csv"}
    )
    assert rows.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert rows.headers["Vary"].startswith("Accept")
    table = list(csv.DictReader(io.StringIO(rows.text, newline=""), strict=True))
    assert [row["proxy"] for row in table] == [item["proxy"] for item in answer["items"]]
    for row, item in zip(table, answer["items"], strict=True):
        assert (row["truth"], row["members_are"], row["stale"]) == ("made", "classes", "false")
        for part, prefix in (("all", ""), ("top_tenth", "top_tenth_")):
            assert int(row[f"{prefix}members"]) == item[part]["members"]
            for name, metric in item[part]["metrics"].items():
                for end, key in (("", "value"), ("_low", "low"), ("_high", "high")):
                    cell = row[f"{prefix}{name}{end}"]
                    assert (float(cell) if cell else None) == metric.get(key)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("bench=nb9", "bench"),
        ("bench=nb201&truth=made", "truth"),
        ("bench=nb201&members=cells", "members"),
        ("bench=nb201&order=pearson", "order"),
        ("bench=nb201&protocol=quick", "protocol"),
        ("bench=nb201&dataset=none", "dataset"),
        ("bench=nb201&seed=-1", "seed"),
        ("", "bench"),
    ],
)
def test_unknown_names_are_refused(http: httpx2.Client, query: str, field: str) -> None:
    refused = http.get(f"/correlation?{query}")
    assert refused.status_code == 422
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["errors"][0]["field"] == field


def test_nothing_is_scored_under_another_seed(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    add_series(running, "made", truth(scored))
    answer = http.get("/correlation?bench=nb201&seed=77").json()
    assert answer["items"] == []
    assert answer["truths"] == ["made"]
    assert "under fast with dataset patches and seed 77" in answer["missing"][0]


def test_the_command_prints_the_table(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    add_series(running, "made", truth(scored, 6), source="our cluster [May]")
    answer = await_answer(http, "", complete)
    options = ("--bench", "nb201", "--server", running.address)
    shown = nascore("evidence", *options, COLUMNS="80")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    first = next(line for line in lines if answer["items"][0]["proxy"] in line)
    rho = answer["items"][0]["all"]["metrics"]["spearman"]
    assert f"{rho['value']:.3f} [{rho['low']:.3f}, {rho['high']:.3f}]" in first
    assert "our cluster [May]" in shown.stdout
    # A reason that many scores have is told once.
    assert shown.stdout.count("in the true top tenth; at least 20 are needed") == 1
    assert "…" not in shown.stdout
    assert "at least 20 are needed" in shown.stdout
    whole = nascore("evidence", *options, "--json")
    # Not the answer of before: the worker may have told since what its passes took.
    assert json.loads(whole.stdout) == http.get("/correlation?bench=nb201").json()
    refused = nascore("evidence", *options, "--truth", "x")
    assert refused.returncode == 1
    assert "one of made" in refused.stderr


def test_protocols_are_told_apart_and_what_has_too_few_scores_is_not_computed(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    assert ask(http, {"bench": "nb201", **NO_PATH, "proxies": ["params"], "seed": 51}).is_success
    add_series(running, "made", truth(scored))
    answer = http.get("/correlation?bench=nb201&seed=51").json()
    assert answer["items"] == []
    reason = "only 1 architectures have both a score and an accuracy; at least 20 are needed"
    assert answer["missing"] == [f"params: {reason}"]
    for members in SETS:
        assert len(await_answer(http, f"members={members}", complete)["items"]) == 3
    with running.session() as session:
        answered = session.scalars(select(Correlation.protocol_id).distinct()).all()
        protocols = select(Protocol).where(Protocol.id.in_(answered))
        assert [each.document["seed"] for each in session.scalars(protocols)] == [0]


def test_a_score_of_what_has_no_accuracy_changes_nothing(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    add_series(running, "made", truth(scored))
    before = await_answer(http, "", complete)
    fresh = unscored(scored, 8)
    body = {"bench": "nb201", **fresh.asked, "proxies": PROXIES}
    assert ask(http, body).status_code == 200
    after = by_name(http.get("/correlation?bench=nb201").json())
    for proxy, item in by_name(before).items():
        # What it costs is another matter: workers measure that as they score.
        assert {**after[proxy], "cost": None} == {**item, "cost": None}


def test_an_undefined_score_is_taken_in(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    fresh = unscored(scored, 9)
    answer = ask(http, {"bench": "nb201", **fresh.asked, "proxies": ["flops"], "seed": 9})
    assert answer.status_code == 200
    digest = fresh.architecture.hash
    add_series(running, "made", truth([*scored, digest], 2))
    before = by_name(await_answer(http, "", complete))["nwot"]["all"]["undefined"]
    insert = text(
        "INSERT INTO scores (architecture_id, protocol_id, proxy, revision, undefined, device, "
        "torch, seconds) SELECT a.id, b.protocol_id, b.proxy, b.revision, 'made up', 'cpu', '0', 0 "
        "FROM architectures a, boards b JOIN protocols p ON p.id = b.protocol_id "
        "WHERE a.hash = :hash AND b.proxy = 'nwot' AND p.document ->> 'seed' = '0'"
    )
    try:
        with running.session() as session:
            session.execute(insert, {"hash": digest})
        answer = await_answer(
            http, "", lambda now: by_name(now)["nwot"]["all"]["undefined"] == before + 1
        )
        assert by_name(answer)["nwot"]["stale"] is False
    finally:
        with running.session() as session:
            session.execute(text("DELETE FROM scores WHERE undefined = 'made up'"))


def test_sets_with_the_same_members_have_the_same_answer(
    http: httpx2.Client, running: Running, scored: dict[str, Any]
) -> None:
    """As of NAS-Bench-101, where a class has one spelling: it is computed once."""
    rows = truth(scored, 7)
    firsts = {digest: (digest, *row) for digest, *row in reversed(rows)}
    add_series(running, "ones", firsts.values())
    dead = [(*row[:2], number > 3, row[3]) for number, row in enumerate(firsts.values())]
    add_series(running, "with-dead-operations", dead)
    answers = {
        (name, members): await_answer(http, f"truth={name}&members={members}", complete)["items"]
        for name in ("ones", "with-dead-operations")
        for members in SETS
    }
    for key in ("all", "top_tenth", "seconds"):
        ones, others = (
            [[item[key] for item in answers[name, members]] for members in SETS]
            for name in ("ones", "with-dead-operations")
        )
        assert ones[0] == ones[1] == ones[2]
        assert others[0] == others[1] != others[2]


def unscored(scored: dict[str, Any], seed: int) -> Reading:
    return next(each for each in NB201.sample(500, seed) if each.architecture.hash not in scored)
