"""nascore up"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from service.settings import settings

if TYPE_CHECKING:
    from service.local import Processes

READY_SECONDS = 120.0
"""Importing torch takes two seconds; a loaded machine may take many times that."""

LAST_PORT = 65535


def command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
    data_dir: Annotated[
        Path, typer.Option(help="Where the embedded servers keep their data.")
    ] = Path(".nascore"),
    device: Annotated[
        list[str] | None,
        typer.Option(help="A device, a worker each; repeat it. By default one cpu a core."),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=LAST_PORT,
            help="Serve the workers' Prometheus metrics: the first's here, each next one higher.",
        ),
    ] = None,
) -> None:
    """Run all of it on one machine: PostgreSQL, Valkey, the API and its workers, until Ctrl-C.

    With NASCORE_DATABASE_URL and NASCORE_REDIS_URL set, servers elsewhere are used instead.
    """
    from service.local import LocalServerError, Processes

    stopping = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "logs").mkdir(exist_ok=True)
    try:
        _check_free(host, port, "--port")
        devices = device or ["cpu"] * (os.cpu_count() or 1)
        served = _metrics_ports(metrics_port, len(devices), port)
        with ExitStack() as stack:
            environment, revive = stack.enter_context(_servers(data_dir))
            _migrate(environment)
            processes = stack.enter_context(Processes(data_dir / "logs", _say))
            nascore = [sys.executable, "-m", "service.cli"]
            serve = ["api", "--host", host, "--port", str(port)]
            processes.start("api", [*nascore, *serve], environment)
            for index, name in enumerate(devices):
                # With several workers, one stays free for live work.
                reserved = ["--reserved"] if index == 0 and len(devices) > 1 else []
                watched = ["--metrics-port", str(served[index])] if served else []
                shared = ["--workers", str(len(devices))]
                work = ["worker", "--device", name, *shared, *reserved, *watched]
                processes.start(f"worker-{index}", [*nascore, *work], environment)

            def stopped() -> bool:
                for name in revive():
                    _say(name, "had died and runs again")
                return stopping.is_set()

            address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            if _wait_until_ready(address, processes, stopped):
                _say("workers", ", ".join(devices))
                if served:
                    _say("metrics", f"of the workers: ports {served[0]} to {served[-1]}")
                _say("api", f"{address}  documentation: {address}/docs")
                _say("data", f"{data_dir.resolve()}  logs: {data_dir.resolve() / 'logs'}")
                _say("ready", "Ctrl-C stops it")
                processes.watch(stopped)
            _say("stopping", "open requests and architectures at hand are finished first")
    except LocalServerError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(1) from None
    _say("stopped", "every acknowledged score is kept")


@contextmanager
def _servers(data_dir: Path) -> Iterator[tuple[dict[str, str], Callable[[], list[str]]]]:
    """The environment of the service's processes, and what keeps the embedded servers alive."""
    from service.local import LocalServerError, Servers

    names = ("NASCORE_DATABASE_URL", "NASCORE_REDIS_URL")
    given = [name for name in names if name in os.environ]
    if len(given) == 1:
        raise LocalServerError(f"{given[0]} is set alone: set both of {', '.join(names)}, or none.")
    if given:
        _say("servers", f"as {' and '.join(given)} say")
        yield dict(os.environ), list
        return
    with Servers(data_dir) as servers:
        for name, pid in servers.pids.items():
            _say(name, f"embedded, process {pid}")
        urls = (servers.database_url, servers.redis_url)
        yield {**os.environ, **dict(zip(names, urls, strict=True))}, servers.revive


def _check_free(host: str, port: int, option: str) -> None:
    """Before anything starts: another service on the port would answer in its stead."""
    from service.local import LocalServerError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As uvicorn does: connections of an earlier service that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise LocalServerError(
                f"Cannot listen on {host} port {port}: {reason}. Choose another with {option}."
            ) from None


def _metrics_ports(first: int | None, workers: int, port: int) -> range:
    """A free port a worker, none where nobody asked for metrics."""
    from service.local import LocalServerError

    if first is None:
        return range(0)
    ports = range(first, first + workers)
    if ports[-1] > LAST_PORT or port in ports:
        raise LocalServerError(
            f"The workers' metrics want ports {first} to {ports[-1]}: no more than {LAST_PORT}, "
            f"and not the API's {port}. Choose another with --metrics-port."
        )
    for each in ports:
        _check_free(settings().metrics_address, each, "--metrics-port")
    return ports


def _migrate(environment: dict[str, str]) -> None:
    from service.db.migrate import migrate

    migrate(environment.get("NASCORE_DATABASE_URL", settings().database_url))
    _say("database", "tables and minibatches are there")


def _wait_until_ready(address: str, processes: "Processes", stopped: Callable[[], bool]) -> bool:
    import httpx2

    from service.local import LocalServerError

    deadline = time.monotonic() + READY_SECONDS
    while not stopped():
        processes.poll()
        try:
            if httpx2.get(f"{address}/readyz", timeout=5.0).is_success:
                return True
        except httpx2.TransportError:
            pass
        if time.monotonic() > deadline:
            raise LocalServerError(f"Not ready after {READY_SECONDS:g} s: see the logs.")
        time.sleep(0.1)
    return False


def _say(part: str, text: str) -> None:
    typer.echo(f"{part:<10} {text}")
