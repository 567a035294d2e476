"""The log of searches: a line an architecture in the order of training, and a run that goes on.

The first line says what was searched and how; the runs of several seeds share a file. What is in
the log is not trained again: the search is sent the accuracies that stand there, and has to propose
the architectures that stand there.
"""

import fcntl
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from service.benches.bench import Architecture, Spec
from service.search.run import Train


class LogError(Exception):
    """The log is not that of this search: which line, and what would be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """All that a trajectory depends on besides its seed and the accuracies."""

    bench: str
    algorithm: str
    warmup: int | None
    moves: int | None
    """None: all of them, as with `warmup`."""
    proxy: str | None
    """None where no score is asked for."""
    revision: int | None
    """Of the proxy; of an ensemble the version of the reference population that it ranks among."""
    protocol: str | None
    """Its digest."""
    accuracies: str
    """The series that the search sees, or the command that trains."""
    test: str | None
    """The series that its incumbents are judged by."""


@dataclass(frozen=True, slots=True)
class Record:
    """An architecture that was trained."""

    seed: int
    n: int
    """From 1, in the order of training."""
    hash: str
    spec: Spec
    accuracy: float
    test: float | None
    scored: int
    """Architectures that the search had asked the proxy of until then, each counted once."""
    minibatches: int | None
    """What those scores cost, as the literature counts; None where that is not known."""
    seconds: float | None
    """The same as the service has timed the proxy; None where it has not."""
    incumbent: str
    """The hash of the first that has the best accuracy so far."""


@dataclass(frozen=True, slots=True)
class End:
    """A search that ended by itself, before its budget was spent."""

    seed: int
    ended: int
    """After so many architectures."""


def read(path: Path) -> tuple[Setting, dict[int, list[Record]]]:
    """The setting and the runs by seed; raises LogError, and OSError where there is no file."""
    setting, records, _ = _read(path)
    return setting, records


def ended(path: Path) -> set[int]:
    """The seeds whose searches ended by themselves; raises as `read` does."""
    return _read(path)[2]


def _read(path: Path) -> tuple[Setting, dict[int, list[Record]], set[int]]:
    lines = path.read_bytes().split(b"\n")
    # Without a line break at its end the last line was cut off while it was written.
    setting, records, ends = None, defaultdict[int, list[Record]](list), set[int]()
    for number, line in enumerate(lines[:-1], 1):
        try:
            values = json.loads(line)
            if setting is None:
                setting = _of(Setting, values)
                continue
            if isinstance(values, dict) and "ended" in values:
                ends.add(_of(End, values).seed)
                continue
            record = _of(Record, values)
        except (ValueError, TypeError) as error:
            raise LogError(f"{path}, line {number}: no line of a search's log: {error}") from None
        run = records[record.seed]
        if record.n != len(run) + 1:
            expected = f"{len(run) + 1} of seed {record.seed} comes next"
            raise LogError(f"{path}, line {number}: architecture {record.n}, where {expected}")
        run.append(record)
        # It went on: with other scores, or in a larger table.
        ends.discard(record.seed)
    if setting is None:
        raise LogError(f"{path} has no line of a search's log")
    return setting, records, ends


class Log:
    """A log that is written to, by one process at a time.

    Raises LogError where the file is the log of another search, in use, or cannot be written.
    """

    def __init__(self, path: Path, setting: Setting) -> None:
        self.path = path
        try:
            self._file = path.open("ab")
        except OSError as error:
            raise LogError(f"{path} cannot be written: {error.strerror}") from None
        try:
            self._records, self._ended = self._begin(setting)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, setting: Setting) -> tuple[dict[int, list[Record]], set[int]]:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LogError(f"{self.path} is being written by another search") from None
        written = self.path.read_bytes()
        first = _line(asdict(setting))
        if first.startswith(written):
            # Empty, or cut off in its first line.
            self._file.truncate(0)
            self._write(asdict(setting))
            return {}, set()
        found, records, ends = _read(self.path)
        for each in fields(Setting):
            stands, wanted = getattr(found, each.name), getattr(setting, each.name)
            if stands != wanted:
                raise LogError(
                    f"{self.path}, line 1: its {each.name} is {stands!r} and not {wanted!r}; "
                    "give this search another log"
                )
        # A line that was cut off is written again.
        self._file.truncate(written.rfind(b"\n") + 1)
        return records, ends

    def of_seed(self, seed: int) -> Sequence[Record]:
        """What was trained with a seed so far."""
        return self._records.get(seed, [])

    def add(self, record: Record) -> None:
        """Returns when the line is out of this process."""
        self._write(asdict(record))
        self._ended.discard(record.seed)

    def end(self, seed: int, trained: int) -> None:
        """The search has nothing left to train after so many."""
        if seed not in self._ended:
            self._write(asdict(End(seed, trained)))

    def resumed(self, seed: int, train: Train) -> Train:
        """Training that begins with what is known; raises LogError where the search proposes
        something else than what stands there.
        """
        known = iter(self.of_seed(seed))

        def trained(architecture: Architecture) -> float:
            record = next(known, None)
            if record is None:
                return train(architecture)
            if record.hash != architecture.hash:
                raise LogError(
                    f"{self.path}: architecture {record.n} of seed {seed} is {record.hash}, where "
                    f"this search trains {architecture.hash}; scores or accuracies have changed, "
                    "or the search is another one: give it another log"
                )
            return record.accuracy

        return trained

    def _write(self, values: dict[str, Any]) -> None:
        self._file.write(_line(values))
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"


def _of(kind: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise TypeError("no object")
    return kind(**values)
