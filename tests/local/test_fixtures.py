"""The run's shared servers, as every other test gets them."""

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, make_url, text


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_empty_at_the_start_of_every_test(redis_url: str, turn: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("turn", turn)


def test_database_is_this_modules_own(database_url: str, worker_name: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text("CREATE TABLE only_here (x int)"))
    engine.dispose()
    assert name.startswith(worker_name)
    assert name.endswith("test_fixtures_py")


def test_servers_listen_on_no_network(database_url: str) -> None:
    url = make_url(database_url)
    with psycopg.connect(
        host=str(url.query["host"]), user=url.username, dbname=url.database
    ) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
