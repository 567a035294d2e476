"""Puts the API together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from importlib.resources import files

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import async_sessionmaker

from service.api import memory, openapi, pages, problems
from service.api.body import Body
from service.api.known_sheets import KnownSheets
from service.api.latest import Latest
from service.api.memory import Collections
from service.api.methods import Methods
from service.api.observe import Observe
from service.api.outlook import Outlook
from service.api.progress import Progress
from service.api.routes import (
    accuracies,
    architectures,
    catalogue,
    correlation,
    health,
    jobs,
    points,
    propose,
    rank,
    read,
    root,
    score,
    standing,
    work,
)
from service.api.security import Security
from service.api.turns import Turns
from service.api.watching import Watching
from service.benches import BENCHES
from service.db import connect
from service.db.standings import Histogram
from service.queue import AsyncDoorbells
from service.settings import Settings

GZIP_FROM_BYTES = 1_000
"""Below one packet, compression only costs."""

GZIP_LEVEL = 4
"""Level 9 takes four times as long for a few per cent."""

HISTOGRAMS_KEPT = 256
"""One a board, and a kilobyte: every view of an architecture shows one, and to make one reads a
whole board."""


def create_app(settings: Settings) -> FastAPI:
    """The whole API; connections are made when it starts and closed when it stops."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = connect.asynchronous(settings)
        doorbells = AsyncDoorbells(settings.redis_url, settings.redis_timeout_seconds)
        progress = Progress(doorbells, settings.poll_seconds)
        database = async_sessionmaker(engine, expire_on_commit=False)
        outlook = Outlook(database, settings)
        watching = Watching(database, progress, outlook, settings)
        app.state.database = database
        app.state.outlook = outlook
        app.state.watching = watching
        app.state.doorbells = doorbells
        app.state.progress = progress
        listener = asyncio.create_task(progress.listen())
        warming = asyncio.create_task(_warm())
        yield
        await warming
        await watching.close()
        listener.cancel()
        # A Redis client that is just connecting may swallow the cancellation.
        await asyncio.wait([listener], timeout=settings.redis_timeout_seconds)
        await doorbells.close()
        await engine.dispose()

    app = FastAPI(
        title="nascore",
        version=version("nascore"),
        summary="Scores neural architectures before anyone trains them.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # A path with one slash too many is another path: a redirect would forget a body.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.turns = Turns()
    app.state.known_sheets = KnownSheets()
    app.state.histograms = Latest[Histogram](HISTOGRAMS_KEPT, lambda _: 1)
    app.state.registry = registry = CollectorRegistry()
    # The last added is the first to see a request.
    problems.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
    app.add_middleware(
        Body,
        limit=settings.body_bytes_limit,
        limits={"/accuracies": settings.accuracies_body_bytes_limit},
    )
    app.add_middleware(Methods)
    app.add_middleware(Security)
    app.add_middleware(Collections)
    app.add_middleware(Observe, registry=registry)
    for noun in (
        root,
        score,
        propose,
        jobs,
        work,
        rank,
        correlation,
        points,
        architectures,
        read,
        standing,
        accuracies,
        catalogue,
        health,
    ):
        app.include_router(noun.router)
    _serve_docs(app)
    pages.serve(app)
    describe = app.openapi
    # FastAPI's own way to extend the document is to put another function in its place.
    app.openapi = lambda: openapi.describe(describe())  # type: ignore[method-assign]
    return app


async def _warm() -> None:
    # The first request of a bench would pay for its table of classes: a third of a second.
    for bench in BENCHES.values():
        await asyncio.to_thread(bench.read, bench.example)
    memory.settle()


def _serve_docs(app: FastAPI) -> None:
    """Swagger UI from files of this machine: the page works without a network."""
    # A package that keeps up with Swagger UI: an old one refuses OpenAPI 3.1.
    static = str(files("fastapi_offline") / "static")
    app.mount("/assets", StaticFiles(directory=static), name="assets")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="nascore",
            swagger_js_url="/assets/swagger-ui-bundle.js",
            swagger_css_url="/assets/swagger-ui.css",
            swagger_favicon_url="/assets/favicon.png",
        )
