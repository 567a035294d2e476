"""The migrations lead to the tables that the models describe, and carry what was stored."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, text

from service.benches import BENCHES
from service.db.migrate import migrate
from service.db.models import Base
from service.minibatch import patches
from service.protocol import minibatch_sizes

MIGRATIONS = Path(__file__).parents[2] / "migrations"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine: Engine = create_engine(database_url)
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        connection.commit()
        yield connection
    engine.dispose()


def config(connection: Connection) -> Config:
    found = Config()
    found.set_main_option("script_location", str(MIGRATIONS))
    found.attributes["connection"] = connection
    return found


def test_there_and_back_and_there_again_give_the_models_tables(connection: Connection) -> None:
    for _ in range(2):
        command.upgrade(config(connection), "head")
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        command.downgrade(config(connection), "base")
    left = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    assert left.all() == ["alembic_version"]


def test_jobs_of_the_first_version_keep_their_state(connection: Connection) -> None:
    command.upgrade(config(connection), "0001")
    running, done = uuid4(), uuid4()
    connection.execute(
        text("INSERT INTO protocols (digest, bench, document) VALUES ('d', 'nb201', '{}')")
    )
    connection.execute(
        text("INSERT INTO architectures (bench, hash, spec) VALUES ('nb201', 'h', :spec)"),
        {"spec": json.dumps(BENCHES["nb201"].example)},
    )
    connection.execute(
        text(
            "INSERT INTO evaluations (architecture_id, protocol_id) "
            "SELECT architectures.id, protocols.id FROM architectures, protocols"
        )
    )
    for job in (running, done):
        connection.execute(
            text(
                "INSERT INTO jobs (id, protocol_id, proxies, priority, request_id) "
                "SELECT :job, id, '{nwot}', 'live', 'r' FROM protocols"
            ),
            {"job": job},
        )
        for position in range(3):
            connection.execute(
                text(
                    "INSERT INTO job_items (job_id, position, evaluation_id, asked, finished) "
                    "SELECT :job, :position, id, '{}', :finished FROM evaluations"
                ),
                {"job": job, "position": position, "finished": job == done or position == 2},
            )
    connection.commit()
    command.upgrade(config(connection), "head")
    rows = connection.execute(
        text("SELECT id, state, size, unfinished, finishes, ended_at IS NULL FROM jobs")
    )
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        running: ("running", 3, 2, 1, True),
        done: ("done", 3, 0, 3, False),
    }
    numbers = connection.scalars(
        text("SELECT finished FROM job_items WHERE job_id = :job ORDER BY position"), {"job": done}
    )
    assert numbers.all() == [1, 2, 3]


def test_the_built_in_dataset_of_before_says_where_it_comes_from(
    connection: Connection, database_url: str
) -> None:
    command.upgrade(config(connection), "0002")
    dataset = patches()
    connection.execute(
        text(
            "INSERT INTO datasets (name, description, source, licence, classes, mean, std)"
            " VALUES ('patches', '', '', '', :classes, :mean, :std)"
        ),
        {"classes": list(dataset.classes), "mean": list(dataset.mean), "std": list(dataset.std)},
    )
    connection.commit()
    # It refuses a row whose facts are not the dataset's own.
    migrate(database_url)
    rows = connection.execute(text("SELECT source_sha256, images FROM datasets")).all()
    assert rows == [(dataset.sha256, len(dataset.labels))]
    assert connection.scalar(text("SELECT count(*) FROM minibatches")) == len(minibatch_sizes())


def test_boards_of_before_filters_are_placed_and_counted(connection: Connection) -> None:
    command.upgrade(config(connection), "0005")
    specs = {name: json.dumps(bench.example) for name, bench in BENCHES.items()}
    for name, spec in specs.items():
        connection.execute(
            text(
                "WITH a AS (INSERT INTO architectures (bench, hash, spec) "
                "VALUES (:bench, 'h', :spec) RETURNING id), "
                "p AS (INSERT INTO protocols (digest, bench, document) "
                "VALUES (:bench, :bench, '{}') RETURNING id) "
                "INSERT INTO scores (architecture_id, protocol_id, proxy, revision, value, "
                "undefined, device, torch, seconds) SELECT a.id, p.id, proxy, 1, value, reason, "
                "'cpu', '2', 1 FROM a, p, (VALUES ('nwot', 1.5, NULL), ('snip', NULL, 'why')) "
                "AS s (proxy, value, reason)"
            ),
            {"bench": name, "spec": spec},
        )
    connection.commit()
    command.upgrade(config(connection), "head")
    counts = connection.execute(
        text(
            "SELECT proxy, known, defined, undefined FROM boards "
            "JOIN board_counts ON board_id = boards.id ORDER BY protocol_id, proxy"
        )
    )
    assert list(counts) == [("nwot", False, 1, 0), ("snip", False, 0, 1)] * len(BENCHES)
    places = connection.execute(
        text(
            "SELECT a.bench, p.value, p.parameters, p.flops, p.size_class = a.size_class "
            "FROM places p JOIN architectures a ON a.id = p.architecture_id"
        )
    )
    sizes = {
        name: bench.size(bench.example, bench.skeletons["full"], 10)
        for name, bench in BENCHES.items()
    }
    assert {row[0]: tuple(row[1:]) for row in places} == {
        name: (1.5, *size, True) for name, size in sizes.items()
    }
