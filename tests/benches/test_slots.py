"""What `GET /benches` says of spellings, so that a cell can be put together by hand."""

import pytest

from service.benches import BENCHES, Bench


@pytest.mark.parametrize("bench", [bench for bench in BENCHES.values() if bench.slots])
def test_slots_offer_what_spellings_have(bench: Bench) -> None:
    found = [bench.in_slots(reading.asked) for reading in bench.sample(1_000, 0)]
    least = sum(not slot.optional for slot in bench.slots)
    assert {len(ops) for ops in found} == set(range(least, len(bench.slots) + 1))
    offered = {(slot.name, choice) for slot in bench.slots for choice in slot.choices}
    stands = {
        (slot.name, choice) for ops in found for slot, choice in zip(bench.slots, ops, strict=False)
    }
    assert stands == offered


@pytest.mark.parametrize("bench", [bench for bench in BENCHES.values() if bench.text_field])
def test_a_spelling_has_the_fields_that_are_told(bench: Bench) -> None:
    (spec,) = [reading.asked for reading in bench.sample(1, 0)]
    assert spec.keys() <= set(bench.spelling_fields)
    assert isinstance(spec[str(bench.text_field)], str)
