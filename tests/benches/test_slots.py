"""What `GET /benches` says of spellings, so that a cell can be put together by hand."""

import pytest

from service.benches import BENCHES, Bench

BASE = {"transnas_macro": ["wider_smaller", "wider_smaller", *["normal"] * 4]}
"""By bench, where not every combination is of the space: one that any choice may be changed in."""


@pytest.mark.parametrize("bench", [bench for bench in BENCHES.values() if bench.slots])
def test_a_bench_reads_what_its_slots_offer(bench: Bench) -> None:
    for slot, choice in [(s, c) for s in range(len(bench.slots)) for c in bench.slots[s].choices]:
        ops = list(BASE.get(bench.name, [each.choices[0] for each in bench.slots]))
        ops[slot] = choice
        reading = bench.read({"ops": ops})
        assert list(bench.in_slots(reading.asked)) == ops
        assert reading.asked.keys() <= set(bench.spelling_fields)
        least = [o for o, each in zip(ops, bench.slots, strict=True) if not each.optional]
        bench.read({"ops": least})
    if bench.text_field is not None:
        (spec,) = [reading.asked for reading in bench.sample(1, 0)]
        assert isinstance(spec.get(bench.text_field), str)
