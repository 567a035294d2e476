"""What a proposal is chosen from: a pool, or the children of parents, less what is excluded."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from service.api import asking, problems
from service.api.problems import Fault
from service.api.schemas.architectures import HASH
from service.api.schemas.propose import ProposeRequest
from service.benches import Bench, InvalidSpellingError, Reading, Spec
from service.db import architectures
from service.settings import Settings

_HASH = re.compile(HASH)


@dataclass(slots=True)
class Candidates:
    """Each class once."""

    readings: dict[str, Reading] = field(default_factory=dict)
    """By hash, in the order in which they were found; of a child its representative."""
    parents: dict[str, list[str]] = field(default_factory=dict)
    """Of each child, the hashes of its parents; empty for a pool."""
    excluded: set[str] = field(default_factory=set)
    """The hashes that would be among them."""

    def add(self, reading: Reading, exclude: Collection[str]) -> bool:
        """Whether it is one of them now, not being excluded."""
        digest = reading.architecture.hash
        if digest in exclude:
            self.excluded.add(digest)
            return False
        self.readings.setdefault(digest, reading)
        return True


async def candidates(
    database: async_sessionmaker[AsyncSession],
    request: ProposeRequest,
    bench: Bench,
    settings: Settings,
) -> Candidates:
    """Raises ProblemError naming what is wrong."""
    _check(request, settings)
    entries = request.exclude or []
    excluded = {*await _read("exclude", entries, bench)}
    if request.parents is None:
        (wish,) = request.wishes().values()
        found = Candidates()
        for reading in await asking.readings_of(wish, bench, settings):
            found.add(reading, excluded)
        return found
    asking.check_size("parents", len(request.parents), settings)
    parents = await _specs(database, await _read("parents", request.parents, bench), bench)
    return await asyncio.to_thread(
        _children, parents, excluded, bench, settings.architectures_limit
    )


def _check(request: ProposeRequest, settings: Settings) -> None:
    if len(request.wishes()) != 1:
        fault = Fault(
            field="architectures",
            detail="the request must say in exactly one way where to look",
            valid="`sample`, or `architectures`, or `parents`",
        )
        raise problems.invalid([fault])
    if request.k > settings.page_limit:
        valid = f"1 to {settings.page_limit}"
        raise problems.invalid([Fault(field="k", detail="so many are not answered", valid=valid)])
    if request.exclude:
        asking.check_size("exclude", len(request.exclude), settings)


async def _read(field: str, entries: Sequence[Any], bench: Bench) -> dict[str, Spec | int]:
    if len(entries) <= asking.READ_AT_ONCE:
        return _named(field, entries, bench)
    return await asyncio.to_thread(_named, field, entries, bench)


def _named(field: str, entries: Sequence[Any], bench: Bench) -> dict[str, Spec | int]:
    """By hash, the representative; of what is named by its hash alone, its place in the field."""
    found: dict[str, Spec | int] = {}
    faults: list[Fault] = []
    for index, entry in enumerate(entries):
        if isinstance(entry, str) and _HASH.fullmatch(entry):
            found.setdefault(entry, index)
            continue
        try:
            architecture = asking.reading(entry, bench).architecture
        except InvalidSpellingError as error:
            faults.append(_fault(f"{field}/{index}", entry, error))
        else:
            found[architecture.hash] = architecture.spec
    if faults:
        raise asking.refused(faults, len(entries))
    return found


def _fault(place: str, entry: object, error: InvalidSpellingError) -> Fault:
    if isinstance(entry, Mapping):
        field = f"{place}/{error.field}"
        return Fault(field=field, detail=error.reason, valid=error.valid)
    detail = f"{error.reason} and no hash"
    return Fault(field=place, detail=detail, valid=f"{error.valid}, or a hash of 32 hex digits")


async def _specs(
    database: async_sessionmaker[AsyncSession], named: Mapping[str, Spec | int], bench: Bench
) -> dict[str, Spec]:
    """The parents by hash; raises ProblemError for hashes that nobody has asked for."""
    places = {digest: index for digest, index in named.items() if isinstance(index, int)}
    known: Mapping[str, Spec] = {}
    if places:
        async with database() as session:
            known = await architectures.specs(session, bench.name, places)
    faults = [
        Fault(
            field=f"parents/{index}",
            detail=f"nobody has asked for {digest} on {bench.name}",
            valid="the hash of an architecture that was scored, or a spelling",
        )
        for digest, index in places.items()
        if digest not in known
    ]
    if faults:
        raise problems.invalid(faults[: asking.FAULTS_SHOWN])
    return {
        digest: known[digest] if isinstance(spec, int) else spec for digest, spec in named.items()
    }


def _children(
    parents: Mapping[str, Spec], excluded: Collection[str], bench: Bench, limit: int
) -> Candidates:
    """Looks at no more parents than it takes to have too many children."""
    found = Candidates()
    for count, (parent, spec) in enumerate(parents.items(), 1):
        for child in bench.neighbours(spec):
            if child.hash not in parents and found.add(Reading(child.spec, child), excluded):
                found.parents.setdefault(child.hash, []).append(parent)
        if len(found.readings) > limit:
            detail = f"{count} of {len(parents)} parents have {len(found.readings)} children"
            valid = f"parents with at most {limit} children, excluded ones left out"
            raise problems.invalid([Fault(field="parents", detail=detail, valid=valid)])
    return found
