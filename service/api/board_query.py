"""Which board a request asks for, and what of it: a filter, from which row on in which order."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query

from service.api import problems
from service.api.problems import Fault
from service.api.schemas.rank import Sort
from service.api.schemas.score import NAME, SEEDS
from service.db.boards import Filter
from service.db.size_classes import Range


@dataclass(frozen=True, slots=True)
class Which:
    """Which board, and of which series the accuracies beside it are."""

    bench: str
    proxy: str | None
    protocol: str
    dataset: str
    seed: int
    truth: str | None


def named(
    bench: Annotated[str, Query(pattern=NAME, examples=["nb201"])],
    proxy: Annotated[
        str | None,
        Query(pattern=NAME, description="A proxy or an ensemble; the bench's default ensemble."),
    ] = None,
    protocol: Annotated[str, Query(pattern=NAME)] = "fast",
    dataset: Annotated[str, Query(pattern=NAME)] = "patches",
    seed: Annotated[int, Query(ge=0, lt=SEEDS)] = 0,
    truth: Annotated[
        str | None,
        Query(pattern=NAME, description="Of which series `accuracy` is; the bench's default."),
    ] = None,
) -> Which:
    return Which(bench, proxy, protocol, dataset, seed, truth)


_Bound = Annotated[int | None, Query(ge=0, lt=2**62)]


def filtered(
    parameters_min: _Bound = None,
    parameters_max: _Bound = None,
    flops_min: _Bound = None,
    flops_max: _Bound = None,
    accuracy: Annotated[
        Literal["known"] | None, Query(description="Only what has a trained accuracy.")
    ] = None,
) -> Filter:
    """What of the board is asked for. Sizes are those of the `full` network with ten classes."""
    asked = Filter(
        Range(parameters_min, parameters_max),
        Range(flops_min, flops_max),
        accuracy is not None,
    )
    faults = [
        Fault(
            field=f"{name}_min",
            detail=f"{each.least} is more than {name}_max",
            valid=f"at most {each.most}",
        )
        for name, each in (("parameters", asked.parameters), ("flops", asked.flops))
        if each.least is not None and each.most is not None and each.least > each.most
    ]
    if faults:
        raise problems.invalid(faults)
    return asked


def as_query(asked: Filter) -> dict[str, str]:
    """The filter as it is asked for."""
    bounds = {
        "parameters_min": asked.parameters.least,
        "parameters_max": asked.parameters.most,
        "flops_min": asked.flops.least,
        "flops_max": asked.flops.most,
    }
    found = {name: str(bound) for name, bound in bounds.items() if bound is not None}
    return {**found, "accuracy": "known"} if asked.known else found


PREFIX = "^[0-9a-f]{4,32}$"


@dataclass(frozen=True, slots=True)
class View:
    """From which row on, in which order."""

    sort: Sort
    reverse: bool
    offset: int | None
    at: str | None
    """The first digits of a hash."""

    @property
    def best_first(self) -> bool:
        """Whether cursors go through it."""
        return self.sort == "score" and not self.reverse

    @property
    def is_first(self) -> bool:
        """Whether it begins where every board does."""
        return self.best_first and self.offset is None and self.at is None


def viewed(
    sort: Annotated[
        Sort,
        Query(description="The best score, the highest accuracy, the smallest network first."),
    ] = "score",
    reverse: Annotated[
        bool, Query(description="The other way round; what has no accuracy stays last.")
    ] = False,
    offset: Annotated[
        int | None, Query(ge=0, lt=2**31, description="How many rows to pass over.")
    ] = None,
    at: Annotated[
        str | None,
        Query(
            pattern=PREFIX,
            description="A hash, or its first digits: the page begins at that row.",
        ),
    ] = None,
) -> View:
    """Raises ProblemError where the page would begin at two places."""
    if offset is not None and at is not None:
        fault = "the page begins where `at` is"
        raise problems.invalid([Fault(field="offset", detail=fault, valid="without `at`")])
    return View(sort, reverse, offset, at)


def check(view: View, cursor: str | None, form: str, *, everything: bool) -> None:
    """Raises ProblemError where not all that is asked for goes together."""
    faults = []
    if everything and form != "text/csv":
        fault = "all rows at once are CSV"
        faults.append(Fault(field="everything", detail=fault, valid="with `Accept: text/csv`"))
    if everything and cursor is not None:
        fault = "all rows have no page"
        faults.append(Fault(field="cursor", detail=fault, valid="without `everything`"))
    if (everything or cursor is not None) and not view.is_first:
        field = "everything" if everything else "cursor"
        valid = "without `sort`, `reverse`, `offset` and `at`"
        faults.append(Fault(field=field, detail="goes through a board best first", valid=valid))
    if faults:
        raise problems.invalid(faults)
