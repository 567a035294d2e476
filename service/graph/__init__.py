"""A network as a flat list of primitive operations, and what arithmetic alone says of it.

This package imports nothing outside the standard library.
"""

from service.graph.blocks import blocks
from service.graph.builder import Builder
from service.graph.expected_flow import expected_flow
from service.graph.graph import Graph
from service.graph.operations import (
    Add,
    AveragePool,
    BatchNorm,
    Concat,
    Convolution,
    Crop,
    GlobalAveragePool,
    Input,
    Linear,
    MaxPool,
    Operation,
    ReLU,
    Shape,
    Shift,
    Zero,
    reading,
)

__all__ = [
    "Add",
    "AveragePool",
    "BatchNorm",
    "Builder",
    "Concat",
    "Convolution",
    "Crop",
    "GlobalAveragePool",
    "Graph",
    "Input",
    "Linear",
    "MaxPool",
    "Operation",
    "ReLU",
    "Shape",
    "Shift",
    "Zero",
    "blocks",
    "expected_flow",
    "reading",
]
