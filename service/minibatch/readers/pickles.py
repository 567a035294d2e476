"""Reads the pickles that datasets are published as, and runs nothing.

A pickle is a program for a stack machine. The standard library's machine can be kept from calling
what a program names, but not from taking gigabytes for a few bytes of it. This one knows only the
operations that write dictionaries, lists, tuples, strings, numbers and numpy's arrays, in protocols
0 to 5, of Python 2 and 3; it counts them, and builds nothing larger than the bytes at hand.
"""

import struct
import warnings
from codecs import escape_decode
from collections.abc import Callable
from typing import cast

from service.minibatch.readers.pickled_arrays import (
    ALLOWED,
    Array,
    Dtype,
    Name,
    PickleRefusedError,
    call,
)

STOP = ord(".")
SHOWN = 80
"""Characters of a name that are repeated in a message."""


def load(data: bytes, operations: int) -> object:
    """The value that a pickle writes; arrays are `Array`, Python 2's strings are bytes.

    Raises PickleRefusedError where the pickle has more operations, names or calls anything but what
    arrays are made of, or is damaged.
    """
    machine = _Machine(data)
    try:
        for _ in range(operations):
            code = machine.take(1)[0]
            if code == STOP:
                return machine.pop()
            if code not in OPERATIONS:
                raise PickleRefusedError(f"it has the operation 0x{code:02x}, which no data needs")
            OPERATIONS[code](machine)
    except PickleRefusedError:
        raise
    except (ValueError, OverflowError, struct.error, DeprecationWarning) as error:
        raise PickleRefusedError(f"it is damaged near byte {machine.at}") from error
    raise PickleRefusedError(f"it has more than {operations} operations")


class _Machine:
    """The bytes and how far they are read; a stack, the heights it is marked at, a memo, and how
    many bytes were made of text."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.encoded = 0

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self.data) - self.at:
            raise PickleRefusedError("it ends too early")
        start, self.at = self.at, self.at + count
        return self.data[start : self.at]

    def number(self, layout: str) -> int:
        return cast("int", struct.unpack(layout, self.take(struct.calcsize(layout)))[0])

    def sized(self, layout: str) -> bytes:
        """Bytes after their number."""
        return self.take(self.number(layout))

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise PickleRefusedError("it ends too early")
        line = self.take(end - self.at)
        self.at += 1
        return line

    def push(self, value: object) -> None:
        self.stack.append(value)

    def pop(self) -> object:
        self._check_above_mark(1)
        return self.stack.pop()

    def top(self) -> object:
        self._check_above_mark(1)
        return self.stack[-1]

    def pop_many(self, count: int) -> list[object]:
        self._check_above_mark(count)
        return self._cut(len(self.stack) - count)

    def pop_to_mark(self) -> list[object]:
        if not self.marks:
            raise PickleRefusedError("it ends a list that did not begin")
        return self._cut(self.marks.pop())

    def _cut(self, height: int) -> list[object]:
        items = self.stack[height:]
        del self.stack[height:]
        return items

    def _check_above_mark(self, count: int) -> None:
        if len(self.stack) - (self.marks[-1] if self.marks else 0) < count:
            raise PickleRefusedError("it takes from an empty stack")

    def remember(self, index: int) -> None:
        # Larger ones could be chosen for their hashes to collide.
        if not 0 <= index <= len(self.data):
            raise PickleRefusedError("it numbers what it remembers by more than its length")
        self.memo[index] = self.top()

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise PickleRefusedError("it recalls what it never remembered")
        self.push(self.memo[index])


def _quoted(machine: _Machine) -> None:
    line = machine.line().strip()
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
        raise PickleRefusedError("it has a string without quotes")
    # Of an escape that there is not it only warns.
    with warnings.catch_warnings(action="error", category=DeprecationWarning):
        machine.push(escape_decode(line[1:-1])[0])


def _integer(machine: _Machine) -> None:
    line = machine.line()
    machine.push({b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line))


def _append(machine: _Machine, items: list[object]) -> None:
    target = machine.top()
    if type(target) is not list:
        raise PickleRefusedError("it appends to what is no list")
    target.extend(items)


def _dictionary(items: list[object]) -> dict[object, object]:
    # A hash of nested tuples may never end, one of integers may be made to collide.
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values) or any(type(key) not in (str, bytes) for key in keys):
        raise PickleRefusedError("it has a dictionary with keys that are no strings")
    return dict(zip(keys, values, strict=True))


def _set_items(machine: _Machine, items: list[object]) -> None:
    target = machine.top()
    if type(target) is not dict:
        raise PickleRefusedError("it sets items of what is no dictionary")
    target.update(_dictionary(items))


def _name(machine: _Machine, module: object, name: object) -> None:
    if not isinstance(module, str) or not isinstance(name, str):
        raise PickleRefusedError("it names something by what is no string")
    if Name(module, name) not in ALLOWED:
        named = f"{module}.{name}"[:SHOWN]
        raise PickleRefusedError(f"it names {named!a}, which no data needs")
    machine.push(Name(module, name))


def _build(machine: _Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if not isinstance(target, Array | Dtype):
        raise PickleRefusedError("it sets the state of what is no array")
    target.build(state)


def _reduce(machine: _Machine) -> None:
    function, arguments = machine.pop_many(2)
    made = call(function, arguments)
    if isinstance(made, bytes):
        # A text that is written once may be encoded a million times.
        machine.encoded += len(made)
        if machine.encoded > len(machine.data):
            raise PickleRefusedError("it makes more bytes than it holds")
    machine.push(made)


_Operation = Callable[[_Machine], object]

OPERATIONS: dict[int, _Operation] = {
    code[0]: operation
    for code, operation in (
        # How it is written: the protocol, and frames that need not be known.
        (b"\x80", lambda m: m.take(1)),
        (b"\x95", lambda m: m.take(8)),
        # Numbers.
        (b"N", lambda m: m.push(None)),
        (b"\x88", lambda m: m.push(True)),
        (b"\x89", lambda m: m.push(False)),
        (b"I", _integer),
        (b"J", lambda m: m.push(m.number("<i"))),
        (b"K", lambda m: m.push(m.number("<B"))),
        (b"M", lambda m: m.push(m.number("<H"))),
        (b"L", lambda m: m.push(int(m.line().removesuffix(b"L")))),
        (b"\x8a", lambda m: m.push(int.from_bytes(m.sized("<B"), "little", signed=True))),
        (b"F", lambda m: m.push(float(m.line()))),
        (b"G", lambda m: m.push(struct.unpack(">d", m.take(8))[0])),
        # Bytes, which Python 2 called strings, and text.
        (b"S", _quoted),
        (b"T", lambda m: m.push(m.sized("<i"))),
        (b"U", lambda m: m.push(m.sized("<B"))),
        (b"B", lambda m: m.push(m.sized("<I"))),
        (b"C", lambda m: m.push(m.sized("<B"))),
        (b"\x8e", lambda m: m.push(m.sized("<Q"))),
        (b"\x96", lambda m: m.push(m.sized("<Q"))),
        (b"V", lambda m: m.push(m.line().decode("raw-unicode-escape"))),
        (b"X", lambda m: m.push(m.sized("<I").decode())),
        (b"\x8c", lambda m: m.push(m.sized("<B").decode())),
        (b"\x8d", lambda m: m.push(m.sized("<Q").decode())),
        # Tuples, lists, dictionaries.
        (b"(", lambda m: m.marks.append(len(m.stack))),
        (b")", lambda m: m.push(())),
        (b"t", lambda m: m.push(tuple(m.pop_to_mark()))),
        (b"\x85", lambda m: m.push(tuple(m.pop_many(1)))),
        (b"\x86", lambda m: m.push(tuple(m.pop_many(2)))),
        (b"\x87", lambda m: m.push(tuple(m.pop_many(3)))),
        (b"]", lambda m: m.push([])),
        (b"l", lambda m: m.push(m.pop_to_mark())),
        (b"a", lambda m: _append(m, m.pop_many(1))),
        (b"e", lambda m: _append(m, m.pop_to_mark())),
        (b"}", lambda m: m.push({})),
        (b"d", lambda m: m.push(_dictionary(m.pop_to_mark()))),
        (b"s", lambda m: _set_items(m, m.pop_many(2))),
        (b"u", lambda m: _set_items(m, m.pop_to_mark())),
        # What was written before.
        (b"p", lambda m: m.remember(int(m.line()))),
        (b"q", lambda m: m.remember(m.number("<B"))),
        (b"r", lambda m: m.remember(m.number("<I"))),
        (b"\x94", lambda m: m.remember(len(m.memo))),
        (b"g", lambda m: m.recall(int(m.line()))),
        (b"h", lambda m: m.recall(m.number("<B"))),
        (b"j", lambda m: m.recall(m.number("<I"))),
        # Arrays.
        (b"c", lambda m: _name(m, m.line().decode(), m.line().decode())),
        (b"\x93", lambda m: _name(m, *m.pop_many(2))),
        (b"R", _reduce),
        (b"b", _build),
    )
}
