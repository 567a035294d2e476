"""What spellings mean, before anybody scores them."""

import asyncio

from fastapi import APIRouter, Response

from service.api import asking, drawings, pieces, problems
from service.api.deps import SettingsDep
from service.api.schemas.drawing import Drawing
from service.api.schemas.read import Read, ReadAnswer, ReadRequest
from service.api.strict_json import JsonRoute
from service.benches import Bench, Reading
from service.db.architectures import CLASSES

router = APIRouter(route_class=JsonRoute, prefix="/architectures", tags=["architectures"])


@router.post(
    "/read",
    operation_id="read",
    summary="Spellings as they are read: hash, representative, size, drawing",
    response_model=ReadAnswer,
    responses=problems.responses(*problems.OF_A_BODY),
)
async def read(request: ReadRequest, settings: SettingsDep) -> Response:
    """In the order asked. Asks no database, and refuses what `POST /score` would refuse."""
    bench = asking.bench_named(request.bench)
    readings = await asking.readings_of(request.architectures, bench, settings)
    drawings.check(request.drawing, "architectures", len(readings), settings)
    classes = {each.architecture.hash: each.architecture.spec for each in readings}
    drawn = await drawings.of(bench, classes if request.drawing else {})
    found = await asyncio.to_thread(
        lambda: [_read(bench, each, drawn.get(each.architecture.hash)) for each in readings]
    )
    return pieces.answer(ReadAnswer(bench=bench.name, architectures=[]), found)


def _read(bench: Bench, reading: Reading, drawing: Drawing | None) -> Read:
    architecture = reading.architecture
    parameters, flops = bench.size(architecture.spec, bench.skeletons["full"], CLASSES)
    return Read(
        hash=architecture.hash,
        asked=reading.asked,
        slots=list(bench.in_slots(reading.asked)),
        spec=architecture.spec,
        whole=bench.whole(reading.asked),
        parameters=parameters,
        flops=flops,
        drawing=drawing,
    )
