"""The page of work: what it shows while the service works, and what can be done from it."""

import re
import signal
from typing import Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import text

from service.benches import BENCHES
from tests.pages.delayed import held
from tests.pages.test_accessible import GRAVE, RULES
from tests.pages.watching import Watch
from tests.service.running import Running, ask, await_job

HEAVY = 300
"""Architectures with all proxies: more than a worker computes before somebody cancels them."""


def submit(http: httpx2.Client, n: int, seed: int, **more: Any) -> str:
    found = {r.architecture.hash: r.asked for r in BENCHES["nb101"].sample(2 * n, seed)}
    body = {"bench": "nb101", "architectures": list(found.values())[:n], "seed": seed, **more}
    answer = ask(http, body, wait=None)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def fail(site: Running, job: str, n: int) -> None:
    """What is left in the ledger where a worker could not compute some of a job."""
    with site.session() as session:
        session.execute(
            text(
                "UPDATE evaluations SET state = 'failed', failed = '{nwot}', error = :error "
                "WHERE id IN (SELECT evaluation_id FROM job_items WHERE job_id = :job LIMIT :n)"
            ),
            {"job": job, "n": n, "error": '{"type": "too-large", "detail": "needs 9 GB"}'},
        )


def test_a_job_is_followed_from_its_beginning_to_its_end(
    page: Page, http: httpx2.Client, site: Running
) -> None:
    page.goto("/pages/work")
    expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    job = submit(http, 40, 31, proxies=["nwot"])
    row = page.get_by_role("row").filter(has_text=job[:8])
    expect(row).to_contain_text("of 40")
    expect(row).to_contain_text("40 of 40")
    expect(row).to_contain_text("done")
    expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    none = re.compile(r"(?<![\d.])0architectures a second")
    expect(page.get_by_label("Now", exact=True)).not_to_contain_text(none)
    expect(
        page.get_by_role("img", name="Architectures a second in the last 10 minutes")
    ).to_have_count(1)
    page.get_by_label("State").select_option("cancelled")
    expect(row).to_have_count(0)
    assert page.url.endswith("?state=cancelled")
    page.go_back()
    expect(row).to_have_count(1)


def test_a_list_is_of_the_filter_that_was_chosen_last(page: Page, http: httpx2.Client) -> None:
    await_job(http, submit(http, 3, 35, proxies=["nwot"]))
    page.goto("/pages/work")
    state = page.get_by_label("State")
    with held(page, "jobs.*state=done"):
        state.select_option("done")
        expect(page.locator(".jobs[aria-busy=true]")).to_be_visible()
        state.select_option("running")
        expect(page.get_by_text("No job is like that.")).to_be_visible()
    job = submit(http, HEAVY, 36)
    expect(page.locator(".jobs tbody tr")).to_have_count(1)
    expect(page.locator(".jobs tbody tr")).to_contain_text(job[:8])
    page.go_back()
    expect(state).to_have_value("done")


def test_all_results_of_a_job_can_be_seen(page: Page, http: httpx2.Client) -> None:
    job = submit(http, 60, 37, proxies=["params"])
    await_job(http, job)
    page.goto(f"/pages/work?job={job}")
    rows = page.locator(".results tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(60)
    expect(rows.last).to_contain_text("60")
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_job_is_cancelled_once_somebody_says_yes(page: Page, http: httpx2.Client) -> None:
    page.goto("/pages/work")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    job = submit(http, HEAVY, 32)
    cancel = page.get_by_role("button", name=f"Cancel job {job[:8]}")
    cancel.click()
    question = page.get_by_role("dialog", name=f"Cancel job {job[:8]}?")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(cancel).to_be_focused()
    assert http.get(f"/jobs/{job}").json()["state"] == "running"
    cancel.click()
    question.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_text(f"Job {job[:8]} is cancelled")).to_be_visible()
    expect(page.locator(".outcome")).to_be_focused()
    assert http.get(f"/jobs/{job}").json()["state"] == "cancelled"
    expect(page.get_by_role("row").filter(has_text=job[:8])).to_contain_text("cancelled")
    expect(cancel).to_have_count(0)


def test_a_link_to_a_job_shows_what_failed_and_it_is_tried_again(
    page: Page, http: httpx2.Client, site: Running
) -> None:
    job = submit(http, 5, 33, proxies=["nwot"])
    await_job(http, job)
    fail(site, job, 2)
    page.goto(f"/pages/work?job={job}")
    failures = page.get_by_role("table", name="Failures by reason")
    expect(failures).to_contain_text("too-large")
    expect(failures).to_contain_text("needs 9 GB")
    results = page.get_by_role("table", name="Results of the job")
    expect(results.get_by_role("row")).to_have_count(6)
    digest = http.get(f"/jobs/{job}/results").json()["results"][0]["hash"]
    expect(results.get_by_role("link", name=digest[:8])).to_have_attribute(
        "href", f"architecture?bench=nb101&hash={digest}"
    )
    found = Axe().run(page, options=RULES).response["violations"]
    assert not [each["id"] for each in found if each["impact"] in GRAVE]
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("dialog").get_by_role("button", name="Try again").click()
    expect(page.get_by_text(f"Job {job[:8]} tries again: ")).to_be_visible()
    expect(failures).to_have_count(0)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "5 of 5")
    assert await_job(http, job)["counts"]["failed"] == 0


def test_a_job_that_never_was_is_told(page: Page, watch: Watch) -> None:
    watch.expect("404")
    page.goto("/pages/work?job=00000000-0000-0000-0000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("No such job")


def test_the_page_comes_back_to_a_service_that_was_away(
    page: Page, watch: Watch, site: Running
) -> None:
    page.goto("/pages/work")
    live = page.get_by_text("Live", exact=True).first
    expect(live).to_be_visible()
    watch.expect("ERR_")
    site.end("api", signal.SIGKILL)
    try:
        expect(page.get_by_text("The connection is lost; it comes back by itself.")).to_be_visible()
    finally:
        site.start_api()
    expect(live).to_be_visible()


def test_without_a_worker_the_page_says_so(page: Page, empty_site: Running) -> None:
    page.goto(f"{empty_site.address}/pages/work")
    expect(page.get_by_text("No worker runs.")).to_be_visible()
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()


@pytest.fixture(autouse=True)
def nothing_left(http: httpx2.Client) -> Any:
    """The next test has the worker for itself."""
    yield
    for job in http.get("/jobs", params={"state": "running"}).json()["jobs"]:
        http.delete(f"/jobs/{job['job']}")
