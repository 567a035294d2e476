"""The page to try cells: drawn, pasted, refused, scored, stepped through."""

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
from playwright.sync_api import Page, Route, expect

from benchmarks.screenshots import SETTLED
from service.benches import BENCHES
from service.ensembles import DEFAULT_ENSEMBLE
from tests.pages.watching import Watch
from tests.service.running import Running

UNSCORED = [*["nor_conv_1x1", "avg_pool_3x3", "nor_conv_3x3"] * 2]
"""Of NB201; not one of those that the site has."""

CHAIN = {
    "matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
    "ops": ["input", "conv3x3-bn-relu", "output"],
}


def shows_cell(page: Page, *labels: str) -> None:
    """Waits for the cell of these vertices."""
    expect(page.locator(".pictured-cell svg.cell .vertex text")).to_have_text(list(labels))


def asked(page: Page) -> dict[str, object]:
    """The cell in the address."""
    return dict(json.loads(parse_qs(urlsplit(page.url).query)["cell"][0]))


def test_a_cell_of_slots_is_chosen_scored_and_held_to_its_neighbours(
    page: Page, http: httpx2.Client
) -> None:
    page.goto(f"/pages/try?bench=nb201&cell={json.dumps({'ops': ['none'] * 6})}")
    expect(page.get_by_text("A spelling of")).to_be_visible()
    for slot, choice in zip(BENCHES["nb201"].slots, UNSCORED, strict=True):
        page.get_by_label(slot.name).select_option(choice)
        expect(page.locator(".pictured-cell:not(.stale)")).to_be_visible()
    expect(page.locator(".pictured-cell svg.cell .vertex")).to_have_count(8)
    reading = BENCHES["nb201"].read({"ops": UNSCORED})
    expect(page.locator("#reading")).to_contain_text(reading.architecture.hash[:8])
    assert asked(page) == {"ops": UNSCORED}
    page.get_by_role("button", name="Score it").click()
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible(timeout=60_000)
    path = f"/architectures/nb201/{reading.architecture.hash}"
    standing = http.get(f"{path}/standing").json()
    place = f"Rank {standing['rank']} of {standing['total']}"
    expect(page.locator(".standing")).to_contain_text(place)
    expect(page.locator(".scores tbody tr")).to_have_count(len(http.get(path).json()["scores"]))
    hashed = page.locator("a.neighbour .mono").first.text_content()
    assert hashed is not None
    # By its name: their order may change yet.
    page.locator("a.neighbour").filter(has_text=hashed).click()
    expect(page.locator("#reading")).to_contain_text(hashed)
    page.go_back()
    expect(page.locator("#reading")).to_contain_text(reading.architecture.hash[:8])


def test_a_wrong_spelling_is_explained_while_it_is_typed(page: Page, watch: Watch) -> None:
    watch.expect("422")
    page.goto("/pages/try?bench=nb201")
    expect(page.get_by_text("A spelling of")).to_be_visible()
    paste = page.get_by_role("textbox")
    paste.fill("|nor_conv_3x3~0|")
    reading = page.locator("#reading")
    expect(reading).to_contain_text("1 nodes after the input instead of 3")
    expect(paste).to_have_attribute("aria-invalid", "true")
    paste.fill('{"ops": ["none", "none", "conv", "none", "none", "none"]}')
    expect(reading).to_contain_text("ops/2")
    expect(reading).to_contain_text("Valid: an operation is one of none, skip_connect")
    expect(page.get_by_label("1→2")).to_have_attribute("aria-invalid", "true")
    paste.fill('{"ops": ["none"')
    expect(reading).to_contain_text("no JSON yet")
    arch = str(BENCHES["nb201"].sample(1, 3)[0].asked["arch"])
    paste.fill(arch)
    expect(reading).to_contain_text(BENCHES["nb201"].read({"arch": arch}).architecture.hash[:8])
    expect(page.get_by_label("0→1")).to_have_value(arch[1:].split("~")[0])


def test_a_network_with_slots_to_spare_is_chosen_scored_and_on_its_board(page: Page) -> None:
    bench = BENCHES["transnas_macro"]
    page.goto(f"/pages/try?bench={bench.name}&cell={json.dumps(bench.example)}")
    expect(page.locator(".pictured-cell svg.cell .vertex")).to_have_count(6)
    page.get_by_label(bench.slots[4].name).select_option("normal")
    expect(page.locator(".pictured-cell svg.cell .vertex")).to_have_count(7)
    spelt = {"ops": [*bench.in_slots(bench.example), "normal"]}
    assert asked(page) == spelt
    page.get_by_role("button", name="Score it").click()
    expect(page.locator(".standing")).to_contain_text("Rank 1 of 1", timeout=60_000)
    page.goto(f"/pages/rank?bench={bench.name}")
    row = page.locator(".rows [role=row]:not(.waiting)")
    digest = bench.read(spelt).architecture.hash
    expect(row.get_by_role("link")).to_have_attribute("href", re.compile(digest))


def test_a_cell_is_drawn_edge_by_edge(page: Page, watch: Watch) -> None:
    page.goto(f"/pages/try?bench=nb101&cell={json.dumps(CHAIN)}")
    expect(page.locator(".pictured-cell .vertex")).to_have_count(3)
    page.get_by_role("button", name="Add an operation").click()
    expect(page.locator(".pictured-cell .vertex")).to_have_count(4)
    page.get_by_role("combobox", name="Operation 2").select_option("maxpool3x3")
    expect(page.locator(".pictured-cell .vertex").filter(has_text="pool").last).to_be_visible()
    page.get_by_label("Edge from in to 2").uncheck()
    expect(page.get_by_text("on no path from input to output")).to_be_visible()
    page.get_by_label("Edge from 1 to 2").check()
    page.get_by_label("Edge from 1 to out").uncheck()
    expect(page.locator("#reading")).not_to_contain_text("no path")
    shows_cell(page, "in", "3×3", "pool", "out")
    page.get_by_role("button", name="Remove operation 1").click()
    watch.expect("422")
    expect(page.locator("#reading .wrong")).to_contain_text("path")
    page.get_by_label("Edge from in to 1").check()
    expect(page.locator(".pictured-cell .vertex")).to_have_count(3)
    shows_cell(page, "in", "pool", "out")
    assert asked(page)["ops"] == ["input", "maxpool3x3", "output"]


def test_the_proxy_chosen_last_is_the_one_all_is_shown_by(
    page: Page, watch: Watch, http: httpx2.Client
) -> None:
    best = http.get("/rank", params={"bench": "nb201"}).json()["items"][0]
    scores = http.get(f"/architectures/nb201/{best['hash']}").json()["scores"]
    default = DEFAULT_ENSEMBLE["nb201"]
    other = next(each["proxy"] for each in scores if each["proxy"] not in (default, "params"))
    page.goto(f"/pages/try?bench=nb201&cell={quote(json.dumps(best['spec']))}")
    standing, by = page.locator(".standing"), page.get_by_role("combobox", name="By")
    expect(standing).to_contain_text(f"by {default}")
    late: list[Route] = []
    page.route("**/standing?proxy=params", lambda route: late.append(route), times=1)
    with page.expect_request("**/standing?proxy=params"):
        by.select_option("params")
    by.select_option(other)
    expect(standing).to_contain_text(f"by {other}")
    late[0].continue_()
    page.wait_for_function(SETTLED)
    expect(by).to_have_value(other)
    expect(standing).to_contain_text(f"by {other}")
    watch.expect("ERR_FAILED")
    page.route("**/standing?proxy=params", lambda route: route.abort(), times=1)
    by.select_option("params")
    page.get_by_role("button", name="Try again").click()
    expect(standing).to_contain_text("by params")


def test_without_a_worker_it_says_what_it_waits_for_and_what_ends_it(
    page: Page, watch: Watch, empty_site: Running
) -> None:
    page.goto(f"{empty_site.address}/pages/try?bench=nb201")
    expect(page.get_by_text("No worker runs.")).to_be_visible()
    followed: list[Route] = []
    page.route("**/jobs/*/events", lambda route: followed.append(route))
    with page.expect_request("**/jobs/*/events"):
        page.get_by_role("button", name="Score it").click()
    expect(page.get_by_text("Waiting for a worker").first).to_be_visible()
    watch.expect("503")
    watch.expect("404")
    page.route("**/jobs/*", lambda route: route.fulfill(status=404, json={"title": "Gone"}))
    followed[0].fulfill(status=503)
    expect(page.get_by_role("heading", name="Gone")).to_be_visible()
    expect(page.get_by_role("button", name="Score it")).to_be_enabled()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_worker_that_starts_is_seen(page: Page) -> None:
    page.clock.install()
    page.route("**/work", lambda route: route.fulfill(json={"workers": []}))
    page.goto("/pages/try?bench=nb201")
    notice, status = (
        page.get_by_text("No worker runs."),
        page.get_by_role("banner").locator(".status"),
    )
    expect(status).to_have_text("no worker")
    expect(notice).to_be_visible()
    page.unroute("**/work")
    page.clock.fast_forward("00:20")
    expect(status).to_have_text("ready")
    expect(notice).to_be_hidden()


def test_a_link_whose_cell_is_none_says_so(page: Page, watch: Watch) -> None:
    watch.expect("422")
    wrong = page.locator("#reading .wrong")
    page.goto('/pages/try?bench=nb201&cell={"arch":5}')
    expect(wrong).to_contain_text("arch")
    page.goto("/pages/try?bench=nb101&cell=null")
    expect(wrong).to_contain_text("not an object")
