"""Reduced trainings in spare time, that go on where another worker was."""

from service.workers.trainings.slices import Trainings

__all__ = ["Trainings"]
