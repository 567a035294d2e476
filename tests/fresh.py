"""Databases of a test's own, made when it begins and gone when it has ended."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL, make_url


@contextmanager
def database(servers_url: str, name: str, template: str = "template1") -> Iterator[str]:
    """The URL of a fresh database of that name: an empty one, or a copy of another."""
    admin = make_url(servers_url)
    _administer(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _administer(admin, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield admin.set(database=name).render_as_string(hide_password=False)
    _administer(admin, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(admin: URL, statement: str) -> None:
    """Runs one statement outside a transaction."""
    with psycopg.connect(
        host=str(admin.query["host"]),
        port=str(admin.query["port"]),
        user=admin.username,
        dbname=admin.database,
        autocommit=True,
    ) as connection:
        connection.execute(statement.encode())
