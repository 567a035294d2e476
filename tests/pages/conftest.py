"""A browser, and the services whose pages it looks at: one of each for the whole folder."""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks import chromium
from tests import fresh
from tests.conftest import ServerUrls
from tests.pages.scored import fill
from tests.pages.watching import Watch
from tests.service.running import Running, client, serving

WAIT_MS = 15_000
"""For what a page should show: the machine may be busy with other tests."""

expect.set_options(timeout=WAIT_MS)


# Of the package, not of the session: while Playwright runs, no other test could run an event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if chromium.path() is None:
        pytest.skip(f"no browser: neither {' nor '.join(chromium.NAMES)} is on the PATH")
    with chromium.browser() as found:
        yield found


@pytest.fixture(scope="package")
def site(
    browser: Browser,
    servers: ServerUrls,
    worker_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """A service with a worker, and with scores, accuracies and correlations."""
    with (
        fresh.database(servers.database_url, f"{worker_name}_pages") as database_url,
        serving(
            database_url,
            f"{servers.redis_url}?db={_redis(worker_name)}",
            tmp_path_factory.mktemp("site"),
        ) as service,
    ):
        service.start_worker()
        for http in client(service):
            fill(http)
        yield service


@pytest.fixture(scope="package")
def empty_service(
    browser: Browser,
    servers: ServerUrls,
    worker_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """Without a worker and without a score."""
    with (
        fresh.database(servers.database_url, f"{worker_name}_empty_pages") as database_url,
        serving(
            database_url,
            f"{servers.redis_url}?db={_redis(worker_name) + 1}",
            tmp_path_factory.mktemp("empty_site"),
        ) as service,
    ):
        yield service


@pytest.fixture
def empty_site(empty_service: Running) -> Running:
    """A service as it is at first, whatever a test before has queued."""
    empty_service.forget_scores()
    return empty_service


def _redis(worker_name: str) -> int:
    """Of two Valkey databases of this process, the first; those below 96 are other folders'."""
    return 96 if worker_name == "main" else 98 + 2 * int(worker_name.removeprefix("gw"))


@pytest.fixture
def http(site: Running) -> Iterator[httpx2.Client]:
    yield from client(site)


@pytest.fixture
def context(browser: Browser, site: Running) -> Iterator[BrowserContext]:
    """Of the window of a desk; addresses may begin with the path, and are then the site's."""
    context = browser.new_context(
        base_url=site.address,
        viewport={"width": 1280, "height": 900},
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def watch(context: BrowserContext) -> Iterator[Watch]:
    watch = Watch(context)
    yield watch
    watch.check()


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """A page whose test fails with the browser's complaints: see `Watch`."""
    return context.new_page()
