"""The pages as a browser takes them: nothing to complain about."""

from playwright.sync_api import Page, expect


def test_the_calls_are_browsed(page: Page) -> None:
    page.goto("/docs")
    expect(page.get_by_role("heading", name="nascore")).to_be_visible()
