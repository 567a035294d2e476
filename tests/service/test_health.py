"""/healthz, /readyz, /metrics, /docs and the OpenAPI document."""

import subprocess
import sys

import httpx2

from tests.service.running import Running, ask


def test_ready_names_what_is_missing(http: httpx2.Client, running: Running) -> None:
    assert http.get("/healthz").json() == {"status": "live"}
    missing = http.get("/readyz")
    assert missing.status_code == 503
    assert [fault["field"] for fault in missing.json()["errors"]] == ["workers"]
    running.start_worker()
    assert http.get("/readyz").json() == {"status": "ready"}
    running.end_workers()
    assert http.get("/readyz").status_code == 503


def test_metrics_count_requests_and_work(http: httpx2.Client) -> None:
    arch = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
    assert ask(http, {"bench": "nb201", "arch": arch}, wait=None).status_code == 202
    metrics = http.get("/metrics")
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert 'nascore_evaluations{state="queued"} 1.0' in metrics.text
    assert 'nascore_request_seconds_count{method="POST",route="/score",status="202"} 1.0' in (
        metrics.text
    )


def test_docs_need_no_other_host(http: httpx2.Client) -> None:
    page = http.get("/docs").text
    assert "https://" not in page
    assert "http://" not in page
    assert http.get("/assets/swagger-ui-bundle.js").status_code == 200
    assert http.get("/assets/swagger-ui.css").status_code == 200


def test_openapi_tells_every_call_its_errors_and_an_example(http: httpx2.Client) -> None:
    document = http.get("/openapi.json").json()
    calls = {
        (method.upper(), path): call
        for path, methods in document["paths"].items()
        for method, call in methods.items()
    }
    assert ("POST", "/score") in calls
    assert ("GET", "/rank") in calls
    assert len({call["operationId"] for call in calls.values()}) == len(calls)
    for call in calls.values():
        for status, response in call["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], call
    assert "Problem" in document["components"]["schemas"]
    examples = document["components"]["schemas"]["ScoreRequest"]["examples"]
    for example in examples:
        answer = http.post("/score", json=example)
        assert answer.status_code in (200, 202), answer.text


def test_the_api_imports_no_torch() -> None:
    script = (
        "import sys; from service.api.app import create_app; from service.settings import Settings;"
        "create_app(Settings()); assert not {'torch', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
