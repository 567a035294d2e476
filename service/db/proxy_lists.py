"""Lists of proxies: what evaluations owe, and what they have given up."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Text

from service.db.models import Evaluation

Column = InstrumentedAttribute[list[str]]
Proxies = tuple[str, ...]


def names(proxies: Collection[str]) -> ColumnElement[list[str]]:
    return literal(list(proxies), ARRAY(Text))


def of_this_row(column: Column) -> Select[Any]:
    # Inside an UPDATE. Not correlated by hand, it reads the whole table's.
    return select(func.unnest(column)).correlate(Evaluation)


def joined(column: Column, more: ColumnElement[list[str]] | Column) -> ColumnElement[Any]:
    """The proxies of either list, each once."""
    more_of_it = select(func.unnest(more)).correlate(Evaluation)
    return func.array(of_this_row(column).union(more_of_it).scalar_subquery())


def without(column: Column, proxies: Collection[str]) -> ColumnElement[Any]:
    fewer = select(func.unnest(names(proxies)))
    return func.array(of_this_row(column).except_(fewer).scalar_subquery())


def grouped(proxies_of: Mapping[int, Proxies]) -> Iterator[tuple[Proxies, list[int]]]:
    """Evaluations with the same proxies together."""
    groups: dict[Proxies, list[int]] = {}
    for evaluation_id, proxies in proxies_of.items():
        groups.setdefault(proxies, []).append(evaluation_id)
    yield from groups.items()
