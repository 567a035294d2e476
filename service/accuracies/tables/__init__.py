"""The published tables that are known by their header, one file each."""

from collections.abc import Collection

from service.accuracies.tables import (
    nb101,
    nb201,
    nb201_naslib,
    nb201_suitezero,
    nb_macro,
)
from service.accuracies.tables.reading import read
from service.accuracies.tables.table import Line, Table, Value

TABLES = (
    nb201.TABLE,
    nb101.TABLE,
    nb201_suitezero.TABLE,
    nb201_naslib.TABLE,
    nb_macro.TABLE,
)


def known(header: Collection[str]) -> Table | None:
    """The table that has all its columns in a header."""
    return next((table for table in TABLES if table.columns <= set(header)), None)


__all__ = ["TABLES", "Line", "Table", "Value", "known", "read"]
