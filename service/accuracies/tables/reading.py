"""Reads the lines of a published table into one intake a series."""

from collections.abc import Iterable, Mapping

from service.accuracies.csv_rows import number
from service.accuracies.facts import Facts
from service.accuracies.intake import Intake, TableError
from service.accuracies.rows import Speller, text
from service.accuracies.tables.table import Line, Table
from service.benches import BENCHES


def read(table: Table, lines: Iterable[Line], limit: int) -> Mapping[str, tuple[Facts, Intake]]:
    """By the series' names, those without a value left out. The caller closes the intakes.

    `limit` is that of the rows of a series. Raises TableError.
    """
    speller = Speller(BENCHES[table.bench])
    found = {facts.name: (facts, Intake(speller, limit, facts.span)) for facts in table.series}
    seen: set[tuple[str, str]] = set()
    for place, line in enumerate(lines):
        if None in line or None in line.values():
            raise TableError(f"row {place}", "has not a cell for each column", "CSV with a header")
        spelling = table.spelling(line)
        for value in table.values(line):
            if value.series not in found:
                raise TableError(f"row {place}", f"{value.series} is unknown", "a known dataset")
            if not value.text:
                continue
            if table.repeats:
                key = (value.series, text(spelling))
                if key in seen:
                    continue
                seen.add(key)
            _, intake = found[value.series]
            row = {**spelling, "value": number(value.text), "seed": value.seed}
            intake.take(row, place)
    return found
