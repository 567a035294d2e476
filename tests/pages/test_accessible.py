"""What axe finds on every page, in both themes and two widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from benchmarks.screenshots import THEMES, WIDTHS, Theme, settle
from service.api.pages import NAMES

GRAVE = {"serious", "critical"}

RULES = {"resultTypes": ["violations"]}

NO_WIDER = "width => document.documentElement.scrollWidth <= width"
"""Plots follow a window that has become narrower a moment later."""


VIEWS = (*NAMES, "evidence?bench=nb201&axes=value&metric=ndcg@64&box=50,100,50,100")
"""Every page as it is at first, and views that show more."""


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_grave_and_no_page_wider_than_its_window(
    page: Page, view: str, theme: Theme
) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto(f"/pages/{view}")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        settle(page)
        found = Axe().run(page, options=RULES).response["violations"]
        grave = [
            (each["id"], node["html"], node["any"])
            for each in found
            if each["impact"] in GRAVE
            for node in each["nodes"]
        ]
        assert not grave, (width, grave)
        page.wait_for_function(NO_WIDER, arg=width)
