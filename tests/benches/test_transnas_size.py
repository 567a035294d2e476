"""The networks of both TransNAS spaces have the parameters that another tool found."""

import pytest

from service.benches import BENCHES

from .data import rows

CLASSES = {"class_scene": 63, "class_object": 100}
"""Of the heads that NAS-Bench-Suite-Zero has built."""


@pytest.mark.parametrize(
    ("name", "space", "count"),
    [
        # Operations that no path uses count there: of cells without any.
        ("transnas_micro", "transbench101_micro", 364),
        ("transnas_macro", "transbench101_macro", 662),
    ],
)
def test_full_networks_are_as_large_as_published(name: str, space: str, count: int) -> None:
    bench, found = BENCHES[name], 0
    for row in rows("suitezero_proxies.csv.gz"):
        if row["space"] != space or row["dataset"] not in CLASSES:
            continue
        spec = {"arch": row["arch"]}
        if bench.whole(spec):
            size = bench.size(spec, bench.skeletons["full"], CLASSES[row["dataset"]])
            assert float(f"{size.parameters / 1e6:.7g}") == float(row["params"])
            found += 1
    assert found == len(CLASSES) * count
