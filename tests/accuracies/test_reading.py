"""Tables read piece by piece: the same, wherever they are cut; contradictions, spools."""

import csv
import io
import json
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.accuracies import Intake, Speller, TableError
from service.accuracies.csv_rows import CsvRows
from service.accuracies.intake import SHOWN
from service.accuracies.spool import PART
from service.api.json_rows import JsonRows
from service.benches import BENCHES

NB101, NB201 = BENCHES["nb101"], BENCHES["nb201"]
SPELLINGS = {
    bench.name: [dict(reading.asked) for reading in bench.sample(40, 5)] for bench in (NB101, NB201)
}

SPAN = (-1e15, 1e15)

values = st.floats(*SPAN) | st.integers(-(10**6), 10**6)
seeds = st.none() | st.integers(0, 2**31 - 1)
tables = st.sampled_from(sorted(SPELLINGS)).flatmap(
    lambda bench: st.tuples(
        st.just(bench),
        st.lists(st.tuples(st.sampled_from(SPELLINGS[bench]), values, seeds), max_size=12),
    )
)
cuts = st.lists(st.integers(0, 4_000), max_size=6)


def cut(text: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


def taken(intake: Intake) -> list[tuple[Any, int | None, float]]:
    return [
        (json.loads(row.spelling), row.seed, row.value) for part in intake.parts() for row in part
    ]


@given(tables, cuts, st.sampled_from([None, 1]))
def test_json_is_the_same_wherever_it_is_cut(
    table: tuple[str, list[tuple[Any, float, int | None]]], places: list[int], indent: int | None
) -> None:
    bench, rows = table
    head = {"bench": bench, "source": 'ünï"}],{[\\', "epochs": 200}
    given_rows = [{**spelling, "value": value, "seed": seed} for spelling, value, seed in rows]
    text = json.dumps({**head, "accuracies": given_rows}, indent=indent).encode()
    intake = Intake(Speller(BENCHES[bench]), 100, SPAN)
    begun = []

    def begin(said: dict[str, Any]) -> Intake:
        begun.append(said)
        return intake

    reader = JsonRows(begin)
    for piece in cut(text, places):
        reader.feed(piece)
    reader.feed(b"", last=True)
    assert begun == [head]
    assert taken(intake) == [(spelling, seed, float(value)) for spelling, value, seed in rows]
    intake.close()


@given(tables, cuts, st.sampled_from(["\n", "\r\n"]))
def test_csv_is_the_same_wherever_it_is_cut(
    table: tuple[str, list[tuple[Any, float, int | None]]], places: list[int], end: str
) -> None:
    bench, rows = table
    fields = list(SPELLINGS[bench][0])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(["seed", *fields, "value"])
    for spelling, value, seed in rows:
        cells = (v if isinstance(v, str) else json.dumps(v) for v in spelling.values())
        writer.writerow([seed, *cells, value])
    intake = Intake(Speller(BENCHES[bench]), 100, SPAN)
    reader = CsvRows(BENCHES[bench], intake)
    for piece in cut(text.getvalue().encode(), places):
        reader.feed(piece)
    reader.feed(b"", last=True)
    assert taken(intake) == [(spelling, seed, float(value)) for spelling, value, seed in rows]
    intake.close()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, 0, 1]), st.integers(0, 1))))
def test_two_values_of_one_spelling_and_seed_are_found(
    rows: list[tuple[int, int | None, int]],
) -> None:
    intake = Intake(Speller(NB201), 1_000, SPAN)
    first: dict[tuple[int, int | None], int] = {}
    wrong = []
    for number, (place, seed, value) in enumerate(rows):
        intake.take({**SPELLINGS["nb201"][place], "value": value, "seed": seed})
        if first.setdefault((place, seed), value) != value:
            wrong.append(number)
    bad, count = intake.bad()
    assert count == len(wrong)
    assert [row.row for row in bad] == wrong[:100]
    intake.close()


def test_rows_come_back_in_parts_as_often_as_asked() -> None:
    intake = Intake(Speller(NB201), 10_000, SPAN)
    for seed in range(2 * PART + 1):
        intake.take({**SPELLINGS["nb201"][0], "value": seed / 4, "seed": seed})
    for _ in range(2):
        parts = list(intake.parts())
        assert [len(part) for part in parts] == [PART, PART, 1]
        assert [row.value for part in parts for row in part] == [s / 4 for s in range(2 * PART + 1)]
    intake.close()


def test_other_names_of_columns() -> None:
    arch = SPELLINGS["nb201"][0]["arch"]
    text = f"id,cell,top1,seed\n7,{arch},91.5,3\n8,{arch},,4\n"
    intake = Intake(Speller(NB201), 10, SPAN)
    reader = CsvRows(NB201, intake, {"arch": "cell", "value": "top1"})
    reader.feed(text.encode(), last=True)
    assert taken(intake) == [({"arch": arch}, 3, 91.5)]
    intake.close()
    for columns in ({"arch": "cell"}, {"arch": "nowhere", "value": "top1"}):
        with (
            closing(Intake(Speller(NB201), 10, SPAN)) as unused,
            pytest.raises(TableError, match="there is no column"),
        ):
            CsvRows(NB201, unused, columns).feed(text.encode())


def test_a_spelling_that_comes_again_is_read_once() -> None:
    speller = Speller(NB201)
    one, two = SPELLINGS["nb201"][:2]
    before = [speller.read(spelling) for spelling in (one, one, two, one)]
    assert before[0] is before[1]
    assert before[0] == before[3]
    assert before[2].hash == NB201.read(two).architecture.hash


def test_of_many_contradictions_the_first_are_named() -> None:
    rows = 3 * SHOWN
    intake = Intake(Speller(NB201), rows, SPAN)
    for number in range(rows):
        intake.take({**SPELLINGS["nb201"][number % 3], "value": float(number)})
    bad, count = intake.bad()
    assert count == rows - 3
    assert [row.row for row in bad] == list(range(3, 3 + SHOWN))
    assert f"row {(3 + SHOWN - 1) % 3} has" in bad[-1].reason
    intake.close()
