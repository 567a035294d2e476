"""The page of one architecture: what it says is what the service says."""

import math
import re
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from benchmarks.screenshots import SETTLED, Theme, settle
from service.ensembles import DEFAULT_ENSEMBLE
from tests.pages.test_accessible import GRAVE, NO_WIDER

MIDDLE = 12
"""Of a board of forty: some neighbour may be better."""


@pytest.fixture
def ranked(http: httpx2.Client) -> dict[str, Any]:
    query = {"bench": "nb201", "limit": 100}
    return dict(http.get("/rank", params=query).json()["items"][MIDDLE])


def row(page: Page, name: str) -> Locator:
    """Of a table, the one that begins with the name."""
    named = page.locator("th").filter(has_text=re.compile(rf"^\s*{re.escape(name)}\b(?!-)"))
    return page.get_by_role("row").filter(has=named).first


def test_it_shows_the_cell_its_scores_its_accuracy_and_its_place(
    page: Page, http: httpx2.Client, ranked: dict[str, Any]
) -> None:
    known = http.get(f"/architectures/nb201/{ranked['hash']}").json()
    page.goto(f"/pages/architecture?bench=nb201&hash={ranked['hash']}")
    expect(page.get_by_text(ranked["hash"], exact=True).first).to_be_visible()
    cell = page.locator(".portrait svg.cell")
    labels = [vertex["label"] for vertex in known["drawing"]["vertices"]]
    expect(cell.locator("text")).to_have_text(labels)
    for record in known["scores"]:
        if record["percentile"] is not None:
            shown = row(page, record["proxy"]).locator(".percentile").text_content()
            assert 0 <= record["percentile"] - float(shown or "") < 0.1
    for series in known["accuracy"]:
        mean = row(page, series["series"]).locator("strong").text_content()
        assert float(mean or "") == pytest.approx(series["mean"], abs=0.00501)
    expect(page.get_by_role("link", name="e5", exact=True)).to_have_attribute(
        "href", re.compile(f"^rank\\?bench=nb201&proxy=e5&.*&at={ranked['hash']}$")
    )
    total = http.get("/rank", params={"bench": "nb201"}).json()["total"]
    standing = page.locator(".standing")
    expect(standing).to_contain_text(f"Rank {ranked['rank']} of {total}")
    beaten = http.get(f"/architectures/nb201/{ranked['hash']}/standing").json()["beaten"]
    expect(standing).to_contain_text(f"beats {math.floor(10 * beaten) / 10:.1f} % of the others")
    expect(page.get_by_role("heading", name=re.compile("Spellings"))).to_contain_text(
        str(known["spellings_total"])
    )


def test_neighbours_are_marked_where_they_are_better_by_what_was_chosen(
    page: Page, http: httpx2.Client, ranked: dict[str, Any]
) -> None:
    path = f"/architectures/nb201/{ranked['hash']}/neighbours"
    around = http.get(path).json()["architectures"]
    page.goto(f"/pages/architecture?bench=nb201&hash={ranked['hash']}&all=shown")
    cards = page.locator(".neighbours a")
    expect(cards).to_have_count(len(around))
    for proxy in (DEFAULT_ENSEMBLE["nb201"], "params"):
        page.get_by_role("combobox", name="By", exact=True).select_option(proxy)
        own = http.get(f"{path.removesuffix('neighbours')}standing?proxy={proxy}").json()["score"]
        better = [each for each in around if each["scores"].get(proxy, own) > own]
        expect(page.locator(".neighbours .is-better")).to_have_count(len(better))
    assert "proxy=params" in page.url
    page.go_back()
    expect(page.get_by_role("combobox", name="By", exact=True)).to_have_value(
        DEFAULT_ENSEMBLE["nb201"]
    )
    scored = next(each for each in around if each["scores"])
    cards.filter(has_text=scored["hash"][:8]).click()
    expect(page.locator(".facts .hash")).to_have_text(scored["hash"])


def test_what_is_answered_late_is_not_shown_under_another_address(
    page: Page, http: httpx2.Client, ranked: dict[str, Any]
) -> None:
    mine, other = ranked["hash"], http.get("/rank?bench=nb201").json()["items"][0]["hash"]
    page.goto(f"/pages/architecture?bench=nb201&hash={mine}")
    shown = page.locator(".facts .hash")
    expect(shown).to_have_text(mine)
    page.evaluate("other => history.pushState(null, '', `?bench=nb201&hash=${other}`)", other)
    page.go_back()
    late: list[Route] = []
    page.route(f"**/architectures/nb201/{other}", lambda route: late.append(route))
    with page.expect_request(f"**/architectures/nb201/{other}"):
        page.go_forward()
    page.go_back()
    expect(shown).to_have_text(mine)
    late[0].continue_()
    page.wait_for_function(SETTLED)
    expect(shown).to_have_text(mine)
    expect(page.locator(".standing")).to_contain_text(f"Rank {ranked['rank']} of")


def test_where_scores_are_from_is_shown_on_demand_and_kept_in_the_address(
    page: Page, ranked: dict[str, Any]
) -> None:
    page.goto(f"/pages/architecture?bench=nb201&hash={ranked['hash']}")
    page.get_by_role("button", name="Where from").click()
    expect(page.get_by_role("columnheader", name="Device")).to_be_visible()
    page.reload()
    expect(page.get_by_role("columnheader", name="torch")).to_be_visible()
    expect(page.locator(".scores tbody")).to_contain_text("cpu")


def test_the_drawing_is_a_file_and_the_commands_can_be_copied(
    page: Page, context: BrowserContext, ranked: dict[str, Any]
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/pages/architecture?bench=nb201&hash={ranked['hash']}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download SVG").click()
    assert download.value.suggested_filename == f"nb201-{ranked['hash'][:8]}.svg"
    drawn = ElementTree.parse(download.value.path()).getroot()  # noqa: S314 - of our own page
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    shapes = [each for each in drawn.iter() if each.tag.endswith(("rect", "path", "text"))]
    assert shapes
    assert all(each.get("fill", "").startswith(("rgb", "none")) for each in shapes)
    page.get_by_role("button", name="Copy curl").click()
    expect(page.get_by_role("button", name="Copied curl")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl -s http://127.0.0.1")
    assert ranked["spec"]["arch"] in copied


def test_a_hash_that_nobody_has_asked_for_says_so(page: Page) -> None:
    page.goto(f"/pages/architecture?bench=nb201&hash={'0' * 32}")
    expect(page.get_by_role("heading", name="Nobody has asked for this")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_grave_where_all_is_shown(page: Page, ranked: dict[str, Any], theme: Theme) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto(f"/pages/architecture?bench=nb201&hash={ranked['hash']}&origin=shown")
    expect(page.locator(".neighbours li").first).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert not [each for each in found if each["impact"] in GRAVE]
        page.wait_for_function(NO_WIDER, arg=width)
