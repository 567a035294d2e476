"""Queries on architectures."""

import asyncio
import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from service import benches
from service.db.models import Architecture
from service.db.parts import in_parts
from service.db.size_classes import size_class

CLASSES = 10
"""Of the network whose size is told: CIFAR-10's, as the literature counts."""


async def store(
    session: AsyncSession, bench: str, architectures: Collection[benches.Architecture]
) -> dict[str, int]:
    """Stores what is new and returns the id of every one by its hash."""
    # In one order everywhere, so that two requests never wait for each other in a circle.
    rows = sorted(architectures, key=lambda architecture: architecture.hash)
    ids: dict[str, int] = {}
    for some in in_parts(rows):
        ids |= await _ids(session, bench, some)
        if new := [row for row in some if row.hash not in ids]:
            # Off the event loop: of five hundred NB101 cells it takes a tenth of a second.
            measured = await asyncio.to_thread(_measured, bench, new)
            await session.execute(insert(Architecture).on_conflict_do_nothing(), measured)
            ids |= await _ids(session, bench, new)
    return ids


async def _ids(
    session: AsyncSession, bench: str, architectures: Collection[benches.Architecture]
) -> dict[str, int]:
    hashes = [row.hash for row in architectures]
    found = await session.execute(
        select(Architecture.hash, Architecture.id).where(
            Architecture.bench == bench, Architecture.hash.in_(hashes)
        )
    )
    return dict(found.all())


def _measured(bench: str, new: Collection[benches.Architecture]) -> list[dict[str, Any]]:
    return [
        {"bench": bench, "hash": row.hash, "spec": row.spec, **sizes(bench, row.spec)}
        for row in new
    ]


def sizes(bench: str, spec: benches.Spec) -> dict[str, int]:
    """The columns of a representative that follow from its spelling."""
    found = benches.BENCHES[bench]
    parameters, flops = found.size(spec, found.skeletons["full"], CLASSES)
    return {
        "parameters": parameters,
        "flops": flops,
        "size_class": size_class(parameters, flops),
    }


_TEXTS = (
    func.unnest(
        bindparam("hashes", type_=ARRAY(Text)),
        bindparam("specs", type_=ARRAY(Text)),
        bindparam("every_parameters", type_=ARRAY(BigInteger)),
        bindparam("every_flops", type_=ARRAY(BigInteger)),
        bindparam("size_classes", type_=ARRAY(Integer)),
    )
    .table_valued(
        column("hash", Text),
        column("spec", Text),
        column("parameters", BigInteger),
        column("flops", BigInteger),
        column("size_class", Integer),
        name="given",
    )
    .render_derived()
)
_STORE_TEXTS = (
    insert(Architecture)
    .from_select(
        ["bench", "hash", "spec", "parameters", "flops", "size_class"],
        select(
            bindparam("bench", type_=Text),
            _TEXTS.c.hash,
            cast(_TEXTS.c.spec, JSONB),
            _TEXTS.c.parameters,
            _TEXTS.c.flops,
            _TEXTS.c.size_class,
        ),
    )
    .on_conflict_do_nothing()
)


def store_texts(session: Session, bench: str, specs: Mapping[str, str]) -> None:
    """Stores what is new of some hundreds of representatives, JSON texts by hash."""
    known = session.scalars(
        select(Architecture.hash).where(Architecture.bench == bench, Architecture.hash.in_(specs))
    )
    # In the order of `store`, for the same reason.
    if not (hashes := sorted({*specs}.difference(known))):
        return
    measured = [sizes(bench, json.loads(specs[digest])) for digest in hashes]
    # Not the session's own way, which would take the parameters for rows of the table.
    session.connection().execute(
        _STORE_TEXTS,
        {
            "bench": bench,
            "hashes": hashes,
            "specs": [specs[digest] for digest in hashes],
            "every_parameters": [each["parameters"] for each in measured],
            "every_flops": [each["flops"] for each in measured],
            "size_classes": [each["size_class"] for each in measured],
        },
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
