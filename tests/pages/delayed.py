"""Answers that come late: after those of what was asked later."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Route

SHOWN_MS = 200
"""For what an answer would change: too short a time lets a test pass, and none fail."""


@contextmanager
def held(page: Page, address: str) -> Iterator[None]:
    """Holds back the answers of addresses with this pattern in them until it is left."""
    waiting: list[Route] = []
    pattern = re.compile(address)
    page.route(pattern, lambda route: waiting.append(route))
    yield
    assert waiting, f"nothing was asked of {address}"
    for route in waiting:
        route.fulfill(response=route.fetch())
    page.unroute(pattern)
    page.wait_for_timeout(SHOWN_MS)
