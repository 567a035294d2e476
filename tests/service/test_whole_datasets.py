"""All images of a dataset, from `nascore datasets add --full` to the arrays of a worker."""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import text
from typer.testing import CliRunner

from service.cli import app
from service.db import datasets as queries
from service.minibatch import WholeDataset
from service.minibatch.whole import PART_IMAGES, as_stored
from tests.minibatch.writers import cifar10, held_out, noise, write_folder, write_tar
from tests.service import interpreters
from tests.service.running import Running

IMAGES = noise(100, 20, 24)
LABELS = np.arange(100) % 4


@pytest.fixture
def nascore(running: Running) -> Any:
    """Runs `nascore datasets` on the service's database."""
    url = running.environment["NASCORE_DATABASE_URL"]
    return partial(interpreters.run, "datasets", NASCORE_DATABASE_URL=url)


def assert_refused(done: subprocess.CompletedProcess[str], reason: str) -> None:
    """With status 1, in one line."""
    assert done.returncode == 1, done.stderr
    assert re.search(reason, done.stderr), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stdout == ""


def whole(running: Running, name: str) -> WholeDataset | None:
    with running.session() as session:
        return queries.whole(session, name)


def digest(images: Any, labels: Any) -> str:
    content = repr(images.shape).encode() + images.tobytes() + labels.astype("<i8").tobytes()
    return sha256(content).hexdigest()


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **{"images": IMAGES, "labels": LABELS, **arrays})
    return path


def test_a_published_dataset_is_stored_whole(
    nascore: Any, http: httpx2.Client, running: Running, tmp_path: Path
) -> None:
    # Each split of more than one part.
    images, labels = noise(PART_IMAGES + 500, 32), np.arange(PART_IMAGES + 500) * 7 % 10
    tested, test_labels = noise(PART_IMAGES + 1, 32), np.arange(PART_IMAGES + 1) * 3 % 10
    files = cifar10(images, labels.tolist())
    files |= held_out("cifar10", tested, test_labels.tolist())
    added = nascore("add", "c10", "--from", write_tar(tmp_path / "x", files), "--full")
    assert added.returncode == 0, added.stderr
    assert "c10 is added: CIFAR-10: 1524 images" in added.stdout
    assert "1524 to train on and 1025 to test on" in added.stdout

    found = whole(running, "c10")
    assert found is not None
    dealt = np.concatenate([np.arange(len(images))[number::5] for number in range(5)])
    assert np.array_equal(found.train_images, images[dealt])
    assert np.array_equal(found.train_labels, labels[dealt])
    assert np.array_equal(found.test_images, tested)
    assert np.array_equal(found.test_labels, test_labels)
    assert found.train_images.dtype == found.test_images.dtype == np.uint8
    assert found.train_labels.dtype == found.test_labels.dtype == np.int64
    assert found.classes == tuple(f"name {label}" for label in range(10))
    assert found.mean == (125.3 / 255, 123.0 / 255, 113.9 / 255)
    assert found.std == (63.0 / 255, 62.1 / 255, 66.7 / 255)

    known = {each["name"]: each for each in http.get("/datasets").json()}
    assert known["c10"]["images"] == 1524
    train, test = digest(images[dealt], labels[dealt]), digest(tested, test_labels)
    assert known["c10"]["train"] == {"images": 1524, "sha256": train}
    assert known["c10"]["test"] == {"images": 1025, "sha256": test}
    assert known["patches"]["train"] is None
    assert known["patches"]["test"] is None
    assert whole(running, "patches") is None
    assert whole(running, "nobody's") is None
    shown = nascore("show", "c10").stdout
    assert train in shown
    assert test in shown
    assert "add it again with --full" in nascore("show", "patches").stdout
    assert re.search(r"c10 .* 1524 .* 1025 ", nascore("list").stdout)


def test_a_dataset_of_minibatches_alone_can_be_made_whole(
    nascore: Any, http: httpx2.Client, running: Running, tmp_path: Path
) -> None:
    files = cifar10(noise(80, 32), [number % 10 for number in range(80)])
    tested = held_out("cifar10", noise(7, 32), list(range(7)))
    folder = write_folder(tmp_path / "x", {**files, **tested})
    assert nascore("add", "later", "--from", folder).returncode == 0

    def known() -> Any:
        (found,) = (each for each in http.get("/datasets").json() if each["name"] == "later")
        return found

    before = known()
    added = nascore("add", "later", "--from", folder, "--full")
    assert added.returncode == 0, added.stderr
    assert added.stdout == "All images of later are stored: 80 to train on and 7 to test on.\n"
    after = known()
    assert after["train"]["images"] == 80
    assert {**after, "train": None, "test": None} == before

    rows = running.count("dataset_parts")
    for again in (("--full",), ()):
        same = nascore("add", "later", "--from", folder, *again)
        assert same.stdout == "later is there already, with the same data.\n", same.stderr
    # Its training images are those of before, so its SHA-256 is; its test images are not.
    (folder / "test_batch").write_bytes(held_out("cifar10", noise(8, 32), [1] * 8)["test_batch"])
    refused = nascore("add", "later", "--from", folder, "--full")
    assert_refused(refused, "later is there already with another test split, and a dataset never")
    other = write_folder(tmp_path / "y", {**cifar10(noise(90, 32), [*range(10)] * 9), **tested})
    refused = nascore("add", "later", "--from", other, "--full")
    assert_refused(refused, r"later is there already with other data \(source_sha256, images\)")
    assert running.count("dataset_parts") == rows
    assert known() == after


def test_a_share_is_held_out_and_images_are_resized(
    nascore: Any, running: Running, tmp_path: Path
) -> None:
    path = npz(tmp_path / "x.npz")
    added = nascore("add", "shared", "--from", path, "--full", "--test-share", "0.2")
    assert added.returncode == 0, added.stderr
    found = whole(running, "shared")
    assert found is not None
    assert np.bincount(found.test_labels).tolist() == [5] * 4
    assert np.bincount(found.train_labels).tolist() == [20] * 4
    stored = {
        (image.tobytes(), int(label))
        for images, labels in (
            (found.train_images, found.train_labels),
            (found.test_images, found.test_labels),
        )
        for image, label in zip(images, labels, strict=True)
    }
    assert stored == {
        (as_stored(image).tobytes(), int(label))
        for image, label in zip(IMAGES, LABELS, strict=True)
    }
    refused = nascore("add", "shared", "--from", path, "--full", "--test-share", "0.4")
    assert_refused(refused, "shared is there already with another train split")


def test_a_folder_of_images_is_stored_whole(nascore: Any, running: Running, tmp_path: Path) -> None:
    images = noise(80, 6)
    for number, image in enumerate(images):
        path = tmp_path / "x" / f"class {number % 2}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    options = ("--from", tmp_path / "x", "--full")
    assert_refused(nascore("add", "seen", *options), "seen has no test split: name the share of it")
    added = nascore("add", "seen", *options, "--test-share", "0.1")
    assert added.returncode == 0, added.stderr
    found = whole(running, "seen")
    assert found is not None
    assert found.classes == ("class 0", "class 1")
    assert (len(found.train_labels), found.test_labels.tolist()) == (72, [0] * 4 + [1] * 4)
    of_class = {label: {as_stored(i).tobytes() for i in images[label::2]} for label in (0, 1)}
    for image, label in zip(found.test_images, found.test_labels, strict=True):
        assert image.tobytes() in of_class[int(label)]


def test_what_is_wrong_is_said_in_a_line(nascore: Any, running: Running, tmp_path: Path) -> None:
    before = running.count("datasets")
    own = npz(tmp_path / "own.npz", test_images=noise(9, 8), test_labels=np.arange(9) % 4)
    options = ("bad", "--from", own, "--full")
    assert_refused(nascore("add", *options, "--test-share", "0.5"), "bad has a test split of its o")
    refused = nascore("add", *options, NASCORE_DATASET_FULL_IMAGES_LIMIT="108")
    assert_refused(refused, "bad has 109 images; 108 are allowed")
    files = cifar10(noise(80, 32), [number % 10 for number in range(80)])
    path = write_tar(tmp_path / "x", files)
    assert_refused(nascore("add", "bad", "--from", path, "--full"), "but without test_batch")
    assert running.count("datasets") == before
    for share in ("0", "1", "nan", "-1"):
        wrong = ("datasets", "add", "bad", "--from", "absent", "--full", f"--test-share={share}")
        done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, wrong)
        assert (done.exit_code, "--test-share is between 0 and 1" in done.output) == (2, True)
    alone = ("datasets", "add", "bad", "--from", "absent", "--test-share", "0.5")
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, alone)
    assert (done.exit_code, "--test-share goes with --full" in done.output) == (2, True)


def test_two_at_once_are_one(nascore: Any, running: Running, tmp_path: Path) -> None:
    path = npz(tmp_path / "x.npz")
    assert nascore("add", "raced", "--from", path).returncode == 0
    before = running.count("dataset_parts")
    command = ("add", "raced", "--from", path, "--full", "--test-share", "0.2")
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: nascore(*command), range(2)))
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert running.count("dataset_parts") == before + 2


@pytest.fixture
def broken(running: Running) -> Iterator[None]:
    """A database that fails at the test split."""
    engine = running.engine()
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                " IF NEW.split = 'test' THEN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100';"
                " END IF; RETURN NEW; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER fail BEFORE INSERT ON dataset_parts"
                " FOR EACH ROW EXECUTE FUNCTION fail()"
            )
        )
    yield
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION fail CASCADE"))
    engine.dispose()


def test_nothing_is_stored_by_halves(
    nascore: Any, running: Running, broken: None, tmp_path: Path
) -> None:
    tables = ("datasets", "minibatches", "dataset_splits", "dataset_parts")
    before = [running.count(table) for table in tables]
    options = ("--from", npz(tmp_path / "x.npz"), "--full", "--test-share", "0.2")
    assert_refused(nascore("add", "half", *options), "The database at .* failed: disk full")
    assert [running.count(table) for table in tables] == before
