"""One service a test module, with a database of its own."""

from collections.abc import Iterator

import httpx2
import pytest

from service.db.migrate import migrate
from tests import fresh
from tests.conftest import ServerUrls
from tests.service.running import QUICK, Running, client, serving


@pytest.fixture(scope="session")
def template(servers: ServerUrls, worker_name: str) -> Iterator[str]:
    """The name of a migrated database: copying it takes a tenth of what migrating does."""
    name = f"{worker_name}_template"
    with fresh.database(servers.database_url, name) as url:
        migrate(url)
        yield name


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest,
    database_url: str,
    servers: ServerUrls,
    worker_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Running]:
    """An API on a migrated, empty database; its workers are the test's to start.

    A module's own `SETTINGS` go before those that are the same for all.
    """
    number = 64 if worker_name == "main" else 65 + int(worker_name.removeprefix("gw"))
    redis_url = f"{servers.redis_url}?db={number}"
    settings = {**QUICK, **getattr(request.module, "SETTINGS", {})}
    with serving(database_url, redis_url, tmp_path_factory.mktemp("service"), settings) as service:
        yield service


@pytest.fixture
def http(running: Running) -> Iterator[httpx2.Client]:
    yield from client(running)


@pytest.fixture(scope="module")
def worker(running: Running) -> Running:
    """The service with one worker."""
    running.start_worker()
    return running
