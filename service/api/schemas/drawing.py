"""A cell as it can be drawn, by a program that knows nothing of its bench."""

from pydantic import BaseModel, Field

from service.benches import drawing


class DrawnVertex(BaseModel):
    """An operation of a cell, in a box of 44 by 24 around `x` and `y`."""

    kind: str = Field(
        description="What it is, for its colour.",
        examples=["input", "convolution_3x3", "convolution_1x1", "pool", "output"],
    )
    label: str = Field(description="At most six characters.", examples=["3×3"])
    x: float
    y: float


class DrawnEdge(BaseModel):
    """What one vertex reads of another, by their place in `vertices`."""

    source: int
    target: int
    times: int = Field(description="How often it is added: a sum may have a value twice.")
    through: list[list[float]] = Field(
        description="Points (x, y) on the way from the source to the target."
    )


class Drawing(BaseModel):
    """A cell's operations that lie on a path from input to output, from left to right in layers.

    The unit is a pixel of a drawing of natural size; y points down.
    """

    width: float
    height: float
    vertices: list[DrawnVertex]
    edges: list[DrawnEdge] = Field(description="None where no path leads to the output.")

    @classmethod
    def of(cls, found: drawing.Drawing) -> "Drawing":
        return cls(
            width=found.width,
            height=found.height,
            vertices=[DrawnVertex(**vertex._asdict()) for vertex in found.vertices],
            edges=[
                DrawnEdge(
                    source=edge.source,
                    target=edge.target,
                    times=edge.times,
                    through=[list(point) for point in edge.through],
                )
                for edge in found.edges
            ],
        )
