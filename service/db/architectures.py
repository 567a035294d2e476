"""Queries on architectures."""

from collections.abc import Collection, Mapping

from sqlalchemy import ARRAY, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service import benches
from service.db.models import Architecture
from service.db.parts import in_parts


async def store(
    session: AsyncSession, bench: str, architectures: Collection[benches.Architecture]
) -> dict[str, int]:
    """Stores what is new and returns the id of every one by its hash."""
    # In one order everywhere, so that two requests never wait for each other in a circle.
    rows = sorted(architectures, key=lambda architecture: architecture.hash)
    ids: dict[str, int] = {}
    for some in in_parts(rows):
        await session.execute(
            insert(Architecture).on_conflict_do_nothing(),
            [{"bench": bench, "hash": row.hash, "spec": row.spec} for row in some],
        )
        found = await session.execute(
            select(Architecture.hash, Architecture.id).where(
                Architecture.bench == bench, Architecture.hash.in_([row.hash for row in some])
            )
        )
        ids |= dict(found.all())
    return ids


_TEXTS = (
    func.unnest(bindparam("hashes", type_=ARRAY(Text)), bindparam("specs", type_=ARRAY(Text)))
    .table_valued(column("hash", Text), column("spec", Text), name="given")
    .render_derived()
)
_STORE_TEXTS = (
    insert(Architecture)
    .from_select(
        ["bench", "hash", "spec"],
        select(bindparam("bench", type_=Text), _TEXTS.c.hash, cast(_TEXTS.c.spec, JSONB)),
    )
    .on_conflict_do_nothing()
)


def store_texts(session: Session, bench: str, specs: Mapping[str, str]) -> None:
    """Stores what is new of some hundreds of representatives, JSON texts by hash."""
    # In the order of `store`, for the same reason.
    hashes = sorted(specs)
    # Not the session's own way, which would take the parameters for rows of the table.
    session.connection().execute(
        _STORE_TEXTS,
        {"bench": bench, "hashes": hashes, "specs": [specs[digest] for digest in hashes]},
    )


async def find(session: AsyncSession, bench: str, digest: str) -> Architecture | None:
    found = await session.execute(
        select(Architecture).where(Architecture.bench == bench, Architecture.hash == digest)
    )
    return found.scalar_one_or_none()


async def specs(
    session: AsyncSession, bench: str, hashes: Collection[str]
) -> dict[str, benches.Spec]:
    """The representatives of those hashes that are stored."""
    specs: dict[str, benches.Spec] = {}
    for some in in_parts(list(hashes)):
        found = await session.execute(
            select(Architecture.hash, Architecture.spec).where(
                Architecture.bench == bench, Architecture.hash.in_(some)
            )
        )
        specs |= dict(found.all())
    return specs
