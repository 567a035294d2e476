"""Size classes cut no range wrongly: what is wholly within is, and nothing within is left out."""

from hypothesis import given
from hypothesis import strategies as st

from service.db.size_classes import STEPS, Range, meeting, size_class

numbers = st.one_of(
    st.integers(1, 200), st.integers(1, 2**62), st.integers(0, 61).map(lambda e: 2**e)
)
bounds = st.one_of(st.none(), st.just(0), numbers)


def within(number: int, least: int | None, most: int | None) -> bool:
    return (least is None or least <= number) and (most is None or number <= most)


@given(st.lists(st.tuples(numbers, numbers), min_size=1), bounds, bounds, bounds, bounds)
def test_classes_that_meet_ranges(
    sizes: list[tuple[int, int]],
    parameters_min: int | None,
    parameters_max: int | None,
    flops_min: int | None,
    flops_max: int | None,
) -> None:
    parameters, flops = Range(parameters_min, parameters_max), Range(flops_min, flops_max)
    whole, cut = meeting({size_class(*size) for size in sizes}, parameters, flops)
    assert not set(whole) & set(cut)
    for size in sizes:
        inside = within(size[0], parameters_min, parameters_max) and within(
            size[1], flops_min, flops_max
        )
        if size_class(*size) in whole:
            assert inside
        elif inside:
            assert size_class(*size) in cut


@given(numbers, numbers)
def test_a_larger_number_is_in_no_smaller_class(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert size_class(small, 1) <= size_class(large, 1)
    assert size_class(1, small) <= size_class(1, large)


def test_an_octave_has_as_many_steps_as_it_should() -> None:
    classes = {size_class(number, 1) for number in range(1 << 10, 1 << 11)}
    assert len(classes) == STEPS
    assert {size_class(number, 1) for number in (2048, 2048 + 255)} == {size_class(2048, 1)}
    assert size_class(2048 + 256, 1) != size_class(2048, 1)
