"""All that is found of one score beside one truth: every metric, with its interval."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from service.evidence import bootstrap, kendall, selection, spearman
from service.evidence.levels import Levels, tied_pairs
from service.evidence.members import LEAST, Floats, Integers, Members
from service.evidence.selection import SELECTED

METRICS = (
    "spearman",
    "kendall_tau_b",
    "pairwise_agreement",
    f"ndcg@{SELECTED}",
    "precision@10%",
    f"top5_in_best{SELECTED}",
)
"""Their names, in the order in which answers list them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A metric, with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Undefined:
    """Why a metric has no value."""

    undefined: str


@dataclass(frozen=True, slots=True)
class Found:
    """What is found in one set."""

    members: int
    architectures: int
    undefined: int
    """Members without a score, ranked last."""
    resamples: int
    """Of the intervals."""
    metrics: dict[str, Interval | Undefined]
    """All of `METRICS`."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is found in a set, and in the tenth of it that is truly the best."""

    all: Found
    top_tenth: Found


def findings(question: str, members: Members) -> Generator[None, None, Findings]:
    """Every metric of a set, and inside its true top tenth, in slices, one a `next`.

    The resamples depend on the text of `question`. A slice takes some hundredths of a second of up
    to fifty thousand members, and of four hundred thousand up to half a second, which is SciPy's
    Kendall's τ. Where the best tenth is sought, what is as accurate as its last member belongs to
    it.
    """
    whole = yield from _find(question, members, "have both a score and an accuracy")
    best = members.top_tenth() if len(members) else members
    top = yield from _find(f"{question}/top tenth", best, "are in the true top tenth")
    return Findings(whole, top)


def _find(question: str, members: Members, of: str) -> Generator[None, None, Found]:
    architectures = int(members.owners.max(initial=-1)) + 1
    yield
    metrics: dict[str, Interval | Undefined]
    if (reason := (yield from _why_not(members, architectures, of))) is None:
        metrics = yield from _measured(question, members)
    else:
        metrics = dict.fromkeys(METRICS, Undefined(reason))
    resamples = 0 if reason else bootstrap.resamples_of(len(members))
    return Found(len(members), architectures, members.undefined, resamples, metrics)


def _why_not(members: Members, architectures: int, of: str) -> Generator[None, None, str | None]:
    if architectures < LEAST:
        return f"only {architectures} architectures {of}; at least {LEAST} are needed"
    merits = members.merits
    yield
    truths = members.truths
    yield
    if merits.max() == 0:
        return "the score is the same for all"
    if truths.max() == 0:
        return "the accuracy is the same for all"
    return None


def _measured(
    question: str, members: Members
) -> Generator[None, None, dict[str, Interval | Undefined]]:
    measure = Measure(members)
    yield from measure.prepare()
    once = yield from measure.of(_once(members))
    values = {name: float(each[0]) for name, each in once.items()}
    # The rank correlations are SciPy's own, which has no routine for those of selection.
    values["spearman"] = spearman.spearman(members)
    yield
    values["kendall_tau_b"] = tau = kendall.kendall_tau_b(members)
    yield
    values["pairwise_agreement"] = kendall.pairwise_agreement(members, tau)
    parts: list[dict[str, Floats]] = []
    for counts in bootstrap.counts(question, members.owners):
        yield
        parts.append((yield from measure.of(counts)))
    metrics: dict[str, Interval | Undefined] = {}
    for name in METRICS:
        together = np.concatenate([part[name] for part in parts])
        metrics[name] = Interval(values[name], *bootstrap.interval(together))
    if len(members) <= SELECTED:
        metrics[METRICS[-1]] = Undefined(f"all {len(members)} are among the best {SELECTED}")
    return metrics


def _once(members: Members) -> Integers:
    return np.ones((1, len(members)), np.int64)


class Measure:
    """The metrics of resamples of a set, signed as they are reported. All in slices, since each
    takes its time where the members are many."""

    def __init__(self, members: Members) -> None:
        """Use `prepare` before `of`."""
        self._members = members

    def prepare(self) -> Generator[None, None, None]:
        members = self._members
        self._merits = Levels(members.merits)
        yield
        self._truths = Levels(members.truths)
        yield
        self._inversions = kendall.Inversions(members.merits, members.truths)
        yield
        self._joint = Levels(self._inversions.joint_ties())
        yield
        yield from self._inversions.prepare()

    def of(self, counts: Integers) -> Generator[None, None, dict[str, Floats]]:
        """By metric (resamples,), from counts (resamples, members)."""
        merits, truths, sign = self._merits, self._truths, self._members.sign
        merit_totals, truth_totals = merits.totals(counts), truths.totals(counts)
        ties = tied_pairs(self._joint.totals(counts))
        yield
        inverted = yield from self._inversions.pairs(counts)
        tau, agreement = kendall.resampled(
            counts.sum(axis=1), tied_pairs(merit_totals), tied_pairs(truth_totals), ties, inverted
        )
        ranked = (counts, merits, truths, merit_totals, truth_totals)
        rho = spearman.resampled(*ranked)
        yield
        gained = selection.ndcg(counts, self._members.gains, *ranked[1:])
        yield
        shares = selection.precision(*ranked), selection.top_share(*ranked)
        in_order = (sign * rho, sign * tau, agreement, gained, *shares)
        return dict(zip(METRICS, in_order, strict=True))
