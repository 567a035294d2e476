"""Reads what a request asks for into the terms of the service, or says all that is wrong."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from service.api import problems
from service.api.problems import Fault
from service.api.schemas.score import Sample, ScoreRequest, Wish
from service.benches import BENCHES, Bench, InvalidSpellingError, Reading
from service.benches.quoting import quoted
from service.catalogue import CATALOGUE, REDUCED_TRAINING, Proxy
from service.db import accuracies, architectures, boards, ensembles, models, protocols
from service.db.jobs import BACKGROUND
from service.ensembles import DEFAULT_ENSEMBLE, ENSEMBLES, Ensemble
from service.protocol import RECIPES, Protocol
from service.settings import Settings
from service.training.protocols import FORM, recipe_named
from service.training.recipe import NAMED, Recipe

READ_AT_ONCE = 100
"""Ten milliseconds of canonical forms; more are read in a thread, so that nobody waits for them."""

FAULTS_SHOWN = 100
"""Of a request; ten thousand equal complaints help nobody."""

T = TypeVar("T")


def bench_named(name: str) -> Bench:
    return _named("bench", "bench", name, BENCHES)


async def proxy_named(
    session: AsyncSession, name: str | None, bench: str, protocol: str, field: str = "proxy"
) -> Proxy | Ensemble:
    """A proxy, or an ensemble; what the bench is ranked by under the protocol unless told."""
    if _training(protocol) is not None:
        return _trained(field, protocol, name or REDUCED_TRAINING.name)
    name = name or DEFAULT_ENSEMBLE[bench]
    if (found := CATALOGUE.get(name)) is not None:
        return found
    added = {} if name in ENSEMBLES else await session.run_sync(ensembles.named, [name])
    known: dict[str, Proxy | Ensemble] = {**CATALOGUE, **ENSEMBLES, **added}
    return _named(field, f"proxy under {protocol}", name, known)


def ranking(
    ranked_by: Proxy | Ensemble, bench: str, stored: protocols.Stored | None
) -> boards.Ranking:
    """What is ranked together by a proxy or ensemble under a protocol."""
    if isinstance(ranked_by, Proxy):
        revision: int | None = ranked_by.revision
        direction = ranked_by.better[bench]
    else:
        revision = None if stored is None else stored.population
        direction = "larger"
    protocol_id = None if stored is None else stored.id
    return boards.Ranking(protocol_id, ranked_by.name, revision, direction)


async def proxies_named(
    session: AsyncSession, names: Sequence[str] | None, protocol: str
) -> list[str]:
    """The catalogue's order, each once, an ensemble's members with it; where none is named all of
    them that there are under the protocol, and the built-in ensembles.
    """
    if _training(protocol) is not None:
        asked = [REDUCED_TRAINING.name] if names is None else names
        found = [_trained(f"proxies/{i}", protocol, name) for i, name in enumerate(asked)]
        return [found[0].name]
    if names is None:
        return [*CATALOGUE, *ENSEMBLES]
    known: Mapping[str, Ensemble] = ENSEMBLES
    if strange := [name for name in names if name not in CATALOGUE and name not in ENSEMBLES]:
        known = {**ENSEMBLES, **await session.run_sync(ensembles.named, strange)}
    for index, name in enumerate(names):
        _named(f"proxies/{index}", f"proxy under {protocol}", name, {**CATALOGUE, **known})
    wanted = {member for name in names if name in known for member in known[name].members}
    wanted |= set(names)
    return [name for name in (*CATALOGUE, *known) if name in wanted]


async def protocol_named(
    session: AsyncSession, bench: str, name: str, dataset: str, seed: int
) -> Protocol:
    recipe = _training(name)
    if recipe is None and name not in RECIPES:
        valid = ", ".join([*RECIPES, *NAMED])
        fault = Fault(
            field="protocol", detail=f"no protocol {quoted(name)}", valid=f"{valid}, or {FORM}"
        )
        raise problems.invalid([fault])
    try:
        return await protocols.describe(session, bench, recipe or name, dataset, seed)
    except protocols.UnknownDatasetError as error:
        if recipe is None:
            raise problems.unknown("dataset", dataset, "dataset", error.known) from None
        known = f"one of {', '.join(error.known)}; " if error.known else ""
        fault = Fault(
            field="dataset",
            detail=f"there is no dataset {quoted(dataset)} that is stored whole, to train on",
            valid=f"{known}`nascore datasets add --full` stores one",
        )
        raise problems.invalid([fault]) from None
    except ValueError as error:
        fault = Fault(field="protocol", detail=str(error), valid=FORM)
        raise problems.invalid([fault]) from None


def _training(protocol: str) -> Recipe | None:
    """What is trained under a protocol of that name; None where nothing is."""
    try:
        return recipe_named(protocol)
    except ValueError as error:
        fault = Fault(field="protocol", detail=str(error), valid=FORM)
        raise problems.invalid([fault]) from None


def _trained(field: str, protocol: str, name: str) -> Proxy:
    known = {REDUCED_TRAINING.name: REDUCED_TRAINING}
    return _named(field, f"proxy under {protocol}", name, known)


async def series_named(session: AsyncSession, bench: str, name: str) -> models.Series:
    found = await session.run_sync(accuracies.of_bench, bench)
    return _named("series", "series", name, {series.name: series for series in found})


async def truth_named(session: AsyncSession, bench: str, name: str | None) -> models.Series | None:
    """A series of accuracies; where none is named the most telling of the bench, if it has any."""
    found = await session.run_sync(accuracies.truths, bench)
    if name is None:
        return found[0] if found else None
    return _named("truth", "series of accuracies", name, {series.name: series for series in found})


async def architecture_known(session: AsyncSession, bench: str, digest: str) -> models.Architecture:
    """One that somebody has asked for."""
    if (found := await architectures.find(session, bench, digest)) is None:
        raise problems.not_found(
            "architecture", f"nobody has asked for {digest} on {bench}; POST /score does"
        )
    return found


def _named(field: str, what: str, name: str, known: Mapping[str, T]) -> T:
    if name not in known:
        raise problems.unknown(field, name, what, list(known)[:FAULTS_SHOWN])
    return known[name]


async def readings(request: ScoreRequest, bench: Bench, settings: Settings) -> list[Reading]:
    """Every architecture of a request; raises ProblemError naming each that is wrong."""
    wishes = request.wishes()
    if len(wishes) != 1:
        fault = Fault(
            field="architecture",
            detail="the request must say in exactly one way what to score",
            valid="the spelling's own fields, or `architecture`, or `architectures`, or `sample`",
        )
        raise problems.invalid([fault])
    return await readings_of(wishes[0], bench, settings)


async def readings_of(wish: Wish, bench: Bench, settings: Settings) -> list[Reading]:
    """As `readings`, of one way to say what to score."""
    if isinstance(wish, Sample):
        check_size("sample/n", wish.n, settings)
        return await asyncio.to_thread(lambda: list(bench.sample(wish.n, wish.seed)))
    if isinstance(wish, str):
        return await asyncio.to_thread(_everything, bench, settings)
    check_size("architectures", len(wish), settings)
    if len(wish) <= READ_AT_ONCE:
        return _read(wish, bench)
    return await asyncio.to_thread(_read, wish, bench)


def priority(asked: str | None, size: int, protocol: Protocol, settings: Settings) -> str:
    """Of a request of `size` architectures: `live` where it is small, unless it says otherwise, and
    `background` for whatever is trained."""
    if protocol.training is not None:
        if asked == "live":
            fault = Fault(
                field="priority",
                detail=f"{protocol.name} trains, which takes workers' spare time",
                valid="bulk, or nothing",
            )
            raise problems.invalid([fault])
        return BACKGROUND
    small = size <= settings.live_limit
    if asked == "live" and not small:
        fault = Fault(
            field="priority",
            detail=f"{size} architectures are no live request",
            valid=f"bulk, or at most {settings.live_limit} architectures",
        )
        raise problems.invalid([fault])
    return asked or ("live" if small else "bulk")


def check_size(field: str, size: int, settings: Settings) -> None:
    """Raises ProblemError where a request may not hold so many architectures."""
    if not 1 <= size <= settings.architectures_limit:
        valid = f"1 to {settings.architectures_limit}"
        raise problems.invalid([Fault(field=field, detail=f"{size} architectures", valid=valid)])


def _everything(bench: Bench, settings: Settings) -> list[Reading]:
    if bench.everything is None or bench.classes > settings.architectures_limit:
        fault = Fault(
            field="architectures",
            detail=f"{bench.name} has {bench.classes} architectures",
            valid=f"a list or a `sample` of 1 to {settings.architectures_limit}",
        )
        raise problems.invalid([fault])
    return list(bench.everything())


def _read(spellings: Sequence[Any], bench: Bench) -> list[Reading]:
    read: list[Reading] = []
    faults: list[Fault] = []
    for index, spelling in enumerate(spellings):
        try:
            read.append(reading(spelling, bench))
        except InvalidSpellingError as error:
            faults.append(
                Fault(architecture=index, field=error.field, detail=error.reason, valid=error.valid)
            )
    if faults:
        raise refused(faults, len(spellings))
    return read


def reading(spelling: object, bench: Bench) -> Reading:
    """Raises InvalidSpellingError where it is not even an object, too."""
    if not isinstance(spelling, Mapping):
        reason = f"{quoted(spelling)} is not an object"
        valid = f"an object with {' or '.join(bench.spelling_fields)}"
        raise InvalidSpellingError("architecture", reason, valid)
    return bench.read(spelling)


def refused(faults: Sequence[Fault], among: int) -> problems.ProblemError:
    """Spellings that their bench does not have."""
    first = faults[0]
    place = "" if first.architecture is None else f"architecture {first.architecture}, "
    return problems.ProblemError(
        422,
        "invalid-architecture",
        f"Architectures refused: {len(faults)} of {among}; nothing was queued",
        f"{place}{first.field}: {first.detail}",
        faults[:FAULTS_SHOWN],
    )
