"""Data of one's own, from `nascore datasets add` to a score."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from service.catalogue import CATALOGUE
from service.cli import app
from service.db.migrate import migrate
from service.local import Servers
from service.protocol import minibatch_sizes
from tests.benches.data import path as measured
from tests.conftest import ServerUrls
from tests.minibatch.writers import cifar100, noise, write_tar
from tests.service.interpreters import run as nascore
from tests.service.running import Running, ask

ARCH = "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"
IMAGES = noise(80, 20, 24)
LABELS = np.arange(80) % 4


@pytest.fixture
def datasets(running: Running) -> Any:
    """Runs `nascore datasets` on the service's database."""
    url = running.environment["NASCORE_DATABASE_URL"]
    return lambda *command: nascore("datasets", *command, NASCORE_DATABASE_URL=url)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **{"images": IMAGES, "labels": LABELS, **arrays})
    return path


def assert_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    """With status 1, in one line."""
    assert done.returncode == 1, done.stderr
    assert re.search(reason, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


def test_a_dataset_is_added_and_scored_on(
    datasets: Any, http: httpx2.Client, worker: Running, tmp_path: Path
) -> None:
    path = npz(tmp_path / "mine.npz", classes=["ant", "bee", "cat", "dog"])
    options = ("--seed", "7", "--source", "a camera", "--licence", "CC0")
    added = datasets("add", "mine", "--from", path, *options)
    assert added.returncode == 0, added.stderr
    assert "80 images, 4 classes" in added.stdout

    known = {each["name"]: each for each in http.get("/datasets").json()}
    assert set(known) == {"mine", "patches"}
    mine = known["mine"]
    assert mine["source_sha256"] == sha256(path.read_bytes()).hexdigest()
    facts = ("format", "images", "seed", "source", "licence", "classes")
    expected = ["npz", 80, 7, "a camera", "CC0", ["ant", "bee", "cat", "dog"]]
    assert [mine[fact] for fact in facts] == expected
    middle = IMAGES[:, :, 2:22] / 255
    assert mine["mean"] == pytest.approx(middle.mean(axis=(0, 1, 2)), abs=5e-6)
    assert mine["std"] == pytest.approx(middle.std(axis=(0, 1, 2)), abs=5e-6)

    stored = {each["sha256"] for each in mine["minibatches"]}
    answers = {
        (dataset, protocol): ask(
            http,
            {"bench": "nb201", "arch": ARCH, "dataset": dataset, "protocol": protocol},
        ).json()
        for dataset in ("mine", "patches")
        for protocol in ("fast", "full")
    }
    used = {answers["mine", protocol]["protocol"]["minibatch"] for protocol in ("fast", "full")}
    assert len(stored) == len(minibatch_sizes())
    assert used < stored
    for protocol in ("fast", "full"):
        ours, theirs = (answers[name, protocol]["results"][0] for name in ("mine", "patches"))
        assert ours["state"] == "done"
        assert ours["scores"]["nwot"] is not None
        assert ours["scores"]["nwot"] != theirs["scores"]["nwot"]
        # Four classes instead of ten: a smaller network.
        assert ours["scores"]["params"] < theirs["scores"]["params"]
    # By a proxy: there is no reference population for an ensemble.
    asked = {"bench": "nb201", "dataset": "mine", "proxy": "nwot"}
    board = http.get("/rank", params=asked).json()
    assert board["total"] == 1


def test_a_stored_minibatch_is_of_32_images_and_two_of_a_class(
    datasets: Any, running: Running, tmp_path: Path
) -> None:
    files = cifar100(noise(400, 32), [number % 100 for number in range(400)])
    added = datasets("add", "c100", "--from", write_tar(tmp_path / "x", files))
    assert added.returncode == 0, added.stderr
    engine = running.engine()
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT batch_size, labels FROM minibatches WHERE dataset = 'c100'")
        ).all()
    engine.dispose()
    for batch_size, labels in rows:
        _, counts = np.unique(np.frombuffer(labels, "<i8"), return_counts=True)
        assert counts.tolist() == [2] * (batch_size // 2)


def test_the_same_again_is_no_error_and_anything_else_is(
    datasets: Any, running: Running, tmp_path: Path
) -> None:
    path = npz(tmp_path / "x.npz")
    assert datasets("add", "twice", "--from", path).returncode == 0
    before = (running.count("datasets"), running.count("minibatches"))
    again = datasets("add", "twice", "--from", path, "--licence", "another")
    assert again.returncode == 0, again.stderr
    assert "twice is there already, with the same data" in again.stdout
    other = npz(tmp_path / "y.npz", labels=LABELS[::-1].copy())
    normalised = ("--mean", "0,0,0", "--std", "1,1,1")
    for reason, options in (
        ("seed", ("--from", path, "--seed", "1")),
        ("source_sha256", ("--from", other)),
        ("mean, std", ("--from", path, *normalised)),
    ):
        refused = datasets("add", "twice", *options)
        assert_refused(refused, rf"twice is there already with other data \({reason}\)")
    assert_refused(datasets("add", "patches", "--from", path), "patches is there already")
    assert (running.count("datasets"), running.count("minibatches")) == before
    shown = datasets("show", "twice").stdout
    assert "not stated" in shown
    assert "another" not in shown


def test_two_at_once_are_one(datasets: Any, running: Running, tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz")
    before = running.count("minibatches")
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: datasets("add", "raced", "--from", path), range(2)))
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert running.count("minibatches") == before + len(minibatch_sizes())


@pytest.fixture
def broken(running: Running) -> Iterator[None]:
    """A database that fails at the last minibatch."""
    engine = running.engine()
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF NEW.resolution = 32 THEN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100';"
                " END IF; RETURN NEW; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER fail BEFORE INSERT ON minibatches"
                " FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        )
    yield
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION fail CASCADE"))
    engine.dispose()


def test_nothing_is_stored_by_halves(
    datasets: Any, running: Running, broken: None, tmp_path: Path
) -> None:
    before = (running.count("datasets"), running.count("minibatches"))
    refused = datasets("add", "half", "--from", npz(tmp_path / "x.npz"))
    assert_refused(refused, "The database at .* failed: disk full")
    assert (running.count("datasets"), running.count("minibatches")) == before


def test_a_minibatch_that_is_missing_is_added(
    datasets: Any, running: Running, http: httpx2.Client, tmp_path: Path
) -> None:
    path = npz(tmp_path / "x.npz")
    assert datasets("add", "old", "--from", path).returncode == 0
    engine = running.engine()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM minibatches WHERE dataset = 'old' AND resolution=16"))
    engine.dispose()
    body = {"bench": "nb201", "arch": ARCH, "dataset": "old", "proxies": ["params"]}
    refused = http.post("/score", json=body)
    assert refused.status_code == 422
    assert "patches" in refused.text
    again = datasets("add", "old", "--from", path)
    assert again.returncode == 0, again.stderr
    assert "minibatches of new sizes are added: 1" in again.stdout
    assert http.post("/score", json=body).status_code == 202


def test_two_datasets_do_not_share_a_minibatch(datasets: Any, tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz", images=np.zeros_like(IMAGES))
    assert_refused(datasets("add", "dark", "--from", path), "the same value everywhere")
    options = ("--from", path, "--mean", "0.5,0.5,0.5", "--std", "1,1,1")
    assert datasets("add", "dark", *options).returncode == 0
    refused = datasets("add", "darker", *options)
    assert_refused(refused, "Its minibatch of 32 images is that of dark already")


def test_what_is_wrong_is_said_in_a_line(
    datasets: Any, servers: ServerUrls, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("x")
    few = npz(tmp_path / "few.npz", images=IMAGES[:20], labels=LABELS[:20])
    for path, reason in (
        (tmp_path / "absent", "absent does not exist"),
        (tmp_path / "notes", "none of the known formats"),
        (few, "bad has 20 images; a minibatch needs 32"),
    ):
        assert_refused(datasets("add", "bad", "--from", path), reason)
    assert_refused(datasets("show", "bad"), "There is no dataset bad; there are")
    empty = nascore("datasets", "list", NASCORE_DATABASE_URL=servers.database_url)
    assert_refused(empty, "run `nascore migrate`")
    away = "postgresql+psycopg://nascore:secret@127.0.0.1:9/nascore"
    refused = nascore("datasets", "list", NASCORE_DATABASE_URL=away)
    assert_refused(refused, r"No database at .*nascore:\*\*\*@127.0.0.1:9/nascore: ")
    assert_refused(nascore("datasets", "list", NASCORE_DATABASE_URL="?"), "not the address")
    assert_refused(nascore("datasets", "list", "--data-dir", tmp_path), "No service runs on")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("a b",), "1 to 64 of A-Z"),
        (("a" * 65,), "1 to 64 of A-Z"),
        (("a\n",), "1 to 64 of A-Z"),
        (("x", "--mean", "0,0,0"), "--mean and --std are given together"),
        (("x", "--mean", "0,0", "--std", "1,1,1"), "--mean takes three numbers"),
        (("x", "--mean", "0,0,0", "--std", "1,1,0"), "--std is of pixel values"),
        (("x", "--mean", "125,123,114", "--std", "63,62,67"), "between 0 and 1"),
        (("x", "--mean", "nan,0,0", "--std", "1,1,1"), "between 0 and 1"),
        (("x", "--licence", "a\nb"), "--licence takes 1000 printable"),
        (("x", "--source", "a" * 1_001), "--source takes 1000 printable"),
        (("x", "--seed", "-1"), "--seed"),
    ],
)
def test_options_are_checked_before_anything_is_read(options: tuple[str, ...], reason: str) -> None:
    wide = {"COLUMNS": "200", "NO_COLOR": "1"}
    done = CliRunner(env=wide).invoke(app, ["datasets", "add", "--from", "absent", *options])
    assert done.exit_code == 2
    assert reason in done.output


def test_the_service_on_a_data_directory_is_found(tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz")
    place = tmp_path / ".nascore"
    with Servers(place, durable=False) as servers:
        migrate(servers.database_url)
        added = nascore("datasets", "add", "mine", "--from", path, "--data-dir", place)
        assert added.returncode == 0, added.stderr
        # Where `nascore up` was started, its data directory need not be named.
        listed = nascore("datasets", "list", folder=tmp_path)
        assert "mine" in listed.stdout, listed.stderr
        # What is named goes before what the environment says.
        away = "postgresql+psycopg://nascore@127.0.0.1:9/nascore"
        options = ("--data-dir", place)
        shown = nascore("datasets", "show", "mine", *options, NASCORE_DATABASE_URL=away)
        assert "80 images, 4 classes" in shown.stdout, shown.stderr


def test_it_needs_no_torch(running: Running, tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz")
    script = (
        "import sys\nfrom service.cli import app\n"
        f"app(['datasets', 'add', 'light', '--from', {str(path)!r}], standalone_mode=False)\n"
        "assert not {'torch', 'PIL', 'fastapi'} & set(sys.modules)"
    )
    url = running.environment["NASCORE_DATABASE_URL"]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "NASCORE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_page_s_own_npz_can_be_added(
    datasets: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
    (block,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    exec(block, {})  # noqa: S102 - the page is ours
    added = datasets("add", "page", "--from", tmp_path / "mine.npz")
    assert "100 images, 10 classes" in added.stdout, added.stderr


def test_a_thousand_real_images(datasets: Any, http: httpx2.Client, worker: Running) -> None:
    path = measured("cifar10_train1000_kaggle.npz")
    added = datasets("add", "cifar1000", "--from", path)
    assert added.returncode == 0, added.stderr
    assert "1000 images, 10 classes" in added.stdout
    body = {"bench": "nb201", "arch": ARCH, "dataset": "cifar1000"}
    (result,) = ask(http, body).json()["results"]
    assert all(result["scores"][proxy] is not None for proxy in CATALOGUE)
