"""Queries on ensembles: which there are, and their scores, which follow from other scores.

An ensemble's score is a row of `scores` like any other. Its revision is the version of the
population that it was ranked against.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.catalogue import CATALOGUE
from service.db import models, populations, scores
from service.db.models import Score
from service.db.parts import in_parts
from service.db.populations import Standing
from service.ensembles import (
    ENSEMBLES,
    Ensemble,
    Population,
    ensemble_values,
    log_rank,
    signed,
)

DERIVED_AT_ONCE = 5_000
"""Architectures: a tenth of a second of ranks, some megabytes."""

COMPUTED_BY = {"device": "none", "torch": "none", "seconds": 0.0}
"""No network was run for it."""


def every(session: Session) -> dict[str, Ensemble]:
    """The built-in ones and those that were added."""
    added = session.scalars(select(models.Ensemble).order_by(models.Ensemble.name))
    return {**ENSEMBLES, **{row.name: _read(row) for row in added}}


def named(session: Session, names: Collection[str]) -> dict[str, Ensemble]:
    """Of those that were added, the ones with these names."""
    found = session.scalars(select(models.Ensemble).where(models.Ensemble.name.in_(names)))
    return {row.name: _read(row) for row in found}


def _read(row: models.Ensemble) -> Ensemble:
    terms = [proxy if sign > 0 else f"-{proxy}" for proxy, sign in row.members.items()]
    return log_rank(row.name, " ".join(terms), row.summary, "added here")


class TakenError(ValueError):
    """An ensemble of that name stands for something else."""


def add(session: Session, name: str, terms: Sequence[str], summary: str) -> bool:
    """Adds Σ ln(rank/n) of some proxies, with scores for all that is scored; False where it is
    there already. Raises TakenError.
    """
    # Before any row is written: from here on nobody writes scores without the new one.
    standing = [
        populations.standing(session, protocol_id, alone=True)
        for protocol_id in populations.with_a_population(session)
    ]
    members = dict(signed(list(terms)))
    if (there := every(session).get(name)) is not None:
        if dict(there.members) != members or there.rule != "log_rank":
            raise TakenError(f"{name} is the name of another ensemble")
        return False
    session.add(models.Ensemble(name=name, summary=summary, members=members))
    session.flush()
    for each in standing:
        if each is not None:
            derive_new(session, each, every(session))
    return True


def derive(session: Session, protocol_id: int, architecture_ids: Collection[int]) -> None:
    """Writes the ensembles' scores that the scores of some architectures now allow."""
    if (standing := populations.standing(session, protocol_id)) is None:
        return
    _write(session, standing, every(session), architecture_ids)


def derive_new(session: Session, standing: Standing, ensembles: Mapping[str, Ensemble]) -> None:
    """Gives scores to the ensembles that nobody has against a population yet. The caller holds the
    protocol alone.
    """
    known = populations.columns(session, standing.protocol_id, standing.version)
    fresh = {name: each for name, each in ensembles.items() if name not in known}
    if any(_is_ranked(each, standing.population) for each in fresh.values()):
        derive_all(session, standing, fresh)


def derive_all(session: Session, standing: Standing, ensembles: Mapping[str, Ensemble]) -> None:
    """Gives the ensembles the scores that they lack against a population: of its members, and of
    all that is scored. The caller holds the protocol alone.
    """
    population = standing.population
    known = populations.columns(session, standing.protocol_id, standing.version)
    for name, ensemble in ensembles.items():
        if name not in known and _is_ranked(ensemble, population):
            values = ensemble_values(ensemble, population.scores, population)
            populations.store_column(
                session, standing.protocol_id, standing.version, name, standing.version, values
            )
    for part in _parts(session, standing.protocol_id):
        _write(session, standing, ensembles, part)


def _is_ranked(ensemble: Ensemble, population: Population) -> bool:
    """Whether a population has all its proxies, in the catalogue's revisions: an older one is
    another formula, and its members' values say nothing of where a new value stands."""
    return all(population.revisions.get(n) == CATALOGUE[n].revision for n in ensemble.members)


def _parts(session: Session, protocol_id: int) -> Iterator[Sequence[int]]:
    last = -1
    while True:
        following = (
            select(models.Evaluation.architecture_id)
            .where(
                models.Evaluation.protocol_id == protocol_id,
                models.Evaluation.architecture_id > last,
            )
            .order_by(models.Evaluation.architecture_id)
            .limit(DERIVED_AT_ONCE)
        )
        if not (part := session.scalars(following).all()):
            return
        yield part
        last = part[-1]


@dataclass(frozen=True, slots=True)
class _Scored:
    """An architecture's scores by proxy, NaN where there is a reason instead."""

    architecture_id: int
    values: Mapping[str, float]
    undefined: Mapping[str, str]


def _write(
    session: Session,
    standing: Standing,
    ensembles: Mapping[str, Ensemble],
    architecture_ids: Collection[int],
) -> None:
    found = session.execute(
        select(
            Score.architecture_id,
            func.array_agg(Score.proxy),
            func.array_agg(Score.value),
            func.array_agg(Score.undefined),
        )
        .where(
            Score.protocol_id == standing.protocol_id,
            Score.architecture_id.in_(architecture_ids),
            scores.CURRENT,
        )
        .group_by(Score.architecture_id)
    )
    scored = [
        _Scored(
            architecture_id,
            {n: nan if v is None else v for n, v in zip(names, values, strict=True)},
            {n: u for n, u in zip(names, undefined, strict=True) if u is not None},
        )
        for architecture_id, names, values, undefined in found
    ]
    rows: list[dict[str, Any]] = []
    for name, ensemble in ensembles.items():
        if not _is_ranked(ensemble, standing.population):
            continue
        complete = [each for each in scored if ensemble.members.keys() <= each.values.keys()]
        for each, (value, reason) in zip(
            complete, _places(ensemble, complete, standing.population), strict=True
        ):
            rows.append(
                {
                    "architecture_id": each.architecture_id,
                    "protocol_id": standing.protocol_id,
                    "proxy": name,
                    "revision": standing.version,
                    "value": value,
                    "undefined": reason,
                    **COMPUTED_BY,
                }
            )
    for some in in_parts(rows):
        scores.store(session, some)


def _places(
    ensemble: Ensemble, scored: Sequence[_Scored], population: Population
) -> Iterator[tuple[float | None, str | None]]:
    """Of each, the ensemble's value, or why there is none."""
    if not scored:
        return
    columns = {name: np.array([each.values[name] for each in scored]) for name in ensemble.members}
    values = ensemble_values(ensemble, columns, population)
    for each, value in zip(scored, values.tolist(), strict=True):
        reasons = (
            f"{name} is undefined: {each.undefined[name]}"
            for name in ensemble.members
            if name in each.undefined
        )
        yield (None, next(reasons)) if isnan(value) else (value, None)
