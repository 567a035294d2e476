"""POST /score, from the spelling to the kept score."""

import time

import httpx2
import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.ensembles import ENSEMBLES
from tests.service.running import Running, ask, await_job

NO_PATH = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
CHAIN = [
    "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
    "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|none~0|none~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|skip_connect~0|skip_connect~1|+|none~0|skip_connect~1|none~2|",
]
SMALL = {
    "nb101": {"matrix": [[0, 1], [0, 0]], "ops": ["input", "output"]},
    "nb201": {"arch": CHAIN[0]},
}

pytestmark = pytest.mark.usefixtures("worker")


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
@pytest.mark.parametrize("protocol", ["fast", "full"])
def test_every_proxy_of_both_benches_under_both_protocols(
    http: httpx2.Client, bench: str, protocol: str
) -> None:
    answer = ask(http, {"bench": bench, "protocol": protocol, **SMALL[bench]}, wait=120)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    (result,) = body["results"]
    assert result["state"] == "done"
    assert list(result["scores"]) == [*CATALOGUE, *ENSEMBLES]
    assert all(isinstance(result["scores"][name], float) for name in CATALOGUE), result
    graph = BENCHES[bench].graph(
        result["spec"], BENCHES[bench].skeletons[protocol], body["protocol"]["classes"]
    )
    assert result["scores"]["params"] == graph.parameters
    assert result["scores"]["flops"] == graph.flops
    assert body["protocol"]["skeleton"] == BENCHES[bench].skeletons[protocol]


def test_all_spellings_of_a_class_are_one_hash_and_one_score(http: httpx2.Client) -> None:
    body = {"bench": "nb201", "architectures": [{"arch": arch} for arch in CHAIN]}
    results = ask(http, body).json()["results"]
    assert len({result["hash"] for result in results}) == 1
    assert all(result["scores"] == results[0]["scores"] for result in results)
    assert [result["asked"]["arch"] for result in results] == CHAIN
    assert {result["spec"]["arch"] for result in results} == {CHAIN[0]}


def test_a_spec_can_be_sent_back_and_is_known(http: httpx2.Client, running: Running) -> None:
    first = ask(http, {"bench": "nb101", **SMALL["nb101"]}).json()["results"][0]
    jobs = running.count("jobs")
    again = ask(http, {"bench": "nb101", "architecture": first["spec"]}, wait=None)
    assert again.status_code == 200
    assert again.json()["job"] is None
    assert again.json()["results"][0]["scores"] == first["scores"]
    assert running.count("jobs") == jobs


def test_a_network_without_a_path_has_sizes_and_reasons(http: httpx2.Client) -> None:
    (result,) = ask(http, {"bench": "nb201", "arch": NO_PATH}).json()["results"]
    defined = {name for name, value in result["scores"].items() if value is not None}
    counted = {"structural_pools", "structural_identity_paths", "structural_depth_3x3"}
    assert defined == {"params", "flops", "l2_norm", *counted}
    assert set(result["undefined"]) == {*CATALOGUE, *ENSEMBLES} - defined
    assert {result["undefined"][name] for name in CATALOGUE if name not in defined} == {
        "no path from input to output"
    }


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
def test_structural_proxies_are_computed_where_nothing_else_is(
    http: httpx2.Client, bench: str
) -> None:
    names = [proxy.name for proxy in CATALOGUE.values() if proxy.structural]
    body = {"bench": bench, "architecture": BENCHES[bench].example, "proxies": names, "seed": 5}
    answer = ask(http, body).json()
    (result,) = answer["results"]
    protocol = answer["protocol"]
    structure = BENCHES[bench].structure(result["spec"], protocol["skeleton"], protocol["classes"])
    assert result["scores"] == structure
    found = http.get(f"/architectures/{bench}/{result['hash']}").json()
    seconds = [each["seconds"] for each in found["scores"] if each["proxy"] in names]
    assert all(each > 0 for each in seconds)


def test_what_is_missing_is_computed_and_nothing_else(
    http: httpx2.Client, running: Running
) -> None:
    body = {"bench": "nb201", "seed": 11, "arch": CHAIN[1]}
    first = ask(http, {**body, "proxies": ["nwot", "params"]}).json()["results"][0]
    assert list(first["scores"]) == ["params", "nwot"]
    then = ask(http, {**body, "proxies": ["snip", "nwot"]}).json()["results"][0]
    assert then["scores"]["nwot"] == first["scores"]["nwot"]
    architecture = http.get(f"/architectures/nb201/{first['hash']}").json()
    digest = ask(http, {**body, "proxies": ["nwot"]}).json()["protocol"]["digest"]
    records = [each for each in architecture["scores"] if each["protocol"] == digest]
    assert sorted(each["proxy"] for each in records) == ["nwot", "params", "snip"]


def test_seeds_and_protocols_are_different_scores(http: httpx2.Client) -> None:
    body = {"bench": "nb201", "arch": CHAIN[0], "proxies": ["synflow", "params"]}
    answers = [ask(http, {**body, "seed": seed}).json() for seed in (0, 1, 2)]
    assert len({answer["protocol"]["digest"] for answer in answers}) == 3
    assert len({answer["results"][0]["scores"]["synflow"] for answer in answers}) == 3
    assert len({answer["results"][0]["scores"]["params"] for answer in answers}) == 1


def test_a_job_is_accepted_followed_and_paged(http: httpx2.Client) -> None:
    sample = BENCHES["nb201"].sample(25, 7)
    body = {"bench": "nb201", "seed": 3, "proxies": ["nwot", "synflow"]}
    spellings = [reading.asked for reading in sample]
    accepted = ask(http, {**body, "architectures": spellings}, wait=None)
    assert accepted.status_code == 202
    job = accepted.json()["job"]
    assert accepted.headers["Location"] == f"/jobs/{job}"
    assert int(accepted.headers["Retry-After"]) >= 1
    assert [each["asked"] for each in accepted.json()["results"]] == spellings
    finished = await_job(http, job)
    assert finished["counts"] == {
        "queued": 0,
        "running": 0,
        "done": 25,
        "failed": 0,
        "cancelled": 0,
    }
    collected, path = [], f"/jobs/{job}/results?limit=10"
    pages = 0
    while True:
        answer = http.get(path)
        page = answer.json()
        collected += page["results"]
        pages += 1
        if page["next"] is None:
            assert "Link" not in answer.headers
            break
        path = answer.links["next"]["url"]
    assert pages == 3
    assert [each["asked"] for each in collected] == spellings
    known = ask(http, {**body, "architectures": spellings}, wait=None)
    assert known.status_code == 200
    assert known.json()["job"] is None
    assert known.json()["results"] == collected


def test_waiting_is_bounded_and_said(http: httpx2.Client) -> None:
    body = {"bench": "nb101", "protocol": "full", "seed": 9, **SMALL["nb101"], "proxies": ["nwot"]}
    answer = ask(http, body, wait=0)
    assert answer.headers["Preference-Applied"] == "wait=0"
    assert answer.status_code == 202
    await_job(http, answer.json()["job"])


@pytest.mark.parametrize(("seed", "wait"), [(101, 301), (102, 10**10), (103, 10**4_000)])
def test_nobody_waits_longer_than_the_limit(http: httpx2.Client, seed: int, wait: int) -> None:
    body = {"bench": "nb201", "seed": seed, "proxies": ["params"], **SMALL["nb201"]}
    answer = ask(http, body, wait=wait)
    assert answer.headers["Preference-Applied"] == "wait=300"
    assert answer.status_code == 200


def test_one_id_from_the_request_to_the_worker(http: httpx2.Client, running: Running) -> None:
    body = {"bench": "nb201", "seed": 21, "arch": CHAIN[0], "proxies": ["params"]}
    answer = ask(http, body, **{"X-Request-ID": "search-loop-7"})
    assert answer.headers["X-Request-ID"] == "search-loop-7"
    evaluated = running.lines("worker", "evaluated")[-1]
    assert evaluated["request_id"] == "search-loop-7"
    assert evaluated["architecture"] == answer.json()["results"][0]["hash"]
    # The API logs a request behind its answer.
    deadline = time.monotonic() + 30
    while "search-loop-7" not in {line["request_id"] for line in running.lines("api", "request")}:
        assert time.monotonic() < deadline, running.log("api")
        time.sleep(0.05)
