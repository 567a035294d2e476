"""The pages as a browser takes them: nothing to complain about."""

from playwright.sync_api import Page, expect

from tests.pages.watching import Watch


def test_the_calls_are_browsed(page: Page) -> None:
    page.goto("/docs")
    expect(page.get_by_role("heading", name="nascore")).to_be_visible()


def test_a_page_cannot_ask_another_host(page: Page, watch: Watch) -> None:
    """And what it tried is heard: the other tests rest on that."""
    page.goto("/pages/evidence")
    watch.expect("a request to http://elsewhere.invalid/")
    watch.expect("violates the following Content Security Policy directive")
    with page.expect_console_message(lambda message: "violates" in message.text):
        page.evaluate("() => { new Image().src = 'http://elsewhere.invalid/'; }")
