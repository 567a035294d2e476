"""The worked cases from the issue trackers of the benchmarks, each with its right answer."""

import json
import re

import pytest

from service.benches import BENCHES, Architecture, InvalidSpellingError, Reading
from service.benches.nb201 import LISTING
from service.benches.nb201_spelling import arch
from service.graph import Graph

from .data import DIRECTORY, path

HEADS = {"cifar10": (10, 32), "cifar100": (100, 32), "ImageNet16-120": (120, 16)}

ONE_ARCHITECTURE = ("same_hash", "same_scores", "all_three_same_scores")


def architecture_cases() -> list[str]:
    """The cases that give a spelling of their own and not only a service's behaviour."""
    file = DIRECTORY / "cases.json"
    if not file.exists():
        return ["absent"]
    cases = json.loads(file.read_text())
    return [case["id"] for case in cases if spellings(case["input"])]


def spellings(given: dict[str, object]) -> list[dict[str, object]]:
    for several in ("pair", "each_of"):
        if several in given:
            return given[several]
    if "raw_json_matrix" in given:
        return [{"matrix": json.loads(given["raw_json_matrix"]), "ops": given["ops"]}]
    one = {key: given[key] for key in ("arch", "matrix", "ops") if key in given}
    return [one] if one else []


def load(name: str) -> dict[str, object]:
    cases = json.loads(path("cases.json").read_text())
    return next(case for case in cases if case["id"] == name)


def full(architecture: Architecture, dataset: str = "cifar10") -> Graph:
    bench = BENCHES[architecture.bench]
    classes, resolution = HEADS[dataset]
    skeleton = {**bench.skeletons["full"], "resolution": resolution}
    return bench.graph(architecture.spec, skeleton, classes)


@pytest.mark.parametrize("name", architecture_cases())
def test_case(name: str) -> None:
    case = load(name)
    expect = case["expect"]
    if "either" in expect:
        # Of two answers that would do, both benches take the spelling.
        expect = next(choice for choice in expect["either"] if "status" not in choice)
    read = BENCHES[case["input"].get("bench", case["bench"])].read
    if expect.get("status") == 422:
        with pytest.raises(InvalidSpellingError) as refusal:
            read(*spellings(case["input"]))
        check_refusal(refusal.value, expect)
    else:
        check_readings([read(spelling) for spelling in spellings(case["input"])], expect)


def check_refusal(error: InvalidSpellingError, expect: dict[str, object]) -> None:
    assert f"{error.field}/".startswith(f"{expect.get('field', 'matrix')}/")
    assert expect.get("reason_contains", "") in error.reason
    assert all(name in error.valid for name in expect.get("reason_lists", []))


def check_readings(readings: list[Reading], expect: dict[str, object]) -> None:
    architectures = [reading.architecture for reading in readings]
    hashes = {architecture.hash for architecture in architectures}
    graphs = [full(architecture) for architecture in architectures]
    if any(expect.get(key) for key in ONE_ARCHITECTURE):
        assert len(hashes) == 1
    if expect.get("different_hash"):
        assert len(hashes) == len(readings)
    for known in (expect.get("hash"), expect.get("same_hash")):
        if isinstance(known, str) and re.fullmatch("[0-9a-f]{32}", known):
            assert hashes == {known}
    if "params" in expect:
        check_each([graph.parameters for graph in graphs], expect["params"])
    flops = expect.get("flops_macs")
    if isinstance(flops, dict):
        for dataset, known in flops.items():
            assert full(architectures[0], dataset).flops == known
    elif flops is not None:
        check_each([graph.flops for graph in graphs], flops)
    if "echo_arch" in expect:
        assert readings[0].asked == {"arch": expect["echo_arch"]}
    if "index" in expect:
        assert readings[0].asked == {"arch": arch(LISTING.codes[expect["index"]])}


def check_each(values: list[int], known: int | list[int]) -> None:
    assert values == (known if isinstance(known, list) else [known] * len(values))
