"""What a worker hears of before it takes anything."""

from uuid import uuid4

from service.queue import Doorbells
from tests.service.running import Running


def test_live_work_that_waits_is_known_of_and_left_there(running: Running) -> None:
    bells = Doorbells(running.environment["NASCORE_REDIS_URL"], 5.0, 1.0)
    try:
        assert not bells.live_waits()
        bells.ring(uuid4(), "bulk")
        assert not bells.live_waits()
        live = uuid4()
        bells.ring(live, "live")
        assert bells.live_waits()
        assert bells.heard(live_only=True) == live
        assert not bells.live_waits()
    finally:
        bells.close()
