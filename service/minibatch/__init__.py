"""The one fixed minibatch that a protocol scores every network on."""

from service.minibatch.draw import Dataset, Minibatch, draw
from service.minibatch.patches import PATCHES, patches

__all__ = ["PATCHES", "Dataset", "Minibatch", "draw", "patches"]
