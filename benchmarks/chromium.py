"""The system's Chromium, driven by Playwright: nothing is downloaded."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "google-chrome")

# Containers have no user namespaces for its sandbox, and often no graphics; the rest would talk to
# hosts of its maker.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path() -> str | None:
    """Where it is; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless one; raises FileNotFoundError where none is installed."""
    executable = path()
    if executable is None:
        raise FileNotFoundError(f"no browser: neither {' nor '.join(NAMES)} is on the PATH")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        try:
            yield found
        finally:
            found.close()
