"""Cells as they can be drawn."""

from typing import TypedDict


class DrawnVertex(TypedDict):
    """An operation of a cell, in a box of 44 by 24 around `x` and `y`."""

    kind: str
    label: str
    x: float
    y: float


class DrawnEdge(TypedDict):
    """What one vertex reads of another, by their place in `vertices`."""

    source: int
    target: int
    times: int
    through: list[list[float]]


class Drawing(TypedDict):
    """A cell as it can be drawn."""

    width: float
    height: float
    vertices: list[DrawnVertex]
    edges: list[DrawnEdge]
