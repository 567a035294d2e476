"""GET /architectures, /benches, /proxies, /protocols, /datasets: what is known, and of what."""

import httpx2
import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE, PROXIES
from service.ensembles import ENSEMBLES
from service.training.recipe import NAMED
from tests.service.running import Running, ask

pytestmark = pytest.mark.usefixtures("worker")


def test_an_architecture_says_all_that_is_known_of_it(http: httpx2.Client) -> None:
    triple = {
        "matrix": [[0, 1, 1, 1, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0] * 5],
        "ops": ["input", "maxpool3x3", "conv1x1-bn-relu", "conv1x1-bn-relu", "output"],
    }
    answer = ask(http, {"bench": "nb101", **triple, "proxies": ["nwot", "params"]}).json()
    (result,) = answer["results"]
    found = http.get(f"/architectures/nb101/{result['hash']}").json()
    assert found["hash"] == "0366938ca06384c65835033bb5dd7ac2"
    assert found["parameters"] == 1_116_567
    assert found["spec"] == result["spec"]
    assert found["spec"]["ops"][1:4] == ["conv1x1-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]
    assert triple in found["spellings"]
    assert found["spellings_total"] == 3
    scores = {record["proxy"]: record for record in found["scores"]}
    assert scores["nwot"]["value"] == result["scores"]["nwot"]
    assert scores["nwot"]["protocol"] == answer["protocol"]["digest"]
    assert found["protocols"] == [answer["protocol"]]
    assert scores["nwot"]["device"] == "cpu"
    assert scores["nwot"]["torch"].startswith("2.")
    assert scores["nwot"]["seconds"] > 0
    assert found["accuracy"] == []
    assert [vertex["label"] for vertex in found["drawing"]["vertices"]] == [
        *("in", "1×1", "1×1", "pool", "out"),
    ]
    assert len(found["drawing"]["edges"]) == 6
    assert found["drawing"]["edges"][0] == {"source": 0, "target": 1, "times": 1, "through": []}


def test_the_catalogue_names_what_can_be_asked_for(http: httpx2.Client) -> None:
    benches = {bench["name"]: bench for bench in http.get("/benches").json()}
    assert set(benches) == set(BENCHES)
    assert benches["nb201"]["text_field"] == "arch"
    assert [slot["name"] for slot in benches["nb201"]["slots"]] == [
        *("0→1", "0→2", "1→2", "0→3", "1→3", "2→3"),
    ]
    assert benches["nb101"]["slots"] == []
    proxies = {proxy["name"]: proxy for proxy in http.get("/proxies").json()}
    assert list(proxies) == [*PROXIES, *ENSEMBLES]
    assert set(proxies["snip"]["better"]) == set(BENCHES)
    assert proxies["snip"]["better"]["nb201"] == "larger"
    assert proxies["snip"]["better"]["nb101"] == "smaller"
    structural = {name for name, proxy in proxies.items() if proxy["structural"]}
    assert structural == {name for name in CATALOGUE if name.startswith("structural_")}
    protocols = {protocol["name"]: protocol for protocol in http.get("/protocols").json()}
    assert set(protocols) == {"full", "fast", *NAMED}
    for name, bench in benches.items():
        answer = ask(http, {"bench": name, **bench["example"], "proxies": ["params"]}).json()
        assert answer["protocol"] == protocols["fast"]["benches"][name]
    (dataset,) = http.get("/datasets").json()
    assert dataset["name"] == "patches"
    assert "CC0" in dataset["licence"]
    stored = {minibatch["sha256"] for minibatch in dataset["minibatches"]}
    used = {each["minibatch"] for p in protocols.values() for each in p["benches"].values()}
    assert used == stored


def test_neighbours_are_one_edit_away_and_scored_where_known(http: httpx2.Client) -> None:
    bench = BENCHES["nb201"]
    arch = "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|nor_conv_3x3~1|none~2|"
    first = ask(http, {"bench": "nb201", "arch": arch, "proxies": ["params"]}).json()["results"][0]
    path = f"/architectures/nb201/{first['hash']}/neighbours"
    found = {each["hash"]: each for each in http.get(path).json()["architectures"]}
    assert set(found) == {each.hash for each in bench.neighbours(first["spec"])}
    chosen = sorted(found)[0]
    spec = found[chosen]["spec"]
    body = {"bench": "nb201", "architecture": spec, "proxies": ["nwot"]}
    (scored,) = ask(http, body).json()["results"]
    assert scored["hash"] == chosen
    again = {each["hash"]: each for each in http.get(path).json()["architectures"]}
    assert again[chosen]["scores"]["nwot"] == scored["scores"]["nwot"]
    other_seed = http.get(f"{path}?seed=99").json()["architectures"]
    assert all(each["scores"] == {} for each in other_seed)
    assert all(each["drawing"] is None for each in other_seed)
    drawn = http.get(f"{path}?drawing=true").json()["architectures"]
    (own,) = [each["drawing"] for each in drawn if each["hash"] == chosen]
    assert own == http.get(f"/architectures/nb201/{chosen}").json()["drawing"]


def test_many_hashes_at_once_in_the_order_asked(http: httpx2.Client, worker: Running) -> None:
    asked = [r.asked for r in BENCHES["nb101"].sample(5, 4)]
    body = {"bench": "nb101", "architectures": asked, "proxies": ["nwot"]}
    scored = {r["hash"]: r for r in ask(http, body).json()["results"]}
    hashes = [*scored, "0" * 32, *scored]
    jobs = worker.count("jobs")
    answer = http.post("/architectures/lookup", json={"bench": "nb101", "hashes": hashes})
    assert answer.status_code == 200
    found = answer.json()["architectures"]
    assert [each["hash"] for each in found] == hashes
    for each in found:
        if each["hash"] in scored:
            assert each["spec"] == scored[each["hash"]]["spec"]
            assert each["scores"]["nwot"] == scored[each["hash"]]["scores"]["nwot"]
        else:
            assert (each["spec"], each["scores"]) == (None, {})
    assert worker.count("jobs") == jobs
    assert {each["drawing"] for each in found} == {None}
    for wrong in (["xyz"], [], ["0" * 32] * 10_001):
        refused = http.post("/architectures/lookup", json={"bench": "nb101", "hashes": wrong})
        assert refused.status_code == 422
    body = {"bench": "nb101", "hashes": hashes, "drawing": True}
    for each in http.post("/architectures/lookup", json=body).json()["architectures"]:
        assert (each["drawing"] is None) == (each["spec"] is None)
    body["hashes"] = ["0" * 32] * 1_001
    (fault,) = http.post("/architectures/lookup", json=body).json()["errors"]
    assert fault["valid"] == "1 to 1000 with their drawings"


@pytest.mark.parametrize("bench", ["nb101", "nb201"])
def test_a_sample_is_the_same_for_everyone(http: httpx2.Client, bench: str) -> None:
    sample = http.get(f"/benches/{bench}/sample?n=20&seed=5").json()
    assert sample == http.get(f"/benches/{bench}/sample?n=20&seed=5").json()
    assert sample != http.get(f"/benches/{bench}/sample?n=20&seed=6").json()
    for each in sample["architectures"]:
        reading = BENCHES[bench].read(each["asked"])
        assert (reading.architecture.hash, reading.architecture.spec) == (
            each["hash"],
            each["spec"],
        )
    assert http.get(f"/benches/{bench}/sample?n=10001").status_code == 422
    assert http.get("/benches/nb9/sample").status_code == 422
