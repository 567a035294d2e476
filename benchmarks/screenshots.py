"""Pictures of every page of a running service, in both themes and two widths.

python -m benchmarks.screenshots --server http://127.0.0.1:8000 --out pictures
"""

import argparse
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page

from benchmarks import chromium
from service.api.pages import NAMES

Theme = Literal["light", "dark"]

THEMES: tuple[Theme, ...] = get_args(Theme)

WIDTHS = {1280: 900, 390: 844}
"""Of a desk's window and of a phone's, with their heights."""

DENSITY = 2
"""Device pixels for one of CSS: as sharp as a paper wants them."""

WAIT_MS = 30_000
"""For the answers of a board of a hundred thousand rows."""

DRAWN_MS = 1_500
"""For the cells, which come after the rows that they stand in."""

SETTLED = """() => document.querySelector("#view")?.childElementCount > 0
  && document.querySelector("[aria-busy=true]") === null
  && document.querySelector(".status[data-state=unknown]") === null"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument(
        "--view",
        action="append",
        help="name=address of a view, its query included; can be repeated; all pages by default",
    )
    asked = parser.parse_args()
    views = dict(view.split("=", 1) for view in asked.view or ())
    views = views or {name: f"/pages/{name}" for name in NAMES}
    asked.out.mkdir(parents=True, exist_ok=True)
    with chromium.browser() as browser:
        for name, address in views.items():
            for theme in THEMES:
                for width in WIDTHS:
                    path = asked.out / f"{name}-{theme}-{width}.png"
                    take(browser, urljoin(asked.server, address), theme, width, path)
                    print(path)


def take(browser: Browser, address: str, theme: Theme, width: int, path: Path) -> None:
    """A picture of what fits the window, once everything is there."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        device_scale_factor=DENSITY,
        color_scheme=theme,
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(address)
        settle(page)
        page.wait_for_timeout(DRAWN_MS)
        page.screenshot(path=path)
    finally:
        context.close()


def settle(page: Page) -> None:
    """Returns when nothing is left that only stands for what is yet to come.

    Not when nothing is asked for any more: a stream of events never ends.
    """
    page.wait_for_load_state("load")
    page.wait_for_function(SETTLED)


if __name__ == "__main__":
    main()
