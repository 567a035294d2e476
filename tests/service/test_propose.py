"""POST /propose: the best of a pool or of children, held to what the bench and the boards say."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from service.api.answers import NO_POPULATION
from service.api.choosing import choose
from service.benches import BENCHES, Bench
from service.catalogue import CATALOGUE
from service.db.scores import Scored
from service.ensembles import DEFAULT_ENSEMBLE
from tests.service.running import Running, ask, await_job

pytestmark = pytest.mark.usefixtures("worker")

GOOD = {"arch": "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"}
NO_PATH = {"arch": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"}
STRANGER = "0123456789abcdef0123456789abcdef"


def propose(
    http: httpx2.Client, body: Mapping[str, Any], wait: int | None = 60, **headers: str
) -> httpx2.Response:
    if wait is not None:
        headers["Prefer"] = f"wait={wait}"
    return http.post("/propose", json=body, headers=headers)


def best(http: httpx2.Client, **body: Any) -> dict[str, Any]:
    answer = propose(http, body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def board(http: httpx2.Client, **query: Any) -> dict[str, float]:
    """The scores by hash of a whole board."""
    page = http.get("/rank", params={"limit": 1_000, **query}).json()
    assert page["next"] is None
    return {item["hash"]: item["score"] for item in page["items"]}


def in_order(scores: Mapping[str, float], bench: str, proxy: str) -> list[tuple[int, str, float]]:
    """Rank, hash and score of all, worked out the long way."""
    ensemble = proxy not in CATALOGUE
    sign = 1 if ensemble or CATALOGUE[proxy].better[bench] == "larger" else -1
    ordered = sorted(scores, key=lambda digest: (-sign * scores[digest], digest))
    return [
        (1 + sum(sign * other > sign * scores[each] for other in scores.values()), each, score)
        for each in ordered
        for score in [scores[each]]
    ]


def shown(answer: Mapping[str, Any]) -> list[tuple[int, str, float]]:
    return [(item["rank"], item["hash"], item["score"]) for item in answer["items"]]


def faults(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 422, answer.text
    found: list[dict[str, Any]] = answer.json()["errors"]
    return found


# Pools


@pytest.mark.parametrize(
    ("bench", "proxy"),
    [("nb201", "synflow"), ("nb201", "structural_pools"), ("nb101", "params")],
)
def test_a_pool_is_ranked_as_its_board_is(http: httpx2.Client, bench: str, proxy: str) -> None:
    sample = {"n": 40, "seed": 5}
    readings = BENCHES[bench].sample(**sample)
    pool = {reading.architecture.hash for reading in readings}
    answer = best(http, bench=bench, proxy=proxy, seed=1, sample=sample, k=1_000)
    scores = board(http, bench=bench, proxy=proxy, seed=1)
    wanted = in_order({each: scores[each] for each in pool & {*scores}}, bench, proxy)
    assert wanted
    assert shown(answer) == wanted
    assert answer["considered"] == len(pool)
    assert answer["undefined"] == len(pool) - len(wanted)
    assert answer["direction"] == CATALOGUE[proxy].better[bench]
    assert (answer["excluded"], answer["failed"], answer["population"]) == (0, 0, None)
    # The same pool as a list, and only the first three of it.
    spellings = [reading.asked for reading in readings]
    few = best(http, bench=bench, proxy=proxy, seed=1, architectures=spellings, k=3)
    assert few["job"] is None
    assert few["items"] == answer["items"][:3]
    first = {reading.architecture.hash: reading.asked for reading in reversed(readings)}
    for item in few["items"]:
        assert item["asked"] == first[item["hash"]]
        assert BENCHES[bench].read(item["spec"]).architecture.hash == item["hash"]
        assert item["parents"] == []


def test_the_default_is_the_ensemble_with_all_its_proxies(http: httpx2.Client) -> None:
    answer = best(http, bench="nb201", sample={"n": 6, "seed": 2}, k=10)
    ensemble = DEFAULT_ENSEMBLE["nb201"]
    assert answer["proxy"] == ensemble
    assert answer["direction"] == "larger"
    ranked = http.get("/rank", params={"bench": "nb201"}).json()
    assert answer["population"] == ranked["population"] is not None
    assert shown(answer) == in_order(board(http, bench="nb201"), "nb201", ensemble)


def test_without_a_population_the_reason_is_said_and_nothing_is_queued(
    http: httpx2.Client, running: Running
) -> None:
    jobs = running.count("jobs")
    answer = best(http, bench="nb201", seed=3, sample={"n": 6, "seed": 2})
    assert (answer["reason"], answer["items"], answer["job"]) == (NO_POPULATION, [], None)
    assert (answer["population"], answer["considered"]) == (None, 6)
    assert running.count("jobs") == jobs


def test_undefined_scores_are_counted_and_the_reason_is_theirs(http: httpx2.Client) -> None:
    answer = best(http, bench="nb201", proxy="nwot", architectures=[NO_PATH])
    assert (answer["considered"], answer["undefined"], answer["items"]) == (1, 1, [])
    assert answer["reason"] == "no path from input to output"
    answer = best(http, bench="nb201", proxy="nwot", architectures=[NO_PATH, GOOD])
    assert (answer["undefined"], answer["reason"], len(answer["items"])) == (1, None, 1)


def test_of_an_ensemble_without_a_score_it_is_told_why() -> None:
    """By its proxies: what is tried and given up, what is awaited, what the population lacks."""
    proxies = ["params", "flops", "mine"]
    values = {"params": 1.0, "flops": 2.0}
    known = {
        "c": Scored({**values, "mine": -3.0}),
        "b": Scored({**values, "mine": -3.0}),
        "a": Scored({**values, "mine": -4.0}),
        "given up": Scored({"params": 1.0}, given_up=["flops"]),
        "undefined": Scored(values, {"mine": "flops is undefined"}),
        "lost": Scored(values),
        "waiting": Scored({"params": 1.0}, state="queued"),
    }
    found = choose(known, proxies, "mine", 3, larger=True)
    assert list(found.ranked()) == [(1, "b", -3.0), (1, "c", -3.0), (3, "a", -4.0)]
    assert (found.failed, found.undefined, found.waiting) == (1, 2, 1)
    assert found.why_undefined == {"flops is undefined", NO_POPULATION}
    found = choose(known, proxies, "mine", 2, larger=False)
    assert list(found.ranked()) == [(1, "a", -4.0), (2, "b", -3.0)]


# Children


@pytest.mark.parametrize("bench", [BENCHES["nb101"], BENCHES["nb201"]], ids=["nb101", "nb201"])
def test_children_are_the_neighbours_of_the_parents(http: httpx2.Client, bench: Bench) -> None:
    first = bench.sample(1, 8)[0].architecture
    parents = [first, bench.neighbours(first.spec)[0]]
    wanted: dict[str, list[str]] = {}
    for parent in parents:
        for child in bench.neighbours(parent.spec):
            wanted.setdefault(child.hash, []).append(parent.hash)
    for parent in parents:
        del wanted[parent.hash]
    terms = {"bench": bench.name, "proxy": "structural_depth_3x3", "k": 1_000}
    answer = best(http, **terms, parents=[parent.spec for parent in parents])
    assert answer["considered"] == len(wanted) == len(answer["items"]) + answer["undefined"]
    found = {item["hash"]: item["parents"] for item in answer["items"]}
    assert found == {each: wanted[each] for each in found}
    assert {item["asked"] for item in answer["items"]} == {None}
    assert any(len(each) == 2 for each in found.values())
    # By its hash, a child is a parent as good as by its spelling.
    one = answer["items"][0]
    by_hash = best(http, **terms, parents=[one["hash"]])
    assert by_hash["items"] == best(http, **terms, parents=[one["spec"], one["hash"]])["items"]
    assert {item["parents"][0] for item in by_hash["items"]} == {one["hash"]}


def test_what_is_excluded_is_neither_proposed_nor_scored(
    http: httpx2.Client, running: Running
) -> None:
    bench = BENCHES["nb201"]
    parent = bench.read(GOOD).architecture
    terms = {"bench": "nb201", "proxy": "flops", "seed": 4, "parents": [GOOD], "k": 1_000}
    around = bench.neighbours(parent.spec)
    # Another spelling of a child, the hash of a second one, a stranger, and the parent itself.
    spelling = bench.spellings(around[0].spec)[-1]
    exclude = [spelling, around[1].hash, STRANGER, GOOD]
    before = running.count("evaluations")
    answer = best(http, **terms, exclude=exclude)
    assert (answer["considered"], answer["excluded"]) == (len(around) - 2, 2)
    left = {each.hash for each in around[2:]}
    assert {item["hash"] for item in answer["items"]} == left
    assert running.count("evaluations") == before + len(left)
    nothing = best(http, **terms, exclude=[each.hash for each in around])
    assert (nothing["considered"], nothing["excluded"]) == (0, len(around))
    assert "all of it is excluded" in nothing["reason"]


# Jobs


def test_it_is_queued_and_the_same_request_is_answered_when_all_is_scored(
    http: httpx2.Client,
) -> None:
    terms = {"bench": "nb201", "proxy": "params", "seed": 6}
    known = best(http, **terms, architectures=[GOOD])
    pool = [GOOD, *(each.asked for each in BENCHES["nb201"].sample(300, 3))]
    body = {**terms, "architectures": pool, "k": 2}
    answer = propose(http, body, wait=None)
    assert answer.status_code == 202
    so_far = answer.json()
    assert answer.headers["Location"] == f"/jobs/{so_far['job']}"
    assert int(answer.headers["Retry-After"]) > 0
    # The best of what is scored so far, and one is.
    assert so_far["items"][0]["score"] >= known["items"][0]["score"]
    job = await_job(http, so_far["job"])
    assert (job["priority"], job["proxies"]) == ("bulk", ["params"])
    assert job["counts"]["done"] == so_far["considered"]
    final = best(http, **body)
    assert final["job"] is None
    scores = board(http, **terms)
    assert shown(final) == in_order(scores, "nb201", "params")[:2]


def test_a_key_gives_the_same_job_and_belongs_to_one_call(http: httpx2.Client) -> None:
    body = {"bench": "nb201", "proxy": "params", "seed": 7, "sample": {"n": 3, "seed": 1}}
    key = {"Idempotency-Key": "propose/7"}
    first = propose(http, body, **key).json()
    assert first["job"] is not None
    assert propose(http, body, **key).json() == first
    assert best(http, **body)["job"] is None
    assert faults(propose(http, {**body, "k": 2}, **key))[0]["field"] == "Idempotency-Key"
    # What `POST /score` takes as well is another request there.
    plain = {"bench": "nb101", "sample": {"n": 1, "seed": 1}}
    key = {"Idempotency-Key": "propose/8"}
    assert propose(http, plain, **key).json()["job"] is not None
    assert faults(ask(http, plain, wait=None, **key))[0]["field"] == "Idempotency-Key"


def test_of_a_cancelled_job_it_is_said_that_not_all_was_looked_at(http: httpx2.Client) -> None:
    body = {"bench": "nb101", "proxy": "synflow", "seed": 8, "sample": {"n": 2_000, "seed": 4}}
    key = {"Idempotency-Key": "propose/9"}
    job = propose(http, body, wait=None, **key).json()["job"]
    assert http.delete(f"/jobs/{job}").json()["state"] == "cancelled"
    answer = propose(http, body, **key)
    assert answer.status_code == 200
    assert "was cancelled" in answer.json()["reason"]


# Refusals


@pytest.mark.parametrize(
    ("change", "field", "valid"),
    [
        ({"bench": "nb301"}, "bench", "nb101, nb201"),
        ({"proxy": "vibes"}, "proxy", "synflow"),
        ({"proxy": 7}, "proxy", ""),
        ({"protocol": "shallow"}, "protocol", "full, fast"),
        ({"dataset": "imagenet"}, "dataset", "patches"),
        ({"seed": "1"}, "seed", ""),
        ({"priority": "urgent"}, "priority", ""),
        ({"proxies": ["nwot"]}, "proxies", "proxy"),
        ({"k": 0}, "k", ""),
        ({"k": 1.5}, "k", ""),
        ({"k": 1_001}, "k", "1 to 1000"),
        ({"sample": None}, "architectures", "`parents`"),
        ({"parents": [GOOD]}, "architectures", "`sample`"),
        ({"architectures": "all"}, "architectures", "`sample`"),
        ({"sample": {"n": 10_001}}, "sample/n", "1 to 10000"),
        ({"sample": {"n": 150}, "priority": "live"}, "priority", "at most 100"),
        ({"sample": None, "architectures": []}, "architectures", "1 to 10000"),
        ({"sample": None, "architectures": "some"}, "architectures", ""),
        ({"sample": None, "architectures": [{"ops": 1}]}, "ops", "a name each for"),
        ({"sample": None, "parents": []}, "parents", "1 to 10000"),
        ({"sample": None, "parents": "all"}, "parents", ""),
        ({"sample": None, "parents": [GOOD] * 10_001}, "parents", "1 to 10000"),
        ({"sample": None, "parents": [GOOD, {"ops": ["x"] * 6}]}, "parents/1/ops/0", "none"),
        ({"sample": None, "parents": [STRANGER]}, "parents/0", "scored, or a spelling"),
        ({"sample": None, "parents": [GOOD, "x"]}, "parents/1", "a hash of 32 hex digits"),
        ({"exclude": STRANGER}, "exclude", ""),
        ({"exclude": [STRANGER.upper()]}, "exclude/0", "a hash of 32 hex digits"),
        ({"exclude": [STRANGER, 7]}, "exclude/1", "an object with arch or ops"),
        ({"exclude": [GOOD, {}]}, "exclude/1/arch", "one of arch and ops"),
        ({"exclude": [STRANGER] * 10_001}, "exclude", "1 to 10000"),
    ],
)
def test_what_is_wrong_is_named(
    http: httpx2.Client, change: dict[str, Any], field: str, valid: str
) -> None:
    body = {"bench": "nb201", "proxy": "params", "sample": {"n": 2}, **change}
    (fault,) = faults(propose(http, body))
    assert fault["field"] == field
    assert valid in fault.get("valid", "")


def test_too_many_children_are_refused_while_others_are_answered(
    http: httpx2.Client, running: Running
) -> None:
    """The refusal says how many came."""
    parents = [reading.asked for reading in BENCHES["nb101"].sample(2_000, 9)]
    answered = 0
    with ThreadPoolExecutor(1) as pool, httpx2.Client(base_url=running.address) as other:
        jobs = running.count("jobs")
        refused = pool.submit(propose, http, {"bench": "nb101", "parents": parents})
        while not refused.done():
            assert other.get("/healthz").status_code == 200
            answered += 1
    (fault,) = faults(refused.result())
    assert fault["field"] == "parents"
    words = fault["detail"].split()
    assert 0 < int(words[0]) < int(words[2]) <= 2_000
    assert 10_000 < int(words[-2]) < 10_200
    assert "at most 10000 children" in fault["valid"]
    # It takes a second or two of one core.
    assert answered > 10
    assert running.count("jobs") == jobs
