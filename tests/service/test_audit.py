"""`nascore audit`: stored scores, computed again."""

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from service.catalogue import CATALOGUE
from service.db import audits
from service.workers.audit import BOUNDS, difference
from tests.service import interpreters
from tests.service.running import Running, client, score_all

Audit = Callable[..., subprocess.CompletedProcess[str]]

NB101 = {
    "matrix": [[0, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]],
    "ops": ["input", "conv3x3-bn-relu", "maxpool3x3", "output"],
}
CUT = {"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}
"""No path from input to output: most proxies are undefined."""

CELLS = [
    {"arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"},
    {"arch": "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"},
    {"arch": "|avg_pool_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|none~0|none~1|skip_connect~2|"},
    CUT,
]


@pytest.fixture
def audit(running: Running) -> Audit:
    url = running.environment["NASCORE_DATABASE_URL"]
    return lambda *options: interpreters.run("audit", *options, NASCORE_DATABASE_URL=url)


@pytest.fixture(scope="module")
def computed(worker: Running) -> list[dict[str, Any]]:
    """Five architectures of both benches, on a database with nothing else."""
    worker.forget_scores()
    for http in client(worker):
        found = score_all(http, "nb201", CELLS) + score_all(http, "nb101", [NB101])
    with worker.session() as session:
        session.execute(text("CREATE TABLE computed AS TABLE scores"))
    return found


@pytest.fixture
def scored(running: Running, computed: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The same, however a test before has changed what is stored of them."""
    yield computed
    with running.session() as session:
        session.execute(
            text(
                "UPDATE scores s SET value = c.value, undefined = c.undefined, "
                "revision = c.revision FROM computed c WHERE s.proxy = c.proxy "
                "AND s.architecture_id = c.architecture_id AND s.protocol_id = c.protocol_id"
            )
        )


def change(running: Running, values: str, which: str) -> str:
    """Changes one stored score by hand; returns the hash of its architecture."""
    with running.session() as session:
        changed = session.execute(
            text(
                f"UPDATE scores SET {values} FROM architectures "  # noqa: S608
                f"WHERE id = architecture_id AND {which} RETURNING hash"
            )
        )
        return str(changed.scalar_one())


def columns(printed: str) -> dict[str, list[str]]:
    """The table's rows by proxy."""
    rows = [line.strip("│").split("│") for line in printed.splitlines() if line.startswith("│")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_an_empty_database_has_nothing_to_audit(running: Running, audit: Audit) -> None:
    running.forget_scores()
    done = audit()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing to audit" in done.stdout


def test_what_a_worker_computed_is_found_again_to_the_bit(
    scored: list[dict[str, Any]], audit: Audit
) -> None:
    done = audit("--exact")
    assert (done.returncode, done.stderr) == (0, "")
    rows = columns(done.stdout)
    assert list(rows) == list(CATALOGUE)
    for proxy, row in rows.items():
        defined = sum(each["scores"][proxy] is not None for each in scored)
        assert row == [str(defined), str(defined), str(5 - defined), "0", "0", "0", "0", ""]
    assert rows["params"][0] == "5"
    assert rows["nwot"][2] == "1"
    assert "architectures: 5, protocols: 2" in done.stdout
    torch = re.findall("with torch (.+)", done.stdout)
    assert len(torch) == 2
    assert torch[0] == torch[1]


def test_a_sample_of_one_bench(scored: list[dict[str, Any]], audit: Audit) -> None:
    rows = columns(audit("--bench", "nb101").stdout)
    assert {row[0] for row in rows.values()} == {"1"}
    rows = columns(audit("--sample", "2").stdout)
    assert rows["params"][0] == "2"
    assert audit("--bench", "nb301").returncode == 2


def test_a_changed_score_is_found_and_named(
    scored: list[dict[str, Any]], running: Running, audit: Audit
) -> None:
    of_nb101 = "proxy = 'grad_norm' AND bench = 'nb101'"
    digest = change(running, "value = value * 1.00001", of_nb101)
    within = audit()
    assert (within.returncode, within.stderr) == (0, "")
    row = columns(within.stdout)["grad_norm"]
    assert row == ["4", "3", "1", "0", "0", "1.0e-05", "0.02", f"nb101 {digest}"]
    assert audit("--exact").returncode == 1

    change(running, "value = value * 1.1", of_nb101)
    beyond = audit()
    assert beyond.returncode == 1
    assert beyond.stderr.startswith(f"grad_norm of nb101 {digest} under ")
    assert beyond.stderr.count("\n") == 1
    assert audit("--bench", "nb201").returncode == 0


def test_undefined_on_one_side_only_is_found(
    scored: list[dict[str, Any]], running: Running, audit: Audit
) -> None:
    digest = change(running, "value = 1, undefined = NULL", "proxy = 'nwot' AND value IS NULL")
    done = audit()
    assert done.returncode == 1
    assert f"nwot of nb201 {digest}" in done.stderr
    assert "stored 1.0, recomputed undefined" in done.stderr
    assert columns(done.stdout)["nwot"][:4] == ["4", "4", "0", "1"]


def test_what_cannot_be_computed_is_no_agreement(
    scored: list[dict[str, Any]], audit: Audit
) -> None:
    done = audit("--device", "nonsense", "--sample", "1")
    assert done.returncode == 1
    assert "could not be computed: RuntimeError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_score_of_another_revision_is_left_alone(
    scored: list[dict[str, Any]], running: Running, audit: Audit
) -> None:
    with running.session() as session:
        session.execute(text("UPDATE scores SET revision = 99 WHERE proxy <> 'plain'"))
    assert list(columns(audit().stdout)) == ["plain"]


def test_a_sample_is_uniform_and_the_seeds(scored: list[dict[str, Any]], running: Running) -> None:
    with running.session() as session:
        drawn = [audits.draw(session, 2, seed) for seed in range(500)]
        assert drawn[:3] == [audits.draw(session, 2, seed) for seed in range(3)]
        assert len(audits.draw(session, 100, 0)) == 5
    counts = [sum(each["hash"] in {d.hash for d in some} for some in drawn) for each in scored]
    # Each is one of two of five: 200 of 500 expected, standard deviation 11.
    assert all(150 < count < 250 for count in counts), counts


def test_an_audit_can_write_nothing(scored: list[dict[str, Any]], running: Running) -> None:
    engine = running.engine().execution_options(postgresql_readonly=True)
    with Session(engine) as session:
        assert audits.draw(session, 1, 0)
        with pytest.raises(InternalError, match="read-only"):
            session.execute(text("DELETE FROM leases"))
    engine.dispose()


def test_differences_are_relative_to_what_they_are_noise_of() -> None:
    assert set(BOUNDS) == set(CATALOGUE)
    assert difference("grasp", -2.0, -2.5, None) == 0.25
    assert difference("plain", 1e-6, 3e-6, 2.0) == pytest.approx(1e-6)
    assert difference("synflow", 0.01, 0.02, None) == pytest.approx(0.01)
    assert difference("synflow", 100.0, 101.0, None) == pytest.approx(0.01)
    assert difference("progressivity", 0.0, 1e-7, None) == pytest.approx(1e-7)
    assert difference("fisher", 0.0, 1e-30, None) == float("inf")
    assert difference("fisher", None, None, None) == 0.0
