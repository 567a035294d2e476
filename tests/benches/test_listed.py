"""What holds of every bench that is small enough to be listed, whatever it is of."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.benches import BENCHES, Bench, InvalidSpellingError, Reading

LISTED = [bench for bench in BENCHES.values() if bench.everything is not None]

FIRST_OF_SEED_0 = {
    "nb201": "|avg_pool_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|"
    "+|none~0|skip_connect~1|avg_pool_3x3~2|",
    "nb_macro": "11002112",
    "transnas_micro": "64-41414-2_02_123",
    "transnas_macro": "64-14334-basic",
}
"""Drawn before other code drew them: what a seed gives stays."""


def everything(bench: Bench) -> Sequence[Reading]:
    assert bench.everything is not None
    return bench.everything()


@pytest.mark.parametrize("bench", LISTED, ids=lambda bench: bench.name)
def test_classes_part_the_spellings_and_have_one_representative(bench: Bench) -> None:
    found = everything(bench)
    hashes = [each.architecture.hash for each in found]
    assert hashes == sorted(set(hashes))
    assert len(hashes) == bench.classes
    assert all(len(key) == 32 and int(key, 16) >= 0 for key in hashes)
    told = set()
    for reading in found:
        spec = reading.architecture.spec
        assert reading.asked == spec
        specs = bench.spellings(spec)
        assert specs[0] == spec
        for each in specs:
            again = bench.read(each)
            assert (again.asked, again.architecture) == (each, reading.architecture)
            assert str(each) not in told
            told.add(str(each))


@pytest.mark.parametrize("bench", LISTED, ids=lambda bench: bench.name)
def test_edits_go_both_ways_and_lead_everywhere(bench: Bench) -> None:
    near: dict[str, list[str]] = {}
    for reading in everything(bench):
        own = reading.architecture
        found = bench.neighbours(own.spec)
        near[own.hash] = [each.hash for each in found]
        assert near[own.hash] == sorted({*near[own.hash]} - {own.hash})
        assert all(bench.read(each.spec).architecture == each for each in found[:3])
    assert all(own in near[other] for own, others in near.items() for other in others)
    reached, todo = set(), [next(iter(near))]
    while todo:
        if (here := todo.pop()) not in reached:
            reached.add(here)
            todo += near[here]
    assert reached == near.keys()


@pytest.mark.parametrize("bench", LISTED, ids=lambda bench: bench.name)
def test_names_spell_what_the_string_does(bench: Bench) -> None:
    for reading in bench.sample(100, 3):
        assert bench.read({"ops": list(bench.in_slots(reading.asked))}) == reading


@pytest.mark.parametrize("name", FIRST_OF_SEED_0)
def test_a_seed_draws_what_it_has_always_drawn(name: str) -> None:
    (reading,) = BENCHES[name].sample(1, 0)
    assert reading.asked == {"arch": FIRST_OF_SEED_0[name]}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@pytest.mark.parametrize("bench", BENCHES.values(), ids=BENCHES)
@given(
    spelling=st.dictionaries(st.sampled_from(["arch", "ops", "matrix"]), json_values, max_size=2)
)
def test_no_json_is_worse_than_invalid(bench: Bench, spelling: dict[str, object]) -> None:
    with pytest.raises(InvalidSpellingError) as refusal:
        bench.read(spelling)
    assert refusal.value.valid
    assert len(str(refusal.value)) < 500
