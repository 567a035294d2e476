"""Queries on reference populations.

Who writes scores holds the protocol's row shared while it reads which population stands; who puts
up another one holds it alone. So every ensemble's score is of one population, and none is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service import protocol
from service.catalogue import CATALOGUE
from service.db import models
from service.db.models import Architecture, PopulationScores, Protocol, Score
from service.db.parts import in_parts
from service.db.scores import CURRENT
from service.ensembles import Population

KEPT = 16
"""Populations held in memory: 1,000 members and 30 proxies are 0.3 MB."""

_held: dict[str, Population] = {}
"""By SHA-256; what it names never changes."""


@dataclass(frozen=True)
class Standing:
    """The population that ensembles under a protocol are ranked against."""

    protocol_id: int
    version: int
    population: Population


def standing(session: Session, protocol_id: int, *, alone: bool = False) -> Standing | None:
    """None where there is none. Holds the protocol's row until the transaction ends."""
    version = session.scalar(
        select(Protocol.population)
        .where(Protocol.id == protocol_id)
        # Neither lock is in the way of foreign keys.
        .with_for_update(read=not alone, key_share=alone)
    )
    if version is None:
        return None
    row = session.get_one(models.Population, (protocol_id, version))
    if row.sha256 not in _held:
        if len(_held) >= KEPT:
            _held.clear()
        _held[row.sha256] = load(session, row)
    return Standing(protocol_id, version, _held[row.sha256])


def load(session: Session, row: models.Population) -> Population:
    """With its proxies' scores; those of its ensembles follow from them."""
    columns = session.execute(
        select(PopulationScores.proxy, PopulationScores.revision, PopulationScores.values).where(
            PopulationScores.protocol_id == row.protocol_id,
            PopulationScores.version == row.version,
            PopulationScores.proxy.in_(CATALOGUE),
        )
    ).all()
    return Population(
        row.description,
        tuple(row.hashes),
        {proxy: revision for proxy, revision, _ in columns},
        {proxy: np.array(values, np.float64) for proxy, _, values in columns},
    )


def every(session: Session) -> list[tuple[models.Population, protocol.Protocol, bool]]:
    """Every population with its protocol, and whether it is the one in use there."""
    rows = session.execute(
        select(models.Population, Protocol.document, Protocol.population)
        .join(Protocol, Protocol.id == models.Population.protocol_id)
        .order_by(models.Population.protocol_id, models.Population.version)
    )
    return [
        (row, protocol.Protocol(**document), row.version == in_use)
        for row, document, in_use in rows
    ]


def with_a_population(session: Session) -> Sequence[int]:
    """The protocols that have one."""
    has = select(Protocol.id).where(Protocol.population.is_not(None)).order_by(Protocol.id)
    return session.scalars(has).all()


def store(
    session: Session, protocol_id: int, population: Population, origin: str = "built"
) -> Standing | None:
    """Puts a population up in the place of the one before; None where it is in use already, or one
    of the package would take the place of one that was built here.

    Its protocol's ensembles have no scores then, or not all: `service.db.ensembles.derive_all`
    gives them what is missing, in the same transaction.
    """
    before = standing(session, protocol_id, alone=True)
    if before is not None and origin == "package":
        key = (protocol_id, before.version)
        if session.get_one(models.Population, key).origin == "built":
            return None
    version = session.scalar(
        select(models.Population.version).filter_by(
            protocol_id=protocol_id, sha256=population.sha256
        )
    )
    if version is None:
        version = _add(session, protocol_id, population, origin)
    elif before is not None and before.version == version:
        return None
    session.execute(update(Protocol).where(Protocol.id == protocol_id).values(population=version))
    return Standing(protocol_id, version, population)


def _add(session: Session, protocol_id: int, population: Population, origin: str) -> int:
    """The version of a population that is new."""
    last = session.scalar(
        select(func.max(models.Population.version)).filter_by(protocol_id=protocol_id)
    )
    version = (last or 0) + 1
    session.add(
        models.Population(
            protocol_id=protocol_id,
            version=version,
            sha256=population.sha256,
            description=population.description,
            hashes=list(population.hashes),
            origin=origin,
        )
    )
    session.flush()
    for proxy, values in population.scores.items():
        store_column(session, protocol_id, version, proxy, population.revisions[proxy], values)
    return version


def store_column(
    session: Session,
    protocol_id: int,
    version: int,
    proxy: str,
    revision: int,
    values: NDArray[np.float64],
) -> None:
    """The members' scores by one proxy or ensemble, NaN where undefined."""
    session.execute(
        insert(PopulationScores).values(
            protocol_id=protocol_id,
            version=version,
            proxy=proxy,
            revision=revision,
            values=[None if np.isnan(value) else value for value in values.tolist()],
        )
    )


def columns(session: Session, protocol_id: int, version: int) -> set[str]:
    """The proxies and ensembles whose scores the members have."""
    found = select(PopulationScores.proxy).filter_by(protocol_id=protocol_id, version=version)
    return set(session.scalars(found))


class IncompleteError(LookupError):
    """A member of a population to be lacks scores."""


def drawn(
    session: Session, bench: str, protocol_id: int, hashes: Sequence[str], description: str
) -> Population:
    """The population of these architectures, from their stored scores by the whole catalogue.

    Raises IncompleteError where one is missing.
    """
    scores: dict[str, dict[str, float]] = {name: {} for name in CATALOGUE}
    for some in in_parts(sorted(set(hashes))):
        found = session.execute(
            select(Architecture.hash, Score.proxy, Score.value)
            .join(Score, Score.architecture_id == Architecture.id)
            .where(
                Architecture.bench == bench,
                Architecture.hash.in_(some),
                Score.protocol_id == protocol_id,
                CURRENT,
            )
        )
        for digest, proxy, value in found:
            scores[proxy][digest] = np.nan if value is None else value
    for proxy, of_member in scores.items():
        if missing := [digest for digest in hashes if digest not in of_member]:
            raise IncompleteError(f"{len(missing)} members lack {proxy}, the first is {missing[0]}")
    return Population(
        description,
        tuple(hashes),
        {proxy.name: proxy.revision for proxy in CATALOGUE.values()},
        {name: np.array([of[digest] for digest in hashes]) for name, of in scores.items()},
    )
