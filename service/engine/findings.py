"""What has been found of one network, while it is being measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch

from service.engine.measurements import Measurements


class UnmeasurableError(Exception):
    """A pass that this network does not allow; the message says why. The others stand."""


@contextmanager
def unmeasurable_where(said: str) -> Iterator[None]:
    """Turns what a network raises into UnmeasurableError: that it does not run on this, and why.

    A shortage of memory says nothing of the network, and goes through.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, UnmeasurableError):
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0]
        # On a CPU it is a RuntimeError.
        if "allocate memory" in reason:
            raise
        raise UnmeasurableError(f"the network does not run on {said}: {reason}") from error


class Findings:
    """Fills the fields of `Measurements` pass by pass."""

    def __init__(self, device: torch.device) -> None:
        self.fields: dict[str, Any] = {}
        self.unmeasured: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._device = device

    @contextmanager
    def measuring(self, name: str) -> Iterator[None]:
        """Times a pass; waits for the device, whose work is otherwise still queued."""
        begun = perf_counter()
        try:
            yield
        except UnmeasurableError as error:
            self.unmeasured[name] = str(error)
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self._seconds[name] = perf_counter() - begun

    def measurements(self) -> Measurements:
        """What was found."""
        return Measurements(**self.fields, unmeasured=self.unmeasured, seconds=self._seconds)
