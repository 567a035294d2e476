"""GET /: a client needs no other address."""

import httpx2

from service.settings import Settings


def test_the_root_leads_everywhere(http: httpx2.Client) -> None:
    root = http.get("/").json()
    assert root["name"] == "nascore"
    for link in root["links"].values():
        assert http.get(link).status_code == 200
    document = http.get(root["links"]["openapi"]).json()
    assert root["version"] == document["info"]["version"]
    assert {(call["method"].lower(), call["path"]) for call in root["calls"].values()} == {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }
    assert root["calls"]["score"]["summary"]


def test_the_root_says_the_limits(http: httpx2.Client) -> None:
    limits = http.get("/").json()["limits"]
    assert limits["architectures_limit"] == 10_000
    defaults = Settings().model_dump()
    assert limits == {name: defaults[name] for name in limits}
