"""GET /rank as CSV, and for those who have the page already."""

import csv
import io
import json

import httpx2
import pytest

from service.api.negotiation import preferred
from service.benches import BENCHES
from tests.service.running import Running, ask

NO_PATH = {"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}
JSON, CSV = "application/json", "text/csv"


@pytest.fixture(scope="module", autouse=True)
def _scored(worker: Running) -> None:
    with httpx2.Client(base_url=worker.address, timeout=120.0) as http:
        for bench in ("nb101", "nb201"):
            spellings = [reading.asked for reading in BENCHES[bench].sample(18, 3)]
            body = {"bench": bench, "architectures": spellings, "proxies": ["params", "plain"]}
            assert ask(http, body).status_code == 200


def table(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


@pytest.mark.parametrize(("bench", "fields"), [("nb201", ["arch"]), ("nb101", ["matrix", "ops"])])
@pytest.mark.parametrize("limit", [7, 1_000])
def test_csv_says_what_json_says(
    http: httpx2.Client, bench: str, fields: list[str], limit: int
) -> None:
    items = http.get(f"/rank?bench={bench}&proxy=plain&limit=1000").json()["items"]
    path, rows = f"/rank?bench={bench}&proxy=plain&limit={limit}", []
    while path:
        answer = http.get(path, headers={"Accept": CSV})
        rows += table(answer)
        path = answer.links["next"]["url"] if "next" in answer.links else ""
    head = ["rank", "hash", "score", "accuracy", "parameters", "flops"]
    assert list(rows[0]) == [*head, *fields]
    assert len(rows) == len(items) > 7
    for row, item in zip(rows, items, strict=True):
        assert (int(row["rank"]), row["hash"]) == (item["rank"], item["hash"])
        assert float(row["score"]) == item["score"]
        assert row["accuracy"] == ""
        assert (int(row["parameters"]), int(row["flops"])) == (item["parameters"], item["flops"])
        read = {f: row[f] if f == "arch" else json.loads(row[f]) for f in fields}
        assert read == item["spec"]
        for field in ("hash", *fields):
            assert row[field][0] not in "=+-@\t\r", "a spreadsheet would compute it"


def test_an_empty_board_has_its_header(http: httpx2.Client) -> None:
    answer = http.get("/rank?bench=nb101&seed=5", headers={"Accept": CSV})
    assert answer.text == "rank,hash,score,accuracy,parameters,flops,matrix,ops\r\n"


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("application/*", JSON),
        ("text/csv, */*", CSV),
        ("text/csv, application/json", JSON),
        ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/csv;q=0.4, application/json;q=0.5", JSON),
        ("text/csv;q=0, */*", JSON),
        ("text/*;q=0.9, application/json;q=0.3, text/csv;q=0.2", JSON),
        ("text/html, application/xhtml+xml, text/csv;q=0.001", CSV),
        ("application/json;q=0, text/csv;q=0.1", CSV),
        ("image/png", JSON),
        ("text/csv;q=2", JSON),
        ("text/csv;q=a, text/csv ; q=1.0", CSV),
        (";;,,q=1,/", JSON),
    ],
)
def test_accept_chooses(http: httpx2.Client, accept: str | None, given: str) -> None:
    assert preferred(accept, (JSON, CSV)) == given
    headers = {} if accept is None else {"Accept": accept}
    answer = http.get("/rank?bench=nb201&limit=1", headers=headers)
    assert answer.headers["Content-Type"].partition(";")[0] == given
    assert "Accept" in answer.headers["Vary"].split(", ")


def test_errors_are_problems_in_any_form(http: httpx2.Client) -> None:
    refused = http.get("/rank?bench=nb9", headers={"Accept": CSV})
    assert refused.headers["Content-Type"] == "application/problem+json"


def tag(http: httpx2.Client, query: str = "bench=nb201&proxy=params", accept: str = JSON) -> str:
    answer = http.get(f"/rank?{query}", headers={"Accept": accept})
    assert answer.headers["Cache-Control"] == "no-cache"
    found: str = answer.headers["ETag"]
    assert found.startswith('W/"')
    return found


def test_a_tag_is_of_one_page_in_one_form(http: httpx2.Client) -> None:
    board = "bench=nb201&proxy=params"
    cursor = http.get(f"/rank?{board}&limit=3").json()["next"]
    pages = [board, f"{board}&limit=3", f"{board}&limit=3&cursor={cursor}", f"{board}&seed=1"]
    pages += ["bench=nb201&proxy=plain", "bench=nb101&proxy=params"]
    tags = [tag(http, page, form) for page in pages for form in (JSON, CSV)]
    assert len(set(tags)) == len(tags)
    assert tags == [tag(http, page, form) for page in pages for form in (JSON, CSV)]


def test_who_has_the_page_is_not_sent_it(http: httpx2.Client) -> None:
    query = "bench=nb201&proxy=params"
    current = tag(http)
    for known in (current, current.removeprefix("W/"), f'"a", {current} , W/"b"', "*"):
        for method in ("GET", "HEAD"):
            same = http.request(method, f"/rank?{query}", headers={"If-None-Match": known})
            assert (same.status_code, same.content) == (304, b"")
            assert same.headers["ETag"] == current
            assert "Accept" in same.headers["Vary"]
    for other in (tag(http, accept=CSV), '"a"', current[:-2] + '"', "a", current.strip('W/"')):
        assert http.get(f"/rank?{query}", headers={"If-None-Match": other}).status_code == 200


def test_a_new_score_changes_the_tags_of_its_boards(http: httpx2.Client) -> None:
    boards = ["bench=nb201&proxy=params", "bench=nb201&proxy=plain", "bench=nb101&proxy=plain"]
    before = [tag(http, board) for board in boards]
    # It has parameters, and no gradient.
    body = {"bench": "nb201", **NO_PATH, "proxies": ["params", "plain"]}
    assert ask(http, body).json()["results"][0]["undefined"].keys() == {"plain"}
    after = [tag(http, board) for board in boards]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    fresh = http.get(f"/rank?{boards[1]}", headers={"If-None-Match": before[1]})
    assert (fresh.status_code, fresh.json()["undefined"]) == (200, 1)
    assert ask(http, body).json()["job"] is None
    assert after == [tag(http, board) for board in boards]
