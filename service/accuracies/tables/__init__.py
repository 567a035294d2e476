"""The published tables that are known by their header, one file each."""

from service.accuracies.tables import (
    nb101,
    nb201,
    nb201_naslib,
    nb201_suitezero,
    nb_macro,
    transnas,
)
from service.accuracies.tables.reading import read
from service.accuracies.tables.table import Line, Table, Value

TABLES = (
    nb201.TABLE,
    nb101.TABLE,
    nb201_suitezero.TABLE,
    nb201_naslib.TABLE,
    nb_macro.TABLE,
    transnas.MICRO,
    transnas.MACRO,
)


def known(first: Line) -> Table | None:
    """The table that has all its columns in a first line, and such lines."""
    found = (table for table in TABLES if table.columns <= first.keys() and table.has(first))
    return next(found, None)


__all__ = ["TABLES", "Line", "Table", "Value", "known", "read"]
