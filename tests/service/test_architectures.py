"""GET /architectures, /benches, /proxies, /protocols, /datasets: what is known, and of what."""

import httpx2
import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from tests.service.running import ask

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
    assert scores["nwot"]["device"] == "cpu"
    assert scores["nwot"]["torch"].startswith("2.")
    assert scores["nwot"]["seconds"] > 0
    assert found["accuracy"] is None


def test_the_catalogue_names_what_can_be_asked_for(http: httpx2.Client) -> None:
    benches = {bench["name"]: bench for bench in http.get("/benches").json()}
    assert set(benches) == set(BENCHES)
    proxies = {proxy["name"]: proxy for proxy in http.get("/proxies").json()}
    assert list(proxies) == list(CATALOGUE)
    assert proxies["snip"]["better"] == {"nb101": "smaller", "nb201": "larger"}
    protocols = {protocol["name"]: protocol for protocol in http.get("/protocols").json()}
    assert set(protocols) == {"full", "fast"}
    for name, bench in benches.items():
        answer = ask(http, {"bench": name, **bench["example"], "proxies": ["params"]}).json()
        assert answer["protocol"] == protocols["fast"]["benches"][name]
    (dataset,) = http.get("/datasets").json()
    assert dataset["name"] == "patches"
    assert "CC0" in dataset["licence"]
    stored = {minibatch["sha256"] for minibatch in dataset["minibatches"]}
    used = {each["minibatch"] for p in protocols.values() for each in p["benches"].values()}
    assert used == stored
