"""The service's introduction."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from service.settings import Settings

LIMITS = (
    "architectures_limit",
    "live_limit",
    "queue_limit",
    "body_bytes_limit",
    "accuracies_limit",
    "accuracies_body_bytes_limit",
    "page_limit",
    "wait_seconds_limit",
)
"""The settings that a client may want to know."""


class Call(BaseModel):
    """One of the service's calls."""

    method: str = Field(examples=["POST"])
    path: str = Field(description="A URI template (RFC 6570).", examples=["/score"])
    summary: str


def _field(name: str) -> Any:
    setting = Settings.model_fields[name]
    return setting.annotation, Field(description=setting.description, examples=[setting.default])


Limits = create_model(
    "Limits",
    __config__=ConfigDict(from_attributes=True),
    __doc__="What one request may ask for.",
    **{name: _field(name) for name in LIMITS},
)


class Introduction(BaseModel):
    """What this is, what can be asked of it, and how much at once."""

    name: str = Field(examples=["nascore"])
    version: str
    summary: str
    links: dict[str, str] = Field(
        examples=[{"docs": "/docs", "openapi": "/openapi.json", "pages": "/pages/rank"}]
    )
    calls: dict[str, Call] = Field(description="By operation id.")
    limits: Limits
