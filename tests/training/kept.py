"""A run that two processes share through a folder."""

from pathlib import Path

from service.benches import BENCHES
from service.graph import Graph
from tests.training.toy import noise, recipe

RECIPE = recipe(6, resolution=8, batch_size=16)
SPLIT = noise(train=90, test=20, classes=4)


def graph() -> Graph:
    """NB201's example, one cell a stage."""
    bench = BENCHES["nb201"]
    spec = bench.read(bench.example).architecture.spec
    return bench.graph(spec, {**RECIPE.skeleton("nb201"), "cells": 1}, SPLIT.classes)


def kept(folder: Path) -> dict[int, bytes]:
    """The bytes of each epoch's checkpoint."""
    return {int(file.stem): file.read_bytes() for file in sorted(folder.glob("*.checkpoint"))}
