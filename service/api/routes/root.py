"""GET /: what the service is, and what it can be asked."""

from fastapi import APIRouter, Request

from service.api.deps import SettingsDep
from service.api.schemas.root import Call, Introduction, Limits

router = APIRouter(tags=["root"])


@router.get("/", operation_id="root", summary="What the service is, its calls and its limits")
async def root(request: Request, settings: SettingsDep) -> Introduction:
    app = request.app
    return Introduction(
        name=app.title,
        version=app.version,
        summary=app.summary,
        links={"docs": "/docs", "openapi": app.openapi_url},
        calls={
            call["operationId"]: Call(method=method.upper(), path=path, summary=call["summary"])
            for path, methods in app.openapi()["paths"].items()
            for method, call in methods.items()
        },
        limits=Limits.model_validate(settings),
    )
