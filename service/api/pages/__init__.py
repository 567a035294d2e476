"""The pages for people: files of this package, which read and write by the same calls as anyone."""

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FILES = Path(__file__).parent / "files"

FIRST = "/pages/rank"
"""Where a browser is sent that asks for the service itself."""

NAMES = ("rank", "architecture", "evidence", "work", "try")
"""One HTML file each."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        # Nothing becomes HTML but the literal parts of templates.
        "require-trusted-types-for 'script'",
        "trusted-types lit-html",
    )
)
"""Nothing from another host, nothing inline."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    # Asked for anew each time, and answered by 304 where it is the same: pages and their modules
    # never mix two versions.
    "Cache-Control": "no-cache",
    "Referrer-Policy": "same-origin",
}


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers.update(HEADERS)
        return answer


def serve(app: FastAPI) -> None:
    """Adds the pages to an app; its OpenAPI document has the calls alone."""
    files = _Files(directory=FILES)
    router = APIRouter(include_in_schema=False)

    def add(name: str) -> None:
        @router.get(f"/pages/{name}")
        async def page(request: Request) -> Response:
            return await files.get_response(f"{name}.html", request.scope)

    for name in NAMES:
        add(name)
    app.include_router(router)
    app.mount("/pages/files", files, name="pages")
