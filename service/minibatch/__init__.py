"""The one fixed minibatch that a protocol scores every network on, and whole datasets."""

from service.minibatch.dataset import Channels, Dataset, DatasetError
from service.minibatch.draw import Minibatch, draw
from service.minibatch.patches import PATCHES, patches
from service.minibatch.whole import Split, SplitDigest, WholeDataset, splits

__all__ = [
    "PATCHES",
    "Channels",
    "Dataset",
    "DatasetError",
    "Minibatch",
    "Split",
    "SplitDigest",
    "WholeDataset",
    "draw",
    "patches",
    "splits",
]
