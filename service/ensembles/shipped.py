"""The reference populations that come with the package, and the files they come in."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from service.ensembles.population import Population
from service.protocol import Protocol

FOLDER = Path(__file__).parent / "populations"


def shipped() -> Iterator[tuple[Protocol, Population]]:
    """Every population of the package with its protocol."""
    for path in sorted(FOLDER.glob("*.json.gz")):
        yield unpacked(path.read_bytes())


def packed(protocol: Protocol, population: Population) -> bytes:
    """The same file for the same population: compressed JSON, an undefined score being null."""
    document = {
        "protocol": asdict(protocol),
        "description": population.description,
        "hashes": population.hashes,
        "scores": {
            proxy: {
                "revision": population.revisions[proxy],
                "values": [None if np.isnan(value) else value for value in values.tolist()],
            }
            for proxy, values in sorted(population.scores.items())
        },
    }
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), mtime=0)


def unpacked(file: bytes) -> tuple[Protocol, Population]:
    """What `packed` made a file of."""
    document = json.loads(gzip.decompress(file))
    scores = document["scores"]
    return Protocol(**document["protocol"]), Population(
        description=document["description"],
        hashes=tuple(document["hashes"]),
        revisions={proxy: each["revision"] for proxy, each in scores.items()},
        scores={proxy: np.array(each["values"], np.float64) for proxy, each in scores.items()},
    )
