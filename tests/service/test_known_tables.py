"""`nascore accuracies import` on the published tables: what is stored is what they say."""

from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import spearmanr
from sqlalchemy import select, text

from service.benches import BENCHES
from service.db import accuracies
from service.db.accuracies import Columns
from service.db.models import Architecture, SeriesValue
from tests.benches.data import path, rows
from tests.service import interpreters
from tests.service.running import Running

NB201 = "nb201_accuracy.csv.gz"
NB101 = "nb101_val_accuracy_20000.csv.gz"
SUITEZERO = "nb201_suitezero_proxies.csv.gz"
NASLIB = "nb201_naslib_small_proxies.csv.gz"

NONE = '{"arch":"|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}'


def imported(running: Running, table: str) -> str:
    """What the command says of a whole table."""
    done = interpreters.run("accuracies", "import", path(table), **running.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def series(running: Running, bench: str, name: str) -> Columns:
    with running.session() as session:
        (found,) = (row for row in accuracies.of_bench(session, bench) if row.name == name)
        return accuracies.columns(session, found.id)


@pytest.fixture(scope="module")
def nb201(running: Running) -> Running:
    imported(running, NB201)
    return running


def test_every_spelling_of_nb201_has_its_accuracies(nb201: Running) -> None:
    best = {"cifar10": 94.373, "cifar100": 73.513, "imagenet16-120": 47.311}
    chance = {"cifar10": 10.0, "cifar100": 1.0, "imagenet16-120": 0.833}
    for dataset, accuracy in best.items():
        found = series(nb201, "nb201", f"{dataset}-test-200ep")
        assert len(found.spelling) == 15_625
        assert found.whole.sum() == 9_445
        assert found.value.max() == pytest.approx(accuracy, abs=6e-4)
        assert found.value[found.spelling.index(NONE)] == pytest.approx(chance[dataset], abs=6e-4)
    with nb201.session() as session:
        found = accuracies.of_bench(session, "nb201")
        assert len(found) == 14
        assert {row.architecture_count for row in found} == {5_260}
        values = {row.name: row.value_count for row in found}
    # Some spellings were trained with one seed or two.
    assert values.pop("cifar10-test-200ep-nb201v1") == 2_225 + 2 * 5_439 + 3 * 7_961
    assert {*values.values()} == {15_625}


def test_short_training_ranks_as_published(nb201: Running) -> None:
    long = series(nb201, "nb201", "cifar10-test-200ep")
    short = series(nb201, "nb201", "cifar10-test-12ep")
    assert long.spelling == short.spelling
    assert spearmanr(short.value, long.value).statistic == pytest.approx(0.871, abs=5e-4)


def test_classes_hold_several_trained_spellings(nb201: Running) -> None:
    found = series(nb201, "nb201", "cifar10-test-200ep")
    values = defaultdict(list)
    for architecture, value in zip(found.architecture_id, found.value, strict=True):
        values[architecture].append(value)
    assert len(values) == 5_260
    spreads = [max(each) - min(each) for each in values.values() if len(each) > 1]
    assert len(spreads) == 1_188
    assert np.median(spreads) == pytest.approx(0.235)
    assert max(spreads) == pytest.approx(6.98, abs=5e-3)


def test_single_seeds_have_the_mean_of_the_table(nb201: Running) -> None:
    found = series(nb201, "nb201", "cifar10-test-200ep-nb201v1")
    value = dict(zip(found.spelling, found.value, strict=True))
    for row in rows(NB201):
        spelling = f'{{"arch":"{row["arch"]}"}}'
        assert value[spelling] == pytest.approx(float(row["c10_test_nb201v1"]), abs=6e-5)


@pytest.fixture(scope="module")
def naslib(nb201: Running) -> Running:
    imported(nb201, NASLIB)
    return nb201


def test_a_table_imported_again_changes_nothing(naslib: Running) -> None:
    def state() -> tuple[int, list[int]]:
        with naslib.session() as session:
            changes = [row.changes for row in accuracies.of_bench(session, "nb201")]
        return naslib.count("series_values"), changes

    before = state()
    stored = len(series(naslib, "nb201", "naslib.synflow.cifar10").value)
    said = imported(naslib, NASLIB)
    assert f"naslib.synflow.cifar10: {stored} values, 0 new, 0 changed." in said
    assert state() == before
    assert set(before[1]) == {1}


def test_other_tools_scores_are_proxies_of_theirs(nb201: Running) -> None:
    imported(nb201, SUITEZERO)
    truth = series(nb201, "nb201", "cifar10-test-200ep")
    accuracy = dict(zip(truth.spelling, truth.value, strict=True))
    published = {
        "nwot": 0.811,
        "jacov": 0.799,
        "params": 0.799,
        "synflow": 0.778,
        "epe_nas": 0.772,
        "flops": 0.770,
        "l2_norm": 0.746,
        "snip": 0.603,
        "grad_norm": 0.600,
        "fisher": 0.552,
        "grasp": 0.537,
        "plain": -0.352,
    }
    for proxy, expected in published.items():
        found = series(nb201, "nb201", f"suitezero.{proxy}.cifar10")
        assert len(found.spelling) == 9_445
        assert found.whole.all()
        values = [accuracy[spelling] for spelling in found.spelling]
        assert spearmanr(found.value, values).statistic == pytest.approx(expected, abs=6e-4)
    zen = series(nb201, "nb201", "suitezero.zen.cifar10")
    assert len(zen.spelling) == 15_625
    values = [accuracy[spelling] for spelling in zen.spelling]
    whole = zen.whole
    measured = spearmanr(zen.value[whole], np.array(values)[whole]).statistic
    assert measured == pytest.approx(0.115, abs=6e-4)


def test_of_two_runs_of_another_tool_the_first_counts(naslib: Running) -> None:
    first = {}
    of_cifar10 = [row for row in rows(NASLIB) if row["dataset"] == "cifar10"]
    for row in of_cifar10:
        first.setdefault(row["arch"], float(row["synflow"] or "nan"))
    found = series(naslib, "nb201", "naslib.synflow.cifar10")
    stored = {f'{{"arch":"{arch}"}}': value for arch, value in first.items() if not np.isnan(value)}
    assert dict(zip(found.spelling, found.value, strict=True)) == stored
    with naslib.session() as session:
        (count,) = (
            row.value_count
            for row in accuracies.of_bench(session, "nb201")
            if row.name == "naslib.nwot.cifar10"
        )
    defined = {row["arch"] for row in of_cifar10 if row["nwot"]}
    infinite = {row["arch"] for row in of_cifar10 if row["nwot"] == "-inf"}
    assert count == len(defined - infinite)


def test_nb101_is_stored_in_percent(running: Running) -> None:
    # By which there is nothing of this bench: a plan made from it must not be the slower for it.
    with running.session() as session:
        session.execute(text("ANALYZE"))
    imported(running, NB101)
    long = series(running, "nb101", "cifar10-validation-108ep")
    assert len(long.spelling) == 20_000
    assert long.whole.all()
    for epochs, expected in ((4, 0.451), (12, 0.618), (36, 0.878)):
        short = series(running, "nb101", f"cifar10-validation-{epochs}ep")
        assert short.spelling == long.spelling
        assert spearmanr(short.value, long.value).statistic == pytest.approx(expected, abs=6e-4)
    (first, *_) = rows(NB101)
    matrix = [[int(entry) for entry in row] for row in first["adjacency"].split("/")]
    spelling = {"matrix": matrix, "ops": first["ops"].split("|")}
    with running.session() as session:
        found = session.execute(
            select(Architecture.id).where(Architecture.hash == first["module_hash"])
        ).scalar_one()
    assert BENCHES["nb101"].read(spelling).architecture.hash == first["module_hash"]
    (place,) = np.flatnonzero(long.architecture_id == found)
    assert long.value[place] == 93.0489


def test_cells_without_a_path_sit_at_chance(nb201: Running) -> None:
    found = series(nb201, "nb201", "cifar10-test-200ep")
    class_of = dict(zip(found.spelling, found.architecture_id, strict=True))
    of_none = found.value[found.architecture_id == class_of[NONE]]
    assert len(of_none) == 341
    assert np.abs(of_none - 10).max() < 0.01


def test_one_seed_ranks_as_another(nb201: Running) -> None:
    """Nothing can do better."""
    with nb201.session() as session:
        (found,) = (
            row
            for row in accuracies.of_bench(session, "nb201")
            if row.name == "cifar10-test-200ep-nb201v1"
        )
        values = session.execute(
            select(SeriesValue.spelling, SeriesValue.seed, SeriesValue.value).filter_by(
                series_id=found.id
            )
        ).all()
    by_seed = {(spelling, seed): value for spelling, seed, value in values}
    both = [s for s, seed in by_seed if seed == 1]
    measured = spearmanr([by_seed[s, 0] for s in both], [by_seed[s, 1] for s in both]).statistic
    assert measured == pytest.approx(0.987, abs=3e-3)
