"""Drawings of an answer's architectures, where they are asked for."""

import asyncio
from collections.abc import Mapping

from service.api import problems
from service.api.problems import Fault
from service.api.schemas.drawing import Drawing
from service.benches import Bench, Spec
from service.benches.drawing import drawing
from service.settings import Settings


def check(asked: bool, field: str, size: int, settings: Settings) -> None:
    """Raises ProblemError where drawings are asked for of more than a page has."""
    if asked and size > settings.page_limit:
        valid = f"1 to {settings.page_limit} with their drawings"
        raise problems.invalid([Fault(field=field, detail=f"{size} drawings", valid=valid)])


async def of(bench: Bench, specs: Mapping[str, Spec]) -> dict[str, Drawing]:
    """The drawing of each spec, by the same key."""
    # Off the event loop: a thousand take most of a second.
    return await asyncio.to_thread(
        lambda: {key: Drawing.of(drawing(bench.vertices(spec))) for key, spec in specs.items()}
    )
