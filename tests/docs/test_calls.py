"""docs/http.md describes the calls that exist, and every one of them."""

import re
from pathlib import Path

from service.api.app import create_app
from service.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
NAMES = {"job_id": "id", "digest": "hash"}
"""What the page calls a parameter of a path."""


def test_the_page_lists_the_calls_there_are() -> None:
    documented = set()
    for line in PAGE.read_text().splitlines():
        if re.match(r"\| (\[)?`(GET|POST|PUT|DELETE) ", line):
            method = ""
            for call in re.findall(r"`([^`]+)`", line.split("|")[1]):
                *given, path = call.split()
                method = given[0] if given else method
                documented.add((method, path))
    existing = {
        (method.upper(), re.sub(r"{(\w+)}", lambda m: f"{{{NAMES.get(m[1], m[1])}}}", path))
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
    }
    assert documented == existing
