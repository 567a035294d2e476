"""PUT /accuracies: tables of trained accuracies come in whole, or not at all."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import pytest
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError

from service.benches import BENCHES
from service.db import accuracies
from tests.service.running import Running
from tests.service.test_refusals import problem

SAID = {
    "bench": "nb201",
    "dataset": "cifar10",
    "split": "test",
    "epochs": 200,
    "source": "a test",
}
TO = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}


def cells(bench: str, n: int, seed: int) -> list[dict[str, Any]]:
    return [dict(reading.asked) for reading in BENCHES[bench].sample(n, seed)]


def table(rows: Sequence[Mapping[str, Any]], **said: Any) -> dict[str, Any]:
    return {**SAID, **said, "accuracies": rows}


def put(http: httpx2.Client, body: Mapping[str, Any]) -> httpx2.Response:
    return http.put("/accuracies", json=body)


def written(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def stored(running: Running, bench: str, name: str) -> dict[str, float]:
    """The mean over seeds by spelling."""
    with running.session() as session:
        (found,) = (row for row in accuracies.of_bench(session, bench) if row.name == name)
        columns = accuracies.columns(session, found.id)
    return dict(zip(columns.spelling, columns.value.tolist(), strict=True))


def as_text(spelling: Mapping[str, Any]) -> str:
    return json.dumps(spelling, separators=(",", ":"), sort_keys=True)


def test_a_table_comes_in_and_again(http: httpx2.Client, running: Running) -> None:
    spellings = {as_text(each): each for each in cells("nb201", 60, 1)}
    values = {key: 50 + place / 8 for place, key in enumerate(spellings)}
    rows = [{**each, "value": values[key]} for key, each in spellings.items()]
    answer = put(http, table(rows, name="again")).json()
    assert answer == {
        "bench": "nb201",
        "series": "again",
        "rows": len(rows),
        "values": len(rows),
        "added": len(rows),
        "changed": 0,
    }
    assert stored(running, "nb201", "again") == values
    again = put(http, table(rows, name="again")).json()
    assert (again["added"], again["changed"]) == (0, 0)
    rows[7]["value"] = 99.5
    third = put(http, table(rows[7:9], name="again")).json()
    assert (third["added"], third["changed"]) == (0, 1)
    values[as_text(spellings[list(spellings)[7]])] = 99.5
    assert stored(running, "nb201", "again") == values
    with running.session() as session:
        (found,) = (row for row in accuracies.of_bench(session, "nb201") if row.name == "again")
        assert found.changes == 2
        assert (found.dataset, found.split, found.epochs) == ("cifar10", "test", 200)
        assert (found.metric, found.source, found.kind) == ("top1_percent", "a test", "accuracy")


def test_json_csv_and_gzip_say_the_same(http: httpx2.Client, running: Running) -> None:
    spellings = cells("nb101", 30, 3)
    rows = [
        {**each, "value": 80 + place / 7, "seed": seed}
        for place, each in enumerate(spellings)
        for seed in (0, 4)
    ]
    body = table(rows, bench="nb101", name="json")
    assert put(http, body).json()["added"] == 60
    packed = gzip.compress(json.dumps({**body, "name": "json.gz"} | {"accuracies": []}).encode())
    text = json.dumps({**{**body, "name": "json.gz"}, "accuracies": rows})
    packed = gzip.compress(text.encode())
    coded = {**TO, "Content-Encoding": "gzip"}
    assert http.put("/accuracies", content=packed, headers=coded).json()["added"] == 60
    lines = [
        (row["value"], json.dumps(row["ops"]), json.dumps(row["matrix"]), row["seed"])
        for row in rows
    ]
    text = written(("value", "ops", "matrix", "seed"), lines)
    query = {**SAID, "bench": "nb101"}
    for name, content, headers in (
        ("csv", text.encode(), CSV),
        ("csv.gz", gzip.compress(text.encode()), {**CSV, "Content-Encoding": "gzip"}),
    ):
        answer = http.put(
            "/accuracies", params={**query, "name": name}, content=content, headers=headers
        )
        assert answer.json()["added"] == 60, answer.text
    first = stored(running, "nb101", "json")
    assert len(first) == 30
    for name in ("json.gz", "csv", "csv.gz"):
        assert stored(running, "nb101", name) == first


def test_rows_without_a_value_are_skipped(http: httpx2.Client) -> None:
    one, two = cells("nb201", 2, 5)
    answer = put(http, table([{**one, "value": None}, {**two, "value": 1}], name="skipped"))
    assert (answer.json()["rows"], answer.json()["values"]) == (2, 1)
    text = written(("arch", "value"), [(one["arch"], ""), (two["arch"], "1.5")])
    query = {**SAID, "name": "skipped.csv"}
    answer = http.put("/accuracies", params=query, content=text, headers=CSV)
    assert (answer.json()["rows"], answer.json()["values"]) == (2, 1)


def test_a_value_that_no_mean_can_take_in_is_refused(http: httpx2.Client, running: Running) -> None:
    (one,) = cells("nb201", 1, 23)
    for metric, least, largest in (("top1_percent", 0.0, 100.0), ("loss", -1e15, 1e15)):
        rows = [
            {**one, "value": value, "seed": seed}
            for seed, value in enumerate((least, largest, 1e200, -1e200, 1e308, -1.01e15))
        ]
        body = problem(put(http, table(rows, name=f"huge.{metric}", metric=metric)), 422)
        assert [(f["row"], f["field"]) for f in body["errors"]] == [
            (n, "value") for n in range(2, 6)
        ]
        assert f"{least:g} to {largest:g}" in body["errors"][0]["valid"]
        allowed = table(rows[:2], name=f"wide.{metric}", metric=metric, epochs=999)
        assert put(http, allowed).status_code == 200
        (mean,) = stored(running, "nb201", f"wide.{metric}").values()
        assert mean == (least + largest) / 2
        known = http.get("/rank", params={"bench": "nb201", "truth": f"wide.{metric}"})
        assert known.status_code == 200
    # Nor does the database take it, whoever writes it.
    with running.session() as session, pytest.raises(IntegrityError, match="bounded"):
        session.execute(sql("UPDATE series_values SET value = 1e200"))


def test_every_bad_row_is_counted_and_nothing_is_written(
    http: httpx2.Client, running: Running
) -> None:
    good = [
        {**each, "value": 1.0, "seed": place} for place, each in enumerate(cells("nb201", 400, 7))
    ]
    bad = {
        3: ({"arch": "nonsense", "value": 1}, "arch"),
        20: ({**good[20], "value": "high"}, "value"),
        21: ({**good[21], "value": True}, "value"),
        22: ({**good[22], "seed": -1}, "seed"),
        23: ({**good[23], "seed": 1.0}, "seed"),
        24: ({**good[24], "accuracy": 3}, "accuracy"),
        25: ({"arch": good[25]["arch"]}, "value"),
        26: ({"value": 4}, "arch"),
        27: (["arch"], "row"),
        28: ({**good[28], "hash": "0" * 32}, "hash"),
        29: ({**good[29], "value": 100.5}, "value"),
        30: ({**good[30], "value": -(10**30)}, "value"),
        31: ({"arch": "nonsense", "value": None}, "arch"),
        32: ({**good[32], "value": None, "accuracy": 3}, "accuracy"),
        33: ({**good[33], "value": None, "seed": -1}, "seed"),
        399: ({**good[2], "value": 2.0}, "value"),
    }
    rows: list[Any] = list(good)
    for place, (row, _) in bad.items():
        rows[place] = row
    before = running.count("series"), running.count("series_values")
    body = problem(put(http, table(rows, name="bad")), 422)
    assert body["type"] == "urn:nascore:problem:invalid-rows"
    assert "16 of 400" in body["title"]
    assert [(f["row"], f["field"]) for f in body["errors"]] == [(n, f) for n, (_, f) in bad.items()]
    assert all(fault["valid"] for fault in body["errors"])
    assert "row 2 has 1.0" in body["errors"][-1]["detail"]
    assert (running.count("series"), running.count("series_values")) == before
    text = written(("arch", "value"), [("x", 1), (good[0]["arch"], "nan"), (good[1]["arch"],)] * 50)
    answer = http.put("/accuracies", params={**SAID, "name": "bad"}, content=text, headers=CSV)
    body = problem(answer, 422)
    assert "150 of 150" in body["title"]
    assert len(body["errors"]) == 100
    assert [f["field"] for f in body["errors"][:3]] == ["arch", "value", "row"]
    assert (running.count("series"), running.count("series_values")) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"bench": "nb999"}, "bench"),
        ({"split": "train"}, "split"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": "200"}, "epochs"),
        ({"source": ""}, "source"),
        ({"source": "a\nb"}, "source"),
        ({"name": "a name"}, "name"),
        ({"licence": "MIT"}, "licence"),
        ({"dataset": "d" * 64}, "body"),
    ],
)
def test_what_describes_a_table_is_checked(
    http: httpx2.Client, change: dict[str, Any], field: str
) -> None:
    (fault,) = problem(put(http, table([], **change)), 422)["errors"]
    assert fault["field"] == field


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", "ends"),
        ("[]", "instead of {"),
        ('{"bench": "nb201"}', "missing"),
        ('{"accuracies": []}', "bench"),
        ('{"bench": "nb201", "bench": "nb101", "accuracies": []}', "twice"),
        ("{%s} x", "behind"),
        ('{%s, "name": "late"}', "behind"),
        ("{%s", "ends"),
        ('{HEAD, "accuracies": [{"arch": "x", "arch": "y"}]}', "twice"),
        ('{HEAD, "accuracies": [{"value": ' + "1" * 5_000 + "}]}", "digits"),
        ('{HEAD, "accuracies": [' + "[" * 50_000, "nested"),
        ('{HEAD, "accuracies": [{"arch": "' + "x" * 200_000, "nterminated"),
        ('{HEAD, "accuracies": [{}{}]}', "instead of ,"),
        ('{HEAD, "accuracies": {}}', "instead of ["),
        ('{HEAD, "accuracies": [1,]}', "Expecting value"),
        ('{HEAD, "source": "\\ud800", "accuracies": []}', "surrogate"),
    ],
)
def test_what_is_no_table(http: httpx2.Client, body: str, word: str) -> None:
    head = json.dumps({k: v for k, v in SAID.items() if k != "source" or "\\u" not in body})[1:-1]
    sent = body.replace("%s", f'{head}, "accuracies": []').replace("HEAD", head)
    answer = http.put("/accuracies", content=sent, headers=TO)
    text = json.dumps(problem(answer, 422)["errors"])
    assert word in text


def test_the_parts_of_a_table_may_come_one_by_one(http: httpx2.Client, running: Running) -> None:
    rows = [{**each, "value": 1.25e1, "seed": 12} for each in cells("nb101", 5, 11)]
    text = json.dumps(table(rows, bench="nb101", name="slow", epochs=108), indent=1)
    sent = b"\xef\xbb\xbf" + text.encode()
    pieces = (sent[place : place + 1] for place in range(len(sent)))
    assert http.put("/accuracies", content=pieces, headers=TO).json()["added"] == 5
    assert set(stored(running, "nb101", "slow").values()) == {12.5}


def test_another_form_is_not_read(http: httpx2.Client) -> None:
    for headers in ({"Content-Type": "text/plain"}, {}):
        answer = http.put("/accuracies", content=b"x", headers=headers)
        problem(answer, 415)
        assert answer.headers["Accept"] == "application/json, text/csv"
    answer = http.put("/accuracies?bench=nb201", content=b"{}", headers=TO)
    assert problem(answer, 422)["errors"][0]["field"] == "bench"
    answer = http.put("/accuracies?bench=nb201", content=b"arch,value\n", headers=CSV)
    fields = {fault["field"] for fault in problem(answer, 422)["errors"]}
    assert fields == {"dataset", "split", "epochs", "source"}
    for header in ("arch,value,epochs\n", "arch\n", "arch,value,value\n", "", '"arch\n'):
        answer = http.put("/accuracies", params=SAID, content=header.encode(), headers=CSV)
        assert problem(answer, 422)["errors"][0]["field"] in ("header", "body")


def test_a_name_stands_for_one_thing(http: httpx2.Client) -> None:
    rows = [{**each, "value": 1} for each in cells("nb201", 2, 9)]
    assert put(http, table(rows, name="one", epochs=1)).status_code == 200
    body = problem(put(http, table(rows, name="one", epochs=2)), 422)
    assert body["errors"][0]["field"] == "epochs"
    assert body["errors"][0]["valid"].startswith("1")
    body = problem(put(http, table(rows, name="one", epochs=1, source="someone else")), 422)
    assert body["errors"][0]["field"] == "source"


def test_more_than_the_limits_is_refused(http: httpx2.Client, running: Running) -> None:
    short = {"NASCORE_ACCURACIES_LIMIT": "10", "NASCORE_ACCURACIES_BODY_BYTES_LIMIT": "100000"}
    before = running.count("series")
    running.end("api")
    running.environment.update(short)
    running.start_api()
    try:
        with httpx2.Client(base_url=running.address, timeout=120.0) as short_http:
            rows = [{**each, "value": 1} for each in cells("nb201", 11, 9)]
            assert put(short_http, table(rows[:10], name="ten")).status_code == 200
            body = problem(put(short_http, table(rows, name="eleven")), 413)
            assert body["errors"][0]["valid"] == "at most 10"
            bomb = gzip.compress(json.dumps(table([])).encode() + b" " * 10_000_000)
            coded = {**TO, "Content-Encoding": "gzip"}
            problem(short_http.put("/accuracies", content=bomb, headers=coded), 413)
    finally:
        running.end("api")
        for name in short:
            del running.environment[name]
        running.start_api()
    assert running.count("series") == before + 1


def test_a_series_comes_out_as_it_came_in(http: httpx2.Client) -> None:
    """More than one page, with and without seeds; what comes out can be put in again."""
    spellings = {as_text(each): each for each in cells("nb201", 500, 21)}
    rows = [
        {**each, "value": (place + seed / 8) / 8 if seed else place / 9, "seed": seed}
        for place, each in enumerate(spellings.values())
        for seed in (None, 5, 0)
    ]
    assert len(rows) > 1_200
    assert put(http, table(rows, name="whole")).json()["added"] == len(rows)
    found = http.get("/accuracies?bench=nb201&series=whole")
    assert found.headers["Content-Type"] == "application/json"
    body = found.json()
    assert (body["name"], body["dataset"], body["epochs"]) == ("whole", "cifar10", 200)
    assert (body["changes"], body["kind"], body["source"]) == (1, "accuracy", "a test")
    given = body["accuracies"]
    read = BENCHES["nb201"].read
    assert all(read({"arch": row["arch"]}).architecture.hash == row["hash"] for row in given)

    def key(row: Mapping[str, Any]) -> tuple[str, int, float]:
        return row["arch"], -1 if row["seed"] is None else row["seed"], row["value"]

    assert sorted(map(key, given)) == sorted(map(key, rows))
    places = [(row["arch"], row["seed"] is None, row["seed"] or 0) for row in given]
    assert [place[1:] for place in places[:3]] == [(False, 0), (False, 5), (True, 0)]
    text = http.get("/accuracies?bench=nb201&series=whole", headers={"Accept": "text/csv"})
    assert text.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    lines = list(csv.DictReader(io.StringIO(text.text, newline="")))
    assert [(line["hash"], line["arch"], float(line["value"]), line["seed"]) for line in lines] == [
        (row["hash"], row["arch"], row["value"], "" if row["seed"] is None else str(row["seed"]))
        for row in given
    ]
    again = http.put(
        "/accuracies", params={**SAID, "name": "whole"}, content=text.content, headers=CSV
    )
    assert (again.json()["values"], again.json()["added"], again.json()["changed"]) == (
        len(rows),
        0,
        0,
    )
    again = put(http, table(given, name="whole"))
    assert (again.json()["added"], again.json()["changed"]) == (0, 0)


def test_an_nb101_series_comes_out_as_it_came_in(http: httpx2.Client) -> None:
    rows = [{**each, "value": 90.0, "seed": 1} for each in cells("nb101", 20, 2)]
    assert put(http, table(rows, bench="nb101", name="whole")).json()["added"] == 20
    given = http.get("/accuracies?bench=nb101&series=whole").json()["accuracies"]
    for row in rows:
        assert {
            **row,
            "hash": BENCHES["nb101"]
            .read({"matrix": row["matrix"], "ops": row["ops"]})
            .architecture.hash,
        } in given
    text = http.get("/accuracies?bench=nb101&series=whole", headers={"Accept": "text/csv"})
    query = {**SAID, "bench": "nb101", "name": "whole"}
    again = http.put("/accuracies", params=query, content=text.content, headers=CSV).json()
    assert (again["values"], again["added"], again["changed"]) == (20, 0, 0)


def test_the_series_of_a_bench_are_listed(http: httpx2.Client) -> None:
    one, two = cells("nb201", 2, 33)
    rows = [{**one, "value": 1, "seed": 0}, {**one, "value": 2, "seed": 1}, {**two, "value": 3}]
    said = {"dataset": "svhn", "split": "validation", "epochs": 9, "metric": "loss"}
    assert put(http, table(rows, **said)).json()["series"] == "svhn-validation-9ep"
    listed = http.get("/accuracies?bench=nb201").json()
    (found,) = (each for each in listed["series"] if each["name"] == "svhn-validation-9ep")
    assert {field: found[field] for field in said} == said
    assert (found["values"], found["architectures"], found["changes"]) == (3, 2, 1)
    body = problem(http.get("/accuracies?bench=nb201&series=nowhere"), 422)
    assert body["errors"][0]["field"] == "series"
    assert "svhn-validation-9ep" in body["errors"][0]["valid"]
    problem(http.get("/accuracies?bench=nb999"), 422)


def test_the_most_telling_series_is_shown_beside_scores(http: httpx2.Client) -> None:
    """Before the epochs and the split counts whether it is a top-1 accuracy."""
    rows = [{**each, "value": 50} for each in cells("nb_macro", 3, 1)]
    for name, said in {
        "ssim-test": {"metric": "ssim", "epochs": 600},
        "top1-validation": {"split": "validation", "epochs": 400},
        "top1-test": {"epochs": 100},
        "top1-test-longer": {"epochs": 200},
    }.items():
        put(http, table(rows, bench="nb_macro", name=name, **said)).raise_for_status()
    assert http.get("/rank", params={"bench": "nb_macro"}).json()["truth"] == "top1-test-longer"
    digest = BENCHES["nb_macro"].sample(3, 1)[0].architecture.hash
    known = http.get(f"/architectures/nb_macro/{digest}").json()["accuracy"]
    assert [each["series"] for each in known] == [
        "top1-test-longer",
        "top1-test",
        "top1-validation",
        "ssim-test",
    ]
