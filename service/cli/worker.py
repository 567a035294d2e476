"""nascore worker"""

import os
import signal
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.workers.metrics import Metrics


def command(
    device: Annotated[str, typer.Option(help="Where to compute: cpu, cuda:0, ...")] = "cpu",
    reserved: Annotated[
        bool, typer.Option(help="Leave heavy bulk work to other workers: stay free for live work.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="How many share this machine's memory; by default one a core."),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Serve Prometheus metrics on this port."),
    ] = None,
) -> None:
    """Compute what is queued, on one device, until told to stop."""
    from service.workers import environment

    # Before anything imports torch, which reads its threads' environment then.
    environment.prepare()

    from service import logs
    from service.db import connect
    from service.queue import Doorbells
    from service.settings import settings
    from service.workers.loop import Worker
    from service.workers.memory import allowed_bytes
    from service.workers.metrics import Metrics

    logs.configure(settings().log_level)
    environment.make_deterministic()
    environment.keep_freed_memory()
    metrics = Metrics(device)
    if metrics_port is not None:
        # Before the service hears of this worker: one that nobody can watch takes no work.
        _serve(metrics, settings().metrics_address, metrics_port)
    doorbells = Doorbells(
        settings().redis_url, settings().redis_timeout_seconds, settings().idle_seconds
    )
    engine = connect.synchronous(settings())
    allowed = allowed_bytes(settings(), device, workers or len(os.sched_getaffinity(0)))
    worker = Worker(settings(), engine, doorbells, metrics, device, reserved, allowed)

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stop()
        signal.setitimer(signal.ITIMER_REAL, settings().stop_seconds)

    def abandon(number: int, frame: FrameType | None) -> None:
        worker.abandon()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGALRM, abandon)
    try:
        worker.run()
    finally:
        # The interpreter drops its handlers while it ends: an alarm then would kill it.
        signal.setitimer(signal.ITIMER_REAL, 0)
        doorbells.close()
        engine.dispose()


def _serve(metrics: "Metrics", address: str, port: int) -> None:
    try:
        metrics.serve(address, port)
    except OSError as error:
        reason = error.strerror or str(error)
        typer.secho(
            f"Cannot serve metrics on {address} port {port}: {reason}. "
            "Choose another with --metrics-port.",
            err=True,
            fg="red",
        )
        raise typer.Exit(1) from None
