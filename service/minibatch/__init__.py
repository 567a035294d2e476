"""The one fixed minibatch that a protocol scores every network on."""

from service.minibatch.dataset import Channels, Dataset, DatasetError
from service.minibatch.draw import Minibatch, draw
from service.minibatch.patches import PATCHES, patches

__all__ = ["PATCHES", "Channels", "Dataset", "DatasetError", "Minibatch", "draw", "patches"]
