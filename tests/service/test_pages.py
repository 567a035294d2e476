"""The pages for browsers: what is served, with what headers, and that nothing is from elsewhere."""

import re
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest

from service.api import pages

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
IMPORT = re.compile(r"""(?:from|import)\s*["'](\.[^"']+)["']""")


def test_a_browser_is_sent_to_the_pages_and_programs_are_not(http: httpx2.Client) -> None:
    sent = http.get("/", headers={"Accept": BROWSER})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/pages/rank")
    for accept in ("*/*", "application/json", "text/html;q=0.5, application/json"):
        answer = http.get("/", headers={"Accept": accept})
        assert answer.json()["name"] == "nascore"
        assert answer.headers["Vary"].startswith("Accept")


@pytest.mark.parametrize("name", pages.NAMES)
def test_a_page_and_all_that_it_loads_is_served_by_the_service(
    http: httpx2.Client, name: str
) -> None:
    page = http.get(f"/pages/{name}")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    waiting = [
        urljoin(f"/pages/{name}", link) for link in re.findall(r'="(files/[^"]+)"', page.text)
    ]
    assert len(waiting) > 5
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        answer = http.get(path)
        assert answer.status_code == 200, path
        if path.endswith(".js"):
            assert "javascript" in answer.headers["Content-Type"]
            found = {urljoin(path, each) for each in IMPORT.findall(answer.text)} - seen
            seen |= found
            waiting += found
    assert "/pages/files/js/shell.js" in seen


def test_the_policy_lets_in_nothing_inline_and_nothing_from_elsewhere(http: httpx2.Client) -> None:
    answers = [http.get(f"/pages/{name}") for name in pages.NAMES]
    answers.append(http.get("/pages/files/js/shell.js"))
    for answer in answers:
        [policy] = answer.headers.get_list("Content-Security-Policy")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"https?:", policy)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for answer in answers[:-1]:
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|https?://", answer.text)


def test_what_has_not_changed_is_not_sent_again(http: httpx2.Client) -> None:
    for path in ("/pages/rank", "/pages/files/css/base.css"):
        first = http.get(path)
        assert first.headers["Cache-Control"] == "no-cache"
        again = http.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_there_is_nothing_beside_the_pages(http: httpx2.Client) -> None:
    for path in ("/pages", "/pages/none", "/pages/files/", "/pages/files/../__init__.py"):
        answer = http.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["type"] == "urn:nascore:problem:not-found"


def test_each_library_has_its_licence_beside_it() -> None:
    vendored = [each for each in (pages.FILES / "vendor").iterdir() if each.is_dir()]
    assert len(vendored) == 3
    table = (pages.FILES / "vendor" / "README.md").read_text()
    for each in vendored:
        assert "Copyright" in (each / "LICENSE").read_text()
        assert f"| `{each.name}` |" in table


def test_the_package_that_is_built_has_the_pages() -> None:
    builder = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    root = Path(__file__).parents[2]
    packed = {
        each.distribution_path for each in builder.WheelBuilder(str(root)).recurse_included_files()
    }
    files = {each.relative_to(root).as_posix() for each in pages.FILES.rglob("*") if each.is_file()}
    assert len(files) > 30
    assert files <= packed
