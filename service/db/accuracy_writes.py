"""Writes the values of a series: into a table of the transaction's own, and from there at once."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from service.accuracies import Facts, Row
from service.db.connect import wait_for_locks
from service.db.models import Architecture, Series, SeriesValue


class OtherSeriesError(ValueError):
    """A series of this name is there, and of something else: its `field` is `stored`."""

    def __init__(self, name: str, field: str, stored: object) -> None:
        super().__init__(f"{name} is there already, and its {field} is {stored}")
        self.name = name
        self.field = field
        self.stored = stored


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the values of a table; the others were there already."""

    added: int
    changed: int


def check(session: Session, facts: Facts) -> None:
    """Raises OtherSeriesError where the name stands for another series."""
    found = session.scalars(select(Series).filter_by(bench=facts.bench, name=facts.name)).first()
    if found is not None:
        _check_same(found, facts)


def write(session: Session, facts: Facts, parts: Iterable[Sequence[Row]]) -> Written:
    """Writes values; one of the same spelling and seed takes the place of the old one.

    Their architectures are stored already, and no spelling and seed has two values. Raises
    OtherSeriesError.
    """
    # Only one table at a time waits in a process, and it may have taken minutes to come.
    wait_for_locks(session)
    # Not the session's own way, which would take the parameters for rows of the table.
    connection = session.connection()
    _STAGED.create(connection)
    for rows in parts:
        hashes, _, spellings, wholes, seeds, values = zip(*rows, strict=True)
        connection.execute(
            _STAGE,
            {
                "hashes": list(hashes),
                "spellings": list(spellings),
                "wholes": list(wholes),
                "seeds": list(seeds),
                "numbers": list(values),
            },
        )
    # From here on others wait who write to the series. Who writes scores waits while
    # `service.db.known` places what is added, afterwards and in parts.
    session.execute(insert(Series).values(**asdict(facts)).on_conflict_do_nothing())
    series = session.scalars(
        select(Series).filter_by(bench=facts.bench, name=facts.name).with_for_update()
    ).one()
    _check_same(series, facts)
    added, changed = connection.execute(_WRITE, {"series": series.id, "bench": facts.bench}).one()
    _STAGED.drop(connection)
    if added or changed:
        session.execute(
            update(Series).where(Series.id == series.id).values(changes=Series.changes + 1)
        )
    return Written(added, changed)


REMOVED_AT_ONCE = 2_000
"""Values: a second of places, during which no scores are written."""


def remove(session: Session, bench: str, name: str) -> int | None:
    """Removes some values of a series and returns how many, or 0 with the series itself once it has
    none; None where there is no such series. A transaction's only work.
    """
    series = session.scalars(
        select(Series).filter_by(bench=bench, name=name).with_for_update()
    ).one_or_none()
    if series is None:
        return None
    some = select(SeriesValue.id).where(SeriesValue.series_id == series.id).limit(REMOVED_AT_ONCE)
    removed = session.execute(
        delete(SeriesValue)
        .where(SeriesValue.id.in_(some))
        .returning(SeriesValue.id)
        .execution_options(synchronize_session=False)
    ).all()
    if removed:
        series.changes += 1
    else:
        session.execute(delete(Series).where(Series.id == series.id))
    return len(removed)


def _check_same(stored: Series, facts: Facts) -> None:
    for field, value in asdict(facts).items():
        if getattr(stored, field) != value:
            raise OtherSeriesError(facts.name, field, getattr(stored, field))


_STAGED = Table(
    "staged_values",
    MetaData(),
    Column("hash", Text),
    Column("spelling", Text),
    Column("whole", Boolean),
    Column("seed", Integer),
    Column("value", Double),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_ROWS = (
    func.unnest(
        bindparam("hashes", type_=ARRAY(Text)),
        bindparam("spellings", type_=ARRAY(Text)),
        bindparam("wholes", type_=ARRAY(Boolean)),
        bindparam("seeds", type_=ARRAY(Integer)),
        bindparam("numbers", type_=ARRAY(Double)),
    )
    .table_valued(*(column(each.name, each.type) for each in _STAGED.c), name="given")
    .render_derived()
)
_STAGE = insert(_STAGED).from_select([each.name for each in _STAGED.c], select(*_ROWS.c))

_INSERT = insert(SeriesValue).from_select(
    ["series_id", "architecture_id", "spelling", "whole", "seed", "value"],
    select(
        bindparam("series", type_=Integer),
        Architecture.id,
        _STAGED.c.spelling,
        _STAGED.c.whole,
        _STAGED.c.seed,
        _STAGED.c.value,
    )
    .join_from(_STAGED, Architecture, Architecture.hash == _STAGED.c.hash)
    .where(Architecture.bench == bindparam("bench", type_=Text))
    # A row may stand in a table twice.
    .ext(distinct_on(_STAGED.c.spelling, _STAGED.c.seed))
    .order_by(_STAGED.c.spelling, _STAGED.c.seed),
)
_WRITTEN = (
    _INSERT.on_conflict_do_update(
        index_elements=["series_id", "spelling", "seed"],
        set_={"value": _INSERT.excluded.value},
        where=SeriesValue.value != _INSERT.excluded.value,
    )
    # Of a row that replaces another, PostgreSQL remembers which transaction did.
    .returning(literal_column("(series_values.xmax = 0)", Boolean).label("new"))
    .cte("written")
)
_WRITE = select(
    func.count().filter(_WRITTEN.c.new), func.count().filter(~_WRITTEN.c.new)
).select_from(_WRITTEN)
