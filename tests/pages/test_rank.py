"""The leaderboard in a browser."""

import csv
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect

from service.benches import BENCHES
from tests.pages.delayed import held
from tests.pages.watching import Watch
from tests.service.running import Running

BOARD = "/pages/rank?bench=nb201&proxy=params"
ROWS = ".rows [role=row]:not(.waiting)"
HERE = ".rows .line.here"


def board(http: httpx2.Client, **query: object) -> dict[str, object]:
    found: dict[str, object] = http.get(
        "/rank", params={"bench": "nb201", "proxy": "params", "limit": 1000, **query}
    ).json()
    return found


def hashes(found: dict[str, object]) -> list[str]:
    return [item["hash"] for item in found["items"]]  # type: ignore[attr-defined]


def linked(page: Page, row: int = 0) -> str:
    """The hash that a row's link leads to."""
    address = page.locator(ROWS).nth(row).get_by_role("link").get_attribute("href")
    assert address is not None
    return parse_qs(urlsplit(address).query)["hash"][0]


def shows_first(page: Page, digest: str) -> None:
    """Waits for the row at the top."""
    link = page.locator(ROWS).first.get_by_role("link")
    expect(link).to_have_attribute("href", re.compile(digest))


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


IN_WINDOW = """row => {
  const inner = document.querySelector(row).getBoundingClientRect();
  const outer = document.querySelector(".rows").getBoundingClientRect();
  return outer.top - 1 <= inner.top && inner.bottom <= outer.bottom + 1;
}"""


def shows_inside(page: Page, row: str, digest: str) -> None:
    """Waits until a row has the hash and is in the window of the table, not only on the page."""
    link = page.locator(row).get_by_role("link")
    expect(link).to_have_attribute("href", re.compile(digest))
    page.wait_for_function(IN_WINDOW, arg=row)


def test_the_best_stand_first_with_their_cells(page: Page, http: httpx2.Client) -> None:
    found = board(http)
    page.goto(BOARD)
    shows_first(page, hashes(found)[0])
    expect(
        page.get_by_role("status").filter(has_text=f"{found['total']} architectures")
    ).to_be_visible()
    expect(page.locator(ROWS).first.get_by_role("img", name=re.compile("Cell"))).to_be_visible()
    expect(page.get_by_text(str(found["evidence"]).partition("`")[0])).to_be_visible()
    table = page.get_by_role("table", name="Leaderboard")
    expect(table).to_have_attribute("aria-rowcount", str(int(str(found["total"])) + 1))
    first = hashes(found)[0]
    page.locator(ROWS).first.get_by_role("link").click()
    page.wait_for_url(re.compile(f"/pages/architecture.*hash={first}"))


def test_a_head_sorts_and_the_back_button_goes_back(page: Page, http: httpx2.Client) -> None:
    page.goto(BOARD)
    shows_first(page, hashes(board(http))[0])
    head = page.get_by_role("columnheader", name="Accuracy")
    for reverse, order in (("false", "descending"), ("true", "ascending")):
        head.get_by_role("button").click()
        shows_first(page, hashes(board(http, sort="accuracy", reverse=reverse))[0])
        expect(head).to_have_attribute("aria-sort", order)
    assert query(page)["sort"] == ["accuracy"]
    page.go_back()
    expect(head).to_have_attribute("aria-sort", "descending")
    page.go_back()
    shows_first(page, hashes(board(http))[0])
    expect(head).to_have_attribute("aria-sort", "none")


def test_choices_are_in_the_address_and_come_back_from_it(page: Page, http: httpx2.Client) -> None:
    page.goto("/pages/rank?bench=nb101")
    page.get_by_label("Bench").select_option("nb201")
    page.get_by_label("Ranked by").select_option("params")
    page.get_by_label("Accuracy of").select_option("accuracies-b")
    page.get_by_label("FLOPs from").fill("50M")
    page.get_by_label("FLOPs from").press("Enter")
    page.get_by_label("accuracy known").check()
    found = board(http, flops_min=50_000_000, accuracy="known", truth="accuracies-b")
    shows_first(page, hashes(found)[0])
    expect(page.get_by_text(f"{found['total']} architectures left by the filter")).to_be_visible()
    page.goto(page.url)
    shows_first(page, hashes(found)[0])
    expect(page.get_by_label("FLOPs from")).to_have_value("50M")
    expect(page.get_by_label("accuracy known")).to_be_checked()
    expect(page.get_by_label("Accuracy of")).to_have_value("accuracies-b")
    expect(page.get_by_role("columnheader", name="ssim")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    shows_first(page, hashes(board(http))[0])


def test_only_rows_that_are_seen_exist_and_any_can_be(page: Page, http: httpx2.Client) -> None:
    everything = hashes(board(http))
    page.goto(BOARD)
    shows_first(page, everything[0])
    assert page.locator(ROWS).count() < 50 < len(everything)
    page.locator(".rows").focus()
    page.keyboard.press("End")
    last = page.locator(f".rows [aria-rowindex='{len(everything) + 1}']")
    expect(last.get_by_role("link")).to_have_attribute("href", re.compile(everything[-1]))
    page.wait_for_url(re.compile(r"offset=\d+"))
    address = page.url
    begin = int(parse_qs(urlsplit(address).query)["offset"][0])
    page.goto(address)
    shows_inside(page, f".rows [aria-rowindex='{begin + 2}']", everything[begin])


def test_a_hash_is_found_by_its_first_digits(page: Page, http: httpx2.Client) -> None:
    found = board(http)
    place = int(str(found["total"])) // 2
    digest = hashes(found)[place]
    page.goto(BOARD)
    page.get_by_label("Find a hash or a spelling").fill(digest[:12])
    page.get_by_role("button", name="Find").click()
    shows_inside(page, HERE, digest)
    rank = found["items"][place]["rank"]  # type: ignore[index]
    expect(page.get_by_text(f"{digest[:8]} has rank {rank}")).to_be_visible()
    page.goto(page.url)
    shows_inside(page, HERE, digest)


@pytest.mark.parametrize("bench", ["nb201", "nb101"])
def test_a_spelling_is_read_and_found(page: Page, http: httpx2.Client, bench: str) -> None:
    reading = list(BENCHES[bench].sample(20, 5))[-1]
    text = reading.asked.get("arch") or str(reading.asked).replace("'", '"')
    page.goto(f"/pages/rank?bench={bench}&proxy=params")
    page.get_by_label("Find a hash or a spelling").fill(text)
    page.keyboard.press("Enter")
    row = page.locator(HERE).get_by_role("link")
    expect(row).to_have_attribute("href", re.compile(reading.architecture.hash))


def test_what_is_no_spelling_is_explained(page: Page, watch: Watch) -> None:
    watch.expect("422")
    page.goto(BOARD)
    page.get_by_label("Find a hash or a spelling").fill(
        "|<b>bold</b>~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("<b>bold</b>")
    assert page.locator("b").count() == 0
    page.get_by_label("Find a hash or a spelling").fill("0" * 32)
    page.keyboard.press("Enter")
    expect(page.get_by_text("No row here has the hash")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_board_is_a_file_too(page: Page, http: httpx2.Client) -> None:
    page.goto(f"{BOARD}&parameters_max=500000&sort=flops")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename == "nb201-params-fast.csv"
    with download.value.path().open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["hash"] for row in rows] == hashes(board(http, parameters_max=500_000))


def test_an_empty_board_says_what_would_fill_it(page: Page, empty_site: Running) -> None:
    page.goto(f"{empty_site.address}/pages/rank")
    expect(page.get_by_text("Nothing is scored here yet")).to_be_visible()
    expect(page.get_by_text("No worker runs.")).to_be_visible()
    expect(page.get_by_text("curl -s")).to_contain_text("/score")


def test_a_board_that_is_none_says_why_and_tries_again(page: Page, watch: Watch) -> None:
    watch.expect("422")
    page.goto("/pages/rank?bench=nb201&proxy=none_such")
    alert = page.get_by_role("alert").filter(has_text="none_such")
    expect(alert).to_be_visible()
    page.get_by_label("Ranked by").select_option("params")
    expect(page.locator(ROWS).first).to_be_visible()
    expect(alert).to_have_count(0)


def test_a_board_is_not_told_what_was_wrong_with_the_one_before(page: Page, watch: Watch) -> None:
    watch.expect("422")
    with held(page, r"(?<!pages)/rank\?.*at=zz"):
        page.goto(f"{BOARD}&at=zz")
        expect(page.locator(ROWS).first).to_be_visible()
        page.get_by_label("Bench").select_option("nb101")
        page.get_by_label("Ranked by").select_option("params")
        expect(page.locator(ROWS).first).to_be_visible()
    expect(page.locator(ROWS).first).to_be_visible()
    expect(page.locator(".wrong")).to_have_count(0)


def test_a_bench_that_is_none_says_so_and_another_can_be_chosen(page: Page, watch: Watch) -> None:
    watch.expect("422")
    page.goto("/pages/rank?bench=none_such")
    expect(page.get_by_role("alert").filter(has_text="none_such")).to_be_visible()
    page.get_by_label("Bench").select_option("nb201")
    expect(page.locator(ROWS).first).to_be_visible()
