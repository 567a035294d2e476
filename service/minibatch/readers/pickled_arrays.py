"""What a dataset's pickles may name, and stand-ins for it.

Nothing of numpy is called with what a pickle says. The stand-ins check it, and an array comes from
`numpy.frombuffer` once its shape, type and bytes agree.
"""

import re
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 4
"""Of an array; datasets have two."""


class PickleRefusedError(ValueError):
    """A pickle holds what no dataset needs; the message says what, as the end of a sentence."""


@dataclass(frozen=True)
class Name:
    """A function or a class that a pickle names."""

    module: str
    name: str


NDARRAY = Name("numpy", "ndarray")
DTYPE = Name("numpy", "dtype")
ENCODE = Name("_codecs", "encode")
RECONSTRUCT = tuple(
    Name(module, "_reconstruct") for module in ("numpy.core.multiarray", "numpy._core.multiarray")
)
FROM_BUFFER = tuple(
    Name(module, "_frombuffer") for module in ("numpy.core.numeric", "numpy._core.numeric")
)
ALLOWED = frozenset({NDARRAY, DTYPE, ENCODE, *RECONSTRUCT, *FROM_BUFFER})


class Dtype:
    """Stands for a numpy.dtype: of numbers, never of objects."""

    def __init__(self, code: object) -> None:
        text = code.decode("ascii", "replace") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not re.fullmatch("[?]|b1|[iu][1248]|f[248]", text):
            raise PickleRefusedError("it has an array of something other than numbers")
        self.code = text
        self.order = "="

    def build(self, state: object) -> None:
        """From numpy's state: version, byte order, and what only structured types have."""
        match state:
            case (3 | 4, b"<" | b">" | b"|" | b"=" | "<" | ">" | "|" | "=" as order, *rest) if rest[
                :3
            ] == [None, None, None]:
                self.order = order.decode() if isinstance(order, bytes) else order
            case _:
                raise PickleRefusedError("it has an array type that is not a plain number")

    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(self.order + self.code)


class Array:
    """Stands for a numpy.ndarray, empty until its state is read."""

    def __init__(self, values: NDArray[np.generic] | None = None) -> None:
        self.values = values

    def build(self, state: object) -> None:
        """From numpy's state: version, shape, type, whether in Fortran's order, and the bytes."""
        match state:
            case (1, tuple() as shape, Dtype() as kind, bool() | 0 | 1 as fortran, bytes() as data):
                self.values = _array(shape, kind.dtype(), bool(fortran), data)
            case _:
                raise PickleRefusedError("it has an array that is not made of bytes")


def _array(
    shape: tuple[object, ...], dtype: np.dtype[np.generic], fortran: bool, data: bytes
) -> NDArray[np.generic]:
    sides = [side for side in shape if type(side) is int and 0 < side <= len(data)]
    if len(sides) != len(shape) or not 0 < len(sides) <= DIMENSIONS:
        raise PickleRefusedError("it has an array of an impossible shape")
    if prod(sides) * dtype.itemsize != len(data):
        raise PickleRefusedError("it has an array whose shape and bytes do not agree")
    return np.frombuffer(data, dtype).reshape(sides, order="F" if fortran else "C")


def call(function: object, arguments: object) -> object:
    """What a pickle would call, of the few calls that write arrays."""
    match function, arguments:
        case Name() as name, (given, (0,), b"b" | "b") if name in RECONSTRUCT and given == NDARRAY:
            return Array()
        case Name() as name, (
            bytes() as data,
            Dtype() as kind,
            tuple() as shape,
            "C" | "F" as order,
        ) if name in FROM_BUFFER:
            return Array(_array(shape, kind.dtype(), order == "F", data))
        case Name() as name, (code, bool() | 0 | 1, bool() | 0 | 1) if name == DTYPE:
            return Dtype(code)
        # Python 3 writes bytes so where the protocol has none.
        case Name() as name, (str() as text, "latin1" | b"latin1") if name == ENCODE:
            return text.encode("latin-1")
    raise PickleRefusedError("it calls something in a way that builds no array")
