"""Brings a database to the tables of this version and stores what is built in."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session

import service
from service.db import datasets, ensembles, populations, protocols
from service.ensembles import shipped
from service.minibatch import patches

_LOCK = 7_236_011
"""Of PostgreSQL's advisory locks: two hosts that migrate at once take turns."""


def migrate(database_url: str) -> None:
    """Runs the migrations that are missing, then stores the built-in dataset's minibatches and the
    reference populations of the package."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            connection.commit()
            _upgrade(connection)
            with Session(connection) as session:
                datasets.add(session, patches())
                _store_populations(session)
                session.commit()
    finally:
        engine.dispose()


def _store_populations(session: Session) -> None:
    """Those of the package that are new, and the scores of ensembles that are new."""
    known = ensembles.every(session)
    of_protocol = {protocols.store(session, described): each for described, each in shipped()}
    # In one order everywhere, so that nobody waits in a circle.
    for protocol_id in sorted({*of_protocol, *populations.with_a_population(session)}):
        standing = populations.standing(session, protocol_id, alone=True)
        put_up = None
        if (population := of_protocol.get(protocol_id)) is not None:
            put_up = populations.store(session, protocol_id, population, "package")
        if put_up is not None:
            ensembles.derive_all(session, put_up, known)
        elif standing is not None:
            ensembles.derive_new(session, standing, known)


def _upgrade(connection: Connection) -> None:
    package = Path(service.__file__).parent
    # Inside an installed wheel the migrations lie in the package, in a checkout beside it.
    folders = (package / "migrations", package.parent / "migrations")
    config = Config()
    config.set_main_option("script_location", str(next(f for f in folders if f.is_dir())))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
