"""nascore api"""

from typing import Annotated

import typer

STOP_SECONDS = 10
"""Open requests have this long to end; those that wait for a job can ask again."""


def command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8000,
) -> None:
    """Serve HTTP from the servers that NASCORE_DATABASE_URL and NASCORE_REDIS_URL name."""
    import uvicorn

    from service import logs
    from service.api import memory
    from service.api.app import create_app
    from service.api.malformed import HEAD_BYTES_LIMIT, HttpProtocol
    from service.settings import settings

    memory.give_back()
    logs.configure(settings().log_level)
    uvicorn.run(
        create_app(settings()),
        host=host,
        port=port,
        http=HttpProtocol,
        h11_max_incomplete_event_size=HEAD_BYTES_LIMIT,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
