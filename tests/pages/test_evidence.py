"""The evidence page: what it shows is what the calls say, and every view is an address."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.stats import rankdata

from benchmarks.screenshots import settle
from tests.pages.delayed import held
from tests.pages.scored import SERIES
from tests.pages.watching import Watch
from tests.service.running import Running

EVIDENCE = "/pages/evidence?bench=nb201"
MINUS = "\u2212"


def shown(value: float) -> str:
    return re.sub(r"^(\D?)0\.", r"\1.", f"{value:.2f}".replace("-", MINUS))


def correlated(http: httpx2.Client, **more: str) -> dict[str, Any]:
    answer = http.get("/correlation", params={"bench": "nb201", **more}).json()
    return {item["proxy"]: item for item in answer["items"]}


def percentiles(values: list[float | None]) -> Any:
    """Of each value, how many per cent of the others it beats, ties half; undefined ones last."""
    merits = [-np.inf if value is None else value for value in values]
    return 100 * (rankdata(merits) - 1) / (len(merits) - 1)


def drawn(page: Page, name: str) -> Locator:
    """A plot in the window, once nothing that comes late can move it."""
    plot = page.locator(name)
    expect(plot).to_be_visible()
    settle(page)
    plot.scroll_into_view_if_needed()
    return plot


def at(plot: Locator, x: float, y: float) -> tuple[float, float]:
    """The pixel of a point of percentiles, whose axes go from -2 to 102."""
    box = plot.locator(".u-over").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * (x + 2) / 104, box["y"] + box["height"] * (102 - y) / 104


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_every_score_stands_beside_its_best_tenth(page: Page, http: httpx2.Client) -> None:
    items = correlated(http)
    page.goto(EVIDENCE)
    expect(page.locator(".compared tbody tr")).to_have_count(len(items))
    for name, item in items.items():
        row = page.locator(".compared tbody tr").filter(
            has=page.get_by_role("link", name=name, exact=True)
        )
        for part, cell in (("all", 0), ("top_tenth", 1)):
            found = item[part]["metrics"]["spearman"]
            told = row.locator("td.number").nth(cell)
            if "value" in found:
                expect(told).to_have_text(
                    f"{shown(found['value'])} [{shown(found['low'])}, {shown(found['high'])}]"
                )
            else:
                expect(told).to_have_text("undefined")
                expect(page.locator(".reasons")).to_contain_text(found["undefined"])
    assert {"value", "undefined"} <= {
        key for item in items.values() for key in item["top_tenth"]["metrics"]["spearman"]
    }


def test_a_view_is_an_address(page: Page, http: httpx2.Client) -> None:
    page.goto(EVIDENCE)
    best = correlated(http)
    expect(page.locator(".compared tbody tr")).to_have_count(len(best))
    page.get_by_role("combobox", name="Metric").select_option(label="Kendall τ-b")
    page.get_by_role("button", name="Score").click()
    expect(page.locator(".compared tbody th a")).to_have_text(sorted(best))
    page.get_by_label("Ensembles").uncheck()
    page.get_by_role("combobox", name="Truth").select_option("accuracies-b")
    expect(page.locator("figcaption").first).to_contain_text("Kendall τ-b")
    tau = correlated(http, truth="accuracies-b")["params"]["all"]["metrics"]["kendall_tau_b"]
    row = page.locator(".compared tr", has=page.get_by_role("link", name="params", exact=True))
    expect(row.locator("td.number").first).to_contain_text(shown(tau["value"]))
    assert query(page) == {
        **{"bench": "nb201", "metric": "kendall_tau_b", "sort": "name"},
        **{"hide": "ensemble,published", "truth": "accuracies-b"},
    }
    table = page.locator(".compared")
    view = table.inner_text()
    page.reload()
    expect(table).to_have_text(view, use_inner_text=True)
    page.go_back()
    expect(page.get_by_role("combobox", name="Truth")).to_have_value("accuracies-a")
    expect(table).not_to_contain_text("ensemble")


def test_a_point_shows_its_cell_and_leads_to_it(page: Page, http: httpx2.Client) -> None:
    page.goto(f"{EVIDENCE}&score=synflow")
    asked = {"bench": "nb201", "score": "synflow", "accuracy": "known"}
    points = http.get("/correlation/points", params=asked).json()
    x = percentiles(points["scores"][0]["values"])
    y = percentiles(points["accuracies"])
    best = int(np.argmax(y))
    plot = drawn(page, "#against-accuracy")
    page.mouse.move(*at(plot, x[best], y[best]))
    digest = points["hashes"][best]
    looked_at = page.locator(".looked-at")
    expect(looked_at).to_contain_text(digest[:8])
    expect(looked_at.locator("svg.cell")).to_be_visible()
    rho = correlated(http)["synflow"]["all"]["metrics"]["spearman"]
    expect(page.locator("figcaption").first).to_contain_text(
        f"{shown(rho['value'])} [{shown(rho['low'])}, {shown(rho['high'])}]"
    )
    page.get_by_text("The 20 best by synflow").click()
    first = page.locator("details table tbody tr").first
    expect(first).to_contain_text(points["hashes"][int(np.argmax(x))][:8])
    page.mouse.click(*at(plot, x[best], y[best]))
    page.wait_for_url(f"**/pages/architecture?bench=nb201&hash={digest}")


def test_a_cell_that_comes_late_is_not_another_scores(page: Page, http: httpx2.Client) -> None:
    page.goto(f"{EVIDENCE}&score=synflow")
    asked = {"bench": "nb201", "score": "synflow", "accuracy": "known"}
    points = http.get("/correlation/points", params=asked).json()
    plot = drawn(page, "#against-accuracy")
    looked_at = page.locator(".looked-at")
    with held(page, "architectures/lookup"):
        page.mouse.move(
            *at(
                plot,
                percentiles(points["scores"][0]["values"])[0],
                percentiles(points["accuracies"])[0],
            )
        )
        expect(looked_at.get_by_role("link")).to_be_visible()
        page.get_by_role("combobox", name="Score").select_option("params")
        expect(page.locator("figcaption").first).to_contain_text("params against")
    expect(looked_at).to_contain_text("Point at a dot")


def test_what_a_worker_computes_is_shown_once_it_is_there(page: Page, http: httpx2.Client) -> None:
    whole = http.get("/correlation", params={"bench": "nb201"}).json()
    first = {**whole, "items": whole["items"][:1], "missing": ["2 wait for a worker"]}
    page.clock.install()
    page.route(f"{http.base_url}/correlation?*", lambda route: route.fulfill(json=first), times=1)
    page.goto(EVIDENCE)
    rows = page.locator(".compared tbody tr")
    expect(rows).to_have_count(1)
    expect(page.get_by_text("Something is missing")).to_be_visible()
    page.clock.fast_forward("00:10")
    expect(rows).to_have_count(len(whole["items"]))
    expect(page.get_by_text("Something is missing")).to_have_count(0)


def test_a_view_that_is_none_is_the_usual_one(page: Page) -> None:
    page.goto(f"{EVIDENCE}&metric=x&sort=x&cost=x&axes=x&part=x")
    expect(page.get_by_role("combobox", name="Metric")).to_have_value("spearman")
    expect(page.locator(".costs a").first).to_be_visible()


def test_a_region_of_two_scores_shows_its_cells(page: Page, http: httpx2.Client) -> None:
    page.goto(f"{EVIDENCE}&x=params&y=synflow")
    points = http.get(
        "/correlation/points", params={"bench": "nb201", "score": ["params", "synflow"]}
    ).json()
    x, y = (percentiles(each["values"]) for each in points["scores"])
    plot = drawn(page, "#two-scores")
    page.mouse.move(*at(plot, 41, 31))
    page.mouse.down()
    page.mouse.move(*at(plot, 60, 60))
    page.mouse.move(*at(plot, 101, 101))
    page.mouse.up()
    summary = page.locator(".region-summary")
    expect(summary).to_be_visible()
    low_x, high_x, low_y, high_y = map(float, query(page)["box"].split(","))
    assert (low_x, low_y) == (pytest.approx(41, abs=1), pytest.approx(31, abs=1))
    assert (high_x, high_y) == (100, 100)
    inside = (x >= low_x) & (y >= low_y)
    expect(summary).to_contain_text(f"{inside.sum()} in the region")
    page.reload()
    expect(summary).to_contain_text(f"{inside.sum()} in the region")
    best = max(np.flatnonzero(inside), key=lambda n: points["accuracies"][n])
    first = page.locator(".cells a").first
    expect(first.locator("svg.cell")).to_be_visible()
    expect(first).to_have_attribute("href", re.compile(points["hashes"][best]))
    # By keyboard too.
    page.get_by_label("Across, from").fill("90")
    page.get_by_label("Across, from").press("Tab")
    expect(summary).to_contain_text(f"{((x >= 90) & (y >= low_y)).sum()} in the region")
    page.get_by_role("button", name="Clear").click()
    expect(summary).to_have_count(0)
    assert "box" not in query(page)


def test_cost_and_choice_by_it(page: Page, http: httpx2.Client) -> None:
    page.goto(EVIDENCE)
    items = correlated(http)
    costs = page.locator(".costs a")
    expect(costs).to_have_count(len(items))
    assert {item["cost"]["minibatches"] for item in items.values()} > {0, 1}
    chosen = page.locator(".costs").get_by_role("link", name="jacob_cov:")
    chosen.focus()
    chosen.press("Enter")
    expect(page.locator("#accuracy-title ~ figure figcaption")).to_contain_text("jacob_cov")
    page.get_by_role("radio", name="True best tenth").check()
    defined = [
        name for name, item in items.items() if "value" in item["top_tenth"]["metrics"]["spearman"]
    ]
    expect(costs).to_have_count(len(defined))
    assert query(page) == {"bench": "nb201", "score": "jacob_cov", "part": "top_tenth"}


def test_without_accuracies_it_says_how_to_bring_them(page: Page, empty_site: Running) -> None:
    page.goto(f"{empty_site.address}{EVIDENCE}")
    expect(page.get_by_text("nascore accuracies import")).to_be_visible()
    expect(page.get_by_text("No architecture has both scores")).to_be_visible()


def test_without_scores_it_says_how_to_ask_for_them(page: Page) -> None:
    page.goto(f"{EVIDENCE}&seed=77")
    expect(page.locator("pre")).to_contain_text('"seed":77')


def test_what_is_wrong_is_told(page: Page, watch: Watch) -> None:
    watch.expect("422")
    page.goto(f"{EVIDENCE}&truth=nothing")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(f"one of {', '.join(SERIES)}")
    expect(alert.get_by_role("button", name="Try again")).to_be_visible()
