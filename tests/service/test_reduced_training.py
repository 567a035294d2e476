"""Reduced training as a proxy, from the request to the score and to every epoch on the way."""

import json
import random
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import torch
from sqlalchemy import text

from service.benches import BENCHES
from service.db import audits, datasets, protocols
from service.engine import initial_weights
from service.training.protocols import recipe_of
from service.training.run import train
from service.training.split import Split
from service.workers import environment
from tests.service.interpreters import run as nascore
from tests.service.running import Running, ask, await_job, score_all
from tests.service.test_refusals import problem

NB201 = BENCHES["nb201"]
CELLS = list({r.architecture.hash: dict(r.asked) for r in NB201.sample(30, 3)}.values())[:11]
"""Each is for one test: what is trained once is not trained again."""
SHORT, LONG, ENDLESS = "e1s40c2r8t4b20", "e3s40c2r8t4b20", "e400s40c2r8t400b20"
SETTINGS = {"NASCORE_WORKER_MEMORY_BYTES": str(10**8), "NASCORE_TRAINING_TURN_SECONDS": "0.2"}
ON = {"bench": "nb201", "dataset": "toy"}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def toy(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Split:
    """A dataset of two classes, dark and bright, 60 images to train on and 20 to test on."""
    file: Path = tmp_path_factory.mktemp("toy") / "toy.npz"
    generator = np.random.default_rng(0)
    labels = np.arange(80) % 2
    images = generator.integers(0, 156, (80, 32, 32, 3)) + 100 * labels[:, None, None, None]
    np.savez(file, images=images.astype(np.uint8), labels=labels)
    command = ["datasets", "add", "toy", "--from", str(file), "--full", "--test-share", "0.25"]
    url = running.environment["NASCORE_DATABASE_URL"]
    added = nascore(*command, NASCORE_DATABASE_URL=url)
    assert added.returncode == 0, added.stderr
    with running.session() as session:
        whole = datasets.whole(session, "toy")
    assert whole is not None
    return Split(
        *(whole.train_images, whole.train_labels, whole.test_images, whole.test_labels),
        *(whole.mean, whole.std, 2),
    )


@pytest.fixture(scope="module")
def trainer(running: Running, toy: Split) -> Running:
    """The service with one worker, which may take 100 MB."""
    running.start_worker(**SETTINGS)
    return running


@contextmanager
def paused(trainer: Running) -> Iterator[None]:
    """Nothing is trained meanwhile."""
    worker = trainer.processes["worker"]
    worker.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGCONT)


def asking_for(protocol: str, cells: Sequence[Json], **more: Any) -> Json:
    return {**ON, "protocol": protocol, "architectures": cells, **more}


def accuracies(http: httpx2.Client, digest: str) -> list[float]:
    (training,) = http.get(f"/architectures/nb201/{digest}").json()["trainings"]
    found: list[float] = training["accuracies"]
    return found


@contextmanager
def as_a_worker() -> Iterator[None]:
    """This process computes as a worker does, and afterwards as it did."""
    flags: tuple[tuple[Any, str], ...] = (
        (torch.utils.deterministic, "fill_uninitialized_memory"),
        (torch.backends.cuda.matmul, "allow_tf32"),
        (torch.backends.cudnn, "allow_tf32"),
    )
    before = [getattr(place, name) for place, name in flags]
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    environment.make_deterministic()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        for (place, name), value in zip(flags, before, strict=True):
            setattr(place, name, value)


def unbroken(running: Running, http: httpx2.Client, name: str, spec: Json, toy: Split) -> Any:
    """Accuracies and losses by epoch, trained here in one go."""
    described = http.post("/score", json=asking_for(name, [spec])).json()["protocol"]
    with running.session() as session:
        stored = protocols.stored(session, protocols.id_of(session, described["digest"]))
    recipe = recipe_of(stored)
    graph = NB201.graph(spec, stored.skeleton, stored.classes)
    with as_a_worker():
        run = train(graph, initial_weights(graph, recipe.seed), recipe, toy)
        return [(epoch.accuracy, epoch.loss) for epoch in run if epoch is not None]


def test_one_run_answers_every_shorter_one(
    http: httpx2.Client, trainer: Running, toy: Split
) -> None:
    results = score_all(http, "nb201", CELLS[:2], protocol=LONG, dataset="toy")
    assert [set(each["scores"]) for each in results] == [{"reduced_training"}] * 2
    found = {each["hash"]: each["scores"]["reduced_training"] for each in results}
    for digest, score in found.items():
        epochs = accuracies(http, digest)
        assert len(epochs) == 3
        assert epochs[2] == score
    first = results[0]
    alone = unbroken(trainer, http, LONG, first["spec"], toy)
    assert accuracies(http, first["hash"]) == [accuracy for accuracy, _ in alone]
    lines = len(trainer.lines("worker", "training claimed"))
    (short,) = score_all(http, "nb201", CELLS[:1], protocol=SHORT, dataset="toy")
    assert short["scores"]["reduced_training"] == alone[0][0]
    assert len(trainer.lines("worker", "training claimed")) == lines + 1
    board = http.get("/rank", params={**ON, "protocol": LONG}).json()
    assert board["proxy"] == "reduced_training"
    assert board["direction"] == "larger"
    assert {item["hash"]: item["score"] for item in board["items"]} == found
    with trainer.session() as session:
        assert audits.draw(session, 100, 0) == []  # An audit trains nothing.
    (answer,) = [p for p in http.get("/proxies").json() if p["name"] == "reduced_training"]
    assert answer["cost"]["minibatches_under"] == {"econas": 980, "econas_plus": 891}


def test_a_killed_worker_s_training_goes_on_to_the_same_bits(
    http: httpx2.Client, trainer: Running, toy: Split
) -> None:
    name = "e12s40c2r8t12b20"
    body = asking_for(name, CELLS[2:3])
    answer = http.post("/score", json=body).json()
    digest, spec = answer["results"][0]["hash"], answer["results"][0]["spec"]

    def done() -> int:
        shown = http.get(f"/architectures/nb201/{digest}").json()["trainings"]
        return len(shown[0]["accuracies"]) if shown else 0

    deadline = time.monotonic() + 60
    while (epoch := done()) < random.SystemRandom().randrange(1, 9):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    trainer.end("worker", signal.SIGKILL)
    assert epoch <= done() < 12
    trainer.start_worker(**SETTINGS)
    job = await_job(http, answer["job"])
    assert job["counts"]["done"] == 1
    assert job["epochs"] == {"done": 12, "asked": 12}
    assert accuracies(http, digest) == [
        each for each, _ in unbroken(trainer, http, name, spec, toy)
    ]


def test_live_scores_come_while_something_trains(http: httpx2.Client, trainer: Running) -> None:
    job = http.post("/score", json=asking_for(ENDLESS, CELLS[3:5])).json()["job"]
    with http.stream("GET", f"/jobs/{job}/events") as stream:
        events = events_of(stream.iter_lines())
        assert next(events)[0] == "epoch"
        for seed in range(3):
            body = {"bench": "nb201", **CELLS[0], "proxies": ["synflow"], "seed": seed}
            assert ask(http, body, wait=30).status_code == 200
        name, data = next(events)
        assert (name, data["epochs"], data["position"]) == ("epoch", 400, 0)
        assert data["epoch"] > 1
    shown = http.get(f"/jobs/{job}").json()
    assert shown["priority"] == "background"
    assert shown["counts"]["running"] == 1
    assert 0 < shown["epochs"]["done"] < shown["epochs"]["asked"] == 800
    assert http.delete(f"/jobs/{job}").json()["state"] == "cancelled"
    deadline = time.monotonic() + 60
    while trainer.count("leases"):
        assert time.monotonic() < deadline  # nobody wants the other 390 epochs
        time.sleep(0.05)


def test_short_ones_are_answered_while_a_long_one_runs(
    http: httpx2.Client, trainer: Running
) -> None:
    long = http.post("/score", json=asking_for(ENDLESS, CELLS[9:10])).json()["job"]
    same = http.post("/score", json=asking_for("e2s40c2r8t400b20", CELLS[9:10])).json()["job"]
    other = http.post("/score", json=asking_for(SHORT, CELLS[9:10])).json()["job"]
    # The one by the same run as the long one; the other because the long one gives it a turn.
    assert await_job(http, same)["counts"]["done"] == 1
    assert await_job(http, other)["counts"]["done"] == 1
    assert http.get(f"/jobs/{long}").json()["state"] == "running"
    http.delete(f"/jobs/{long}")


def test_what_this_release_does_not_train_fails_and_hurts_nobody(
    http: httpx2.Client, trainer: Running
) -> None:
    name = "e1s40c2r4t4b20"
    with paused(trainer):
        old = http.post("/score", json=asking_for(name, CELLS[10:11])).json()
        with trainer.session() as session:
            session.execute(
                text(
                    "UPDATE protocols SET document = jsonb_set(document, "
                    "'{training,revision}', '\"training-0\"') WHERE digest = :digest"
                ),
                {"digest": old["protocol"]["digest"]},
            )
    assert await_job(http, old["job"])["counts"]["failed"] == 1
    (result,) = http.get(f"/jobs/{old['job']}/results").json()["results"]
    assert "training-0 is not what this release trains by" in result["error"]["detail"]
    assert trainer.processes["worker"].poll() is None


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, Json]]:
    event = ""
    for line in lines:
        if line.startswith("event: "):
            event = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield event, json.loads(line.removeprefix("data: "))


def test_every_epoch_is_an_event_before_its_result(http: httpx2.Client, trainer: Running) -> None:
    with paused(trainer):
        job = http.post("/score", json=asking_for(LONG, CELLS[5:7])).json()["job"]
        stream = http.send(http.build_request("GET", f"/jobs/{job}/events"), stream=True)
    events = list(events_of(stream.iter_lines()))
    for position in (0, 1):
        mine = [(name, data) for name, data in events if data.get("position") == position]
        assert [name for name, _ in mine] == ["epoch"] * 3 + ["result"]
        epochs = [data for name, data in mine if name == "epoch"]
        assert [(data["epoch"], data["epochs"]) for data in epochs] == [(1, 3), (2, 3), (3, 3)]
        assert mine[-1][1]["scores"]["reduced_training"] == epochs[-1]["accuracy"]
    assert events[-1][0] == "end"


def test_a_run_that_diverges_says_so_and_keeps_what_was_before(
    http: httpx2.Client, trainer: Running, toy: Split
) -> None:
    with paused(trainer):
        answer = http.post("/score", json=asking_for(LONG, CELLS[7:8])).json()
        other = http.post("/score", json=asking_for(SHORT, CELLS[7:8])).json()
        reason = "diverged in epoch 2: no finite loss on batch 1 of the training images"
        with trainer.session() as session:
            # As a worker leaves it: networks of batch norms hardly ever get there by themselves.
            session.execute(
                text(
                    "INSERT INTO trainings (architecture_id, run, accuracies, losses, seconds, "
                    "diverged, device, torch) SELECT a.id, p.run, '{0.5}', '{0.7}', '{1}', "
                    ":reason, 'cpu', 'x' FROM architectures a, protocols p "
                    "WHERE a.hash = :hash AND p.digest = :digest"
                ),
                {
                    "reason": reason,
                    "hash": answer["results"][0]["hash"],
                    "digest": answer["protocol"]["digest"],
                },
            )
    await_job(http, answer["job"])
    await_job(http, other["job"])
    (long,) = http.post("/score", json=asking_for(LONG, CELLS[7:8])).json()["results"]
    assert long["state"] == "done"
    assert long["undefined"] == {"reduced_training": reason}
    (short,) = http.post("/score", json=asking_for(SHORT, CELLS[7:8])).json()["results"]
    assert short["scores"] == {"reduced_training": 0.5}


def test_what_needs_more_memory_than_there_is_is_set_aside(
    http: httpx2.Client, trainer: Running
) -> None:
    answer = http.post("/score", json=asking_for("e1s0c64r32", CELLS[8:9])).json()
    assert await_job(http, answer["job"])["counts"]["failed"] == 1
    (result,) = http.get(f"/jobs/{answer['job']}/results").json()["results"]
    assert result["error"]["type"] == "too-large"


def test_two_names_of_one_recipe_are_one_protocol(http: httpx2.Client, trainer: Running) -> None:
    query = {**ON, "protocol": "econas_plus"}
    named = http.get("/rank", params=query).json()["protocol"]
    spelled = http.get("/rank", params={**query, "protocol": "e15s0c8r16t40b2048"}).json()
    assert spelled["protocol"] == named
    assert named["name"] == "econas_plus"
    assert (named["skeleton"]["channels"], named["skeleton"]["resolution"]) == (8, 16)
    assert named["training"]["images"] == 60
    assert named["minibatch"] is None


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"protocol": "e41s0c4r8"}, "protocol", "1 to the schedule's 40"),
        ({"protocol": "e0s0c4r8"}, "protocol", "1 to the schedule's 40"),
        ({"protocol": "e1s61c4r8"}, "protocol", "at most the 60 training images"),
        ({"protocol": "e1s1c4r8"}, "protocol", "0, for all, or at least 2"),
        ({"protocol": "e1s0c129r8"}, "protocol", "1 to 128"),
        ({"protocol": "e1s0c4r33"}, "protocol", "28, 32"),
        ({"protocol": "e1s0c4r10"}, "protocol", "4, 8, 12"),
        ({"protocol": "e1s0c4r8b4097"}, "protocol", "2 to 4096"),
        ({"protocol": "e1s0c4r8t401"}, "protocol", "1 to 400"),
        ({"protocol": "e1"}, "protocol", "no protocol 'e1'"),
        ({"protocol": "econas", "dataset": "patches"}, "dataset", "no dataset"),
        ({"protocol": "econas", "proxies": ["synflow"]}, "proxies/0", "'synflow'"),
        ({"protocol": "fast", "proxies": ["reduced_training"]}, "proxies/0", "'reduced_training'"),
        ({"protocol": "econas", "priority": "live"}, "priority", "spare time"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    http: httpx2.Client, toy: Split, running: Running, body: Json, field: str, says: str
) -> None:
    before = running.count("jobs")
    fault = problem(http.post("/score", json={**ON, **CELLS[0], **body}), 422)["errors"][0]
    assert fault["field"] == field
    assert says in fault["detail"]
    assert fault["valid"]
    assert running.count("jobs") == before
