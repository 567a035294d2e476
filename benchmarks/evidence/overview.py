"""All benches in one table: which score holds everywhere, which only where. Pure text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmarks.evidence.tables import interval_of, rows, short

Json = dict[str, Any]

Place = tuple[str, str]
"""A bench and a truth of it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Spearman of a score beside one truth, in the row's direction."""

    low: float
    value: float
    high: float

    @property
    def text(self) -> str:
        """In brackets where the interval has zero in it."""
        found = short(self.value, 2)
        return f"({found})" if self.low <= 0 <= self.high else found


@dataclass(frozen=True)
class Row:
    """A score on every bench and task, in one direction: which way it points on most benches."""

    name: str
    ensemble: bool
    signed: Mapping[Place, Cell]
    """As it is, larger being better; without the truths beside which it is undefined."""

    @cached_property
    def sign(self) -> int:
        """-1 where the smaller value is the better one on the mean over benches. Never of an
        ensemble, which says itself that the larger value is."""
        if self.ensemble:
            return 1
        benches: dict[str, list[float]] = {}
        for (bench, _), cell in self.signed.items():
            benches.setdefault(bench, []).append(cell.value)
        return -1 if sum(sum(found) / len(found) for found in benches.values()) < 0 else 1

    @cached_property
    def cells(self) -> Mapping[Place, Cell]:
        """In the row's direction."""
        if self.sign > 0:
            return self.signed
        return {
            place: Cell(-cell.high, -cell.value, -cell.low) for place, cell in self.signed.items()
        }

    @property
    def title(self) -> str:
        return f"`{'-' if self.sign < 0 else ''}{self.name}`"

    def worst(self) -> tuple[Place, Cell]:
        """Where the lower end of the interval is lowest."""
        return min(self.cells.items(), key=lambda each: each[1].low)

    def where(self, places: Iterable[Place]) -> Mapping[str, list[Place]]:
        """`holds`: the interval lies above zero. `open`: on both sides. `against`: below.
        `undefined`: it says nothing."""
        found: dict[str, list[Place]] = {"holds": [], "open": [], "against": [], "undefined": []}
        for place in places:
            cell = self.cells.get(place)
            if cell is None:
                found["undefined"].append(place)
            else:
                found["holds" if cell.low > 0 else "against" if cell.high < 0 else "open"].append(
                    place
                )
        return found


def rows_of(found: Mapping[Place, Mapping[str, Json]]) -> list[Row]:
    """Every proxy and ensemble, from the items of `GET /correlation` by bench and truth: those that
    hold in most places first, and of these the one whose worst case is best."""
    names = {
        name: item["kind"] == "ensemble"
        for items in found.values()
        for name, item in items.items()
        if item["kind"] in ("proxy", "ensemble")
    }
    result = []
    for name, ensemble in names.items():
        signed = {}
        for place, items in found.items():
            item = items.get(name)
            # Where all are undefined nothing is ranked.
            if item is not None and "value" in item["all"]["metrics"]["spearman"]:
                signed[place] = Cell(*interval_of(item, "spearman"))
        if signed:
            result.append(Row(name, ensemble, signed))
    return sorted(result, key=lambda row: _worth(row, list(found)), reverse=True)


def _worth(row: Row, places: Sequence[Place]) -> tuple[int, float]:
    return len(row.where(places)["holds"]), row.worst()[1].low


def table(found: Sequence[Row], heads: Mapping[Place, str]) -> str:
    """Every score beside every truth."""
    return rows(
        ["score", *heads.values()],
        (
            [row.title, *(row.cells[each].text if each in row.cells else "-" for each in heads)]
            for row in found
        ),
    )


def holding(found: Sequence[Row], heads: Mapping[Place, str]) -> str:
    """Of every score, in how many places it holds, the worst of them, and where it does not."""

    def line(row: Row) -> Sequence[str]:
        where = row.where(heads)
        place, cell = row.worst()
        worst = f"{short(cell.value)} [{short(cell.low)}, {short(cell.high)}], {heads[place]}"
        rest = [_named(where[each], heads) for each in ("open", "against", "undefined")]
        return [row.title, f"{len(where['holds'])} of {len(heads)}", worst, *rest]

    head = ["score", "holds", "worst", "open", "points the other way", "undefined"]
    return rows(head, map(line, found))


def _named(places: Sequence[Place], heads: Mapping[Place, str]) -> str:
    """A bench by its name alone where all of its truths are meant."""
    parts = []
    for bench in dict.fromkeys(bench for bench, _ in places):
        mine = [place for place in places if place[0] == bench]
        if len(mine) == sum(each == bench for each, _ in heads):
            parts.append(f"{bench} (all)" if len(mine) > 1 else bench)
        else:
            tasks = ", ".join(heads[place].removeprefix(f"{bench} ") for place in mine)
            parts.append(f"{bench}: {tasks}")
    return "; ".join(parts) or "-"


def everywhere(found: Sequence[Row], heads: Mapping[Place, str]) -> str:
    """The scores whose interval lies above zero beside every truth, in words."""
    names = [row.title for row in found if len(row.where(heads)["holds"]) == len(heads)]
    return ", ".join(names) or "none"
