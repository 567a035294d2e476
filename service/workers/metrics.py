"""A worker's own numbers for Prometheus: its passes, chunks, writes, memory, and what waited."""

import resource
import sys
from collections.abc import Mapping, Sequence

import torch
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from service.db.evaluations import Claimed

PASS_SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""A pass of `fast` takes 1 to 100 ms, and has most of the bounds; all passes of a `full` NB101
network take up to a minute."""

QUEUED_SECONDS = (
    *(0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    *(60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0),
)
"""Live work waits milliseconds for an idle worker, for a busy one a chunk of a second or a heavy
network of a minute; bulk work waits hours."""

CHUNK_SIZES = (1, 2, 4, 8, 16, 32, 64)
"""A heavy network is a chunk by itself; NASCORE_CHUNK_LIMIT is 64 by default."""

WRITE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
"""A few rows and their commit take milliseconds; seconds mean locks, half a minute a database that
was away."""

# What getrusage counts in: kilobytes, but on macOS bytes.
_RUSAGE_BYTES = 1 if sys.platform == "darwin" else 1024


class Metrics:
    """Counted from the worker's start, whether served or not: a few dictionary look-ups each.

    The device is a label of all of them, so that sums over workers can be told apart by it; the
    worker itself is Prometheus's `instance`.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._registry = registry = CollectorRegistry()
        of_bench = ["device", "bench"]
        self._queued = Histogram(
            "nascore_worker_queued_seconds",
            "Seconds from a job's creation to the claim of each of its architectures",
            [*of_bench, "priority"],
            registry=registry,
            buckets=QUEUED_SECONDS,
        )
        self._chunk = Histogram(
            "nascore_worker_chunk_architectures",
            "Architectures claimed at once",
            of_bench,
            registry=registry,
            buckets=CHUNK_SIZES,
        )
        self._passes = Histogram(
            "nascore_worker_pass_seconds",
            "Seconds of one architecture's build, of each of its passes and of its structure",
            [*of_bench, "pass"],
            registry=registry,
            buckets=PASS_SECONDS,
        )
        self._evaluated = Counter(
            "nascore_worker_evaluated", "Architectures computed", of_bench, registry=registry
        )
        self._failed = Counter(
            "nascore_worker_failed",
            "Architectures set aside with an error",
            of_bench,
            registry=registry,
        )
        self._write = Histogram(
            "nascore_worker_write_seconds",
            "Seconds of writing results together, retries included",
            of_bench,
            registry=registry,
            buckets=WRITE_SECONDS,
        )
        resident = Gauge(
            "nascore_worker_resident_bytes_max",
            "The most memory that the process has held",
            ["device"],
            registry=registry,
        )
        # Read at each scrape, so that nothing is asked between two.
        resident.labels(device).set_function(_resident_bytes_max)
        if torch.device(device).type == "cuda":
            allocated = Gauge(
                "nascore_worker_cuda_bytes_max",
                "The most memory of the GPU that tensors have held",
                ["device"],
                registry=registry,
            )
            allocated.labels(device).set_function(lambda: torch.cuda.max_memory_allocated(device))

    def claimed(self, priority: str, chunk: Sequence[Claimed]) -> None:
        """A chunk, which is of one job and has at least one member."""
        bench = chunk[0].bench
        self._chunk.labels(self._device, bench).observe(len(chunk))
        queued = self._queued.labels(self._device, bench, priority)
        for claimed in chunk:
            queued.observe(claimed.queued_seconds)

    def evaluated(self, bench: str, passes: Mapping[str, float]) -> None:
        """An architecture, with the seconds of its build, of each pass and of its structure."""
        self._evaluated.labels(self._device, bench).inc()
        for name, seconds in passes.items():
            self._passes.labels(self._device, bench, name).observe(seconds)

    def failed(self, bench: str) -> None:
        self._failed.labels(self._device, bench).inc()

    def written(self, bench: str, seconds: float) -> None:
        self._write.labels(self._device, bench).observe(seconds)

    def serve(self, address: str, port: int) -> None:
        """Answers GET /metrics from threads beside the computation until the process ends.

        Raises OSError where it cannot listen.
        """
        start_http_server(port, address, self._registry)


def _resident_bytes_max() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RUSAGE_BYTES
