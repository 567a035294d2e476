"""What a browser complains about while a page is looked at."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

OWN = {"127.0.0.1"}

LOCAL = {"data", "blob", "about"}
"""Schemes that ask no host for anything."""


class Watch:
    """Hears errors of the console, which violations of the policy are, errors that nobody caught,
    and requests to other hosts, of all pages of a browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", self._catch)
        context.on("request", self._see)

    def expect(self, words: str) -> None:
        """A complaint with these words is part of the test, and has to come."""
        self._expected.append(words)

    def check(self) -> None:
        """Fails where one came that nobody expected, or one did not that somebody did."""
        unexpected = [
            complaint
            for complaint in self.complaints
            if not any(words in complaint for words in self._expected)
        ]
        assert not unexpected, unexpected
        for words in self._expected:
            assert any(words in complaint for complaint in self.complaints), words

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} at {message.location['url']}")

    def _catch(self, error: WebError) -> None:
        self.complaints.append(str(error.error))

    def _see(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in LOCAL and address.hostname not in OWN:
            self.complaints.append(f"a request to {request.url}")
