"""A bench that nothing but its own file knows of is served like any other."""

import httpx2
import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.ensembles import DEFAULT_ENSEMBLE
from tests.service.running import ask

FIRST = {"nb101", "nb201"}
"""These are what all other tests are of."""

OTHERS = sorted(BENCHES.keys() - FIRST)

pytestmark = pytest.mark.usefixtures("worker")


@pytest.mark.parametrize("bench", OTHERS)
def test_it_is_scored_ranked_proposed_and_shown(http: httpx2.Client, bench: str) -> None:
    found = BENCHES[bench]
    answer = ask(http, {"bench": bench, "architecture": found.example}, wait=120)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["state"] == "done"
    skeleton, classes = found.skeletons["fast"], answer.json()["protocol"]["classes"]
    assert answer.json()["protocol"]["skeleton"] == skeleton
    size = found.size(result["spec"], skeleton, classes)
    assert (result["scores"]["params"], result["scores"]["flops"]) == size
    scored = {name for name in CATALOGUE if result["scores"][name] is not None}
    assert scored | result["undefined"].keys() >= CATALOGUE.keys()
    # No population came with it: ensembles say so.
    assert "reference population" in result["undefined"][DEFAULT_ENSEMBLE[bench]]

    board = http.get(f"/rank?bench={bench}&proxy=snip").json()
    assert [item["hash"] for item in board["items"]] == [result["hash"]]
    assert board["direction"] == CATALOGUE["snip"].better[bench]

    body = {"bench": bench, "proxy": "params", "parents": [result["hash"]], "k": 3}
    proposed = http.post("/propose", json=body, headers={"Prefer": "wait=60"}).json()
    children = found.neighbours(result["spec"])
    assert proposed["considered"] == len(children)
    best = max(found.size(each.spec, skeleton, classes).parameters for each in children)
    assert proposed["items"][0]["score"] == best

    shown = http.get(f"/architectures/{bench}/{result['hash']}").json()
    assert shown["spec"] == result["spec"]
    sampled = http.get(f"/benches/{bench}/sample?n=3&seed=1").json()["architectures"]
    assert [each["hash"] for each in sampled] == [
        reading.architecture.hash for reading in found.sample(3, 1)
    ]


@pytest.mark.parametrize("bench", OTHERS)
def test_what_is_wrong_with_a_spelling_is_named(http: httpx2.Client, bench: str) -> None:
    slots = BENCHES[bench].slots
    ops = [slot.choices[0] for slot in slots[:-1]] + ["nonsense"]
    answer = http.post("/score", json={"bench": bench, "ops": ops})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"] == f"ops/{len(slots) - 1}"
    assert slots[0].choices[0] in fault["valid"]
