"""A fault of ours says what to look for in the log, and nothing more."""

import time

import httpx2
import pytest
from sqlalchemy import text

from tests.service.running import Running


@pytest.fixture
def _no_datasets(running: Running) -> None:
    engine = running.engine()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE datasets CASCADE"))
    engine.dispose()


@pytest.mark.usefixtures("_no_datasets")
def test_an_unexpected_fault_leads_to_the_log(http: httpx2.Client, running: Running) -> None:
    answer = http.get("/datasets", headers={"X-Request-ID": "lost-table"})
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == "lost-table"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "datasets" not in answer.text
    # The server logs it behind the answer.
    deadline = time.monotonic() + 30
    while "UndefinedTable" not in running.log("api"):
        assert time.monotonic() < deadline, running.log("api")
        time.sleep(0.05)
    (traceback,) = [line for line in running.log("api").splitlines() if "UndefinedTable" in line]
    assert '"request_id": "lost-table"' in traceback
