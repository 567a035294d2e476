"""GET /: what the service is, and what it can be asked."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.api import pages
from service.api.deps import SettingsDep
from service.api.negotiation import preferred
from service.api.schemas.root import Call, Introduction, Limits

router = APIRouter(tags=["root"])


JSON, HTML = "application/json", "text/html"


@router.get(
    "/",
    operation_id="root",
    summary="What the service is, its calls and its limits",
    response_model=Introduction,
    responses={303: {"description": "To the pages, for `Accept: text/html`: a browser's"}},
)
async def root(
    request: Request, response: Response, settings: SettingsDep
) -> Introduction | Response:
    """The pages for people are elsewhere: who would rather have HTML is sent there."""
    if preferred(request.headers.get("Accept"), (JSON, HTML)) == HTML:
        return RedirectResponse(pages.FIRST, 303, headers={"Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    app = request.app
    return Introduction(
        name=app.title,
        version=app.version,
        summary=app.summary,
        links={"docs": "/docs", "openapi": app.openapi_url, "pages": pages.FIRST},
        calls={
            call["operationId"]: Call(method=method.upper(), path=path, summary=call["summary"])
            for path, methods in app.openapi()["paths"].items()
            for method, call in methods.items()
        },
        limits=Limits.model_validate(settings),
    )
