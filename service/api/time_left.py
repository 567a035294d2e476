"""How long jobs take from here, by what their evaluations have been measured to take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

ORDER = ("live", "bulk", "background")
"""Priorities: a job waits for all before its own, and shares the workers with those of its own."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a job."""

    job: UUID
    priority: str
    architectures: int
    """Without an answer; at least one."""
    seconds: Mapping[str, float]
    """By device what one takes, the mean; empty where it was never measured."""


def time_left(rests: Iterable[Rest], devices: Sequence[str]) -> dict[UUID, float | None]:
    """Seconds until each job ends where nothing else is asked for, the `devices` being those of the
    workers, each as often as there are workers on it.

    None where nobody can say: there is no worker, or something that goes before the job or beside
    it was never measured on their devices. Jobs of a priority take turns of the same length, and
    so each has the same share of the workers for as long as it lasts.
    """
    tiers: dict[str, list[tuple[float | None, UUID]]] = {}
    for rest in rests:
        tiers.setdefault(rest.priority, []).append((_alone(rest, devices), rest.job))
    left: dict[UUID, float | None] = {}
    before: float | None = 0.0
    for priority in ORDER:
        alone = tiers.get(priority, [])
        known = sorted((seconds, job) for seconds, job in alone if seconds is not None)
        if before is None or len(known) < len(alone):
            before = None
            left |= {job: None for _, job in alone}
            continue
        ended = 0.0
        for place, (seconds, job) in enumerate(known):
            # Those that end before this one, and as much of each that does not.
            left[job] = before + ended + seconds * (len(known) - place)
            ended += seconds
        before += ended
    return left


def _alone(rest: Rest, devices: Sequence[str]) -> float | None:
    """Seconds where all workers did nothing else. Each architecture has one of them at a time."""
    takes = sorted(rest.seconds[device] for device in devices if device in rest.seconds)
    used = takes[: rest.architectures]
    if not used:
        return None
    if used[0] == 0.0:
        return 0.0
    return rest.architectures / sum(1 / seconds for seconds in used)
