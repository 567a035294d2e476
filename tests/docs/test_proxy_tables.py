"""The proxies in the documentation are those of the catalogue, in its order."""

import re
from pathlib import Path

import pytest

from service.benches import BENCHES
from service.catalogue import CATALOGUE
from service.ensembles import ENSEMBLES

ROOT = Path(__file__).parents[2]


def table(page: str, head: str) -> list[list[str]]:
    """The cells of the rows of the table whose head begins so."""
    lines = (ROOT / page).read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(head)) + 2
    end = next(number for number in range(start, len(lines)) if not lines[number])
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[start:end]]


def test_the_readme_names_every_proxy_and_its_direction() -> None:
    assert [(row[0], *row[3:]) for row in table("README.md", "| proxy | what it is |")] == [
        (f"`{proxy.name}`", *(proxy.better[bench] for bench in BENCHES))
        for proxy in CATALOGUE.values()
    ]


def test_every_proxy_has_its_formula_and_its_section() -> None:
    rows = table("docs/proxies.md", "| proxy | formula |")
    assert sorted(row[0] for row in rows) == sorted(f"`{name}`" for name in CATALOGUE)
    sections = re.findall(r"^### (\w+)$", (ROOT / "docs/proxies.md").read_text(), re.MULTILINE)
    assert set(sections) == set(CATALOGUE)


def test_every_ensemble_is_described_as_it_is() -> None:
    rows = table("docs/ensembles.md", "| ensemble | proxies |")
    for row, ensemble in zip(rows, ENSEMBLES.values(), strict=True):
        signs = (f"`{'-' if sign < 0 else ''}{name}`" for name, sign in ensemble.members.items())
        terms = " ".join(signs)
        labels = ensemble.labels or "no"
        assert row == [f"`{ensemble.name}`", terms, f"`{ensemble.rule}`", labels]


def test_the_bounds_of_an_audit_are_those_it_uses() -> None:
    pytest.importorskip("torch", reason="the bounds are a worker's")
    from service.workers.audit import BOUNDS

    rows = table("docs/operations.md", "| proxy | bound |")
    assert [row[0] for row in rows] == [f"`{name}`" for name in CATALOGUE]
    assert [row[1] for row in rows] == [f"{BOUNDS[name]:g}" for name in CATALOGUE]
