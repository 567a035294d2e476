"""The reader of pickles: right on what numpy writes, and nothing runs or swells on the rest."""

import contextlib
import os
import pickle
import pickletools
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.minibatch.readers.pickled_arrays import Array, PickleRefusedError
from service.minibatch.readers.pickles import load
from tests.minibatch.writers import python2

DOCUMENT: dict[Any, Any] = {
    b"data": np.arange(60, dtype=np.uint8).reshape(4, 15),
    b"fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    b"big endian": np.arange(-3, 3, dtype=">i8"),
    b"labels": [0, 1, 255, 256, 65536, -1, 2**40, True, False, None],
    "text": ["a", "é", b"\x00\xff", ("t", (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)), 1.5],
    b"same": [b"x" * 300] * 3,
}
OPERATIONS = 10_000

RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
U1 = b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR"


def state(shape: bytes, dtype: bytes = U1, data: bytes = b"U\x04abcd") -> bytes:
    """A pickle of an array with a state of one's own."""
    return RECONSTRUCT + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb."


def plain(value: object) -> object:
    """With arrays in the place of what stands for them."""
    match value:
        case Array():
            return value.values
        case dict():
            return {key: plain(each) for key, each in value.items()}
    return value


def assert_same(found: object, expected: dict[Any, Any]) -> None:
    read = plain(found)
    assert isinstance(read, dict)
    assert read.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(read[key], value, strict=True)
        else:
            assert read[key] == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_python_3_writes_is_read(protocol: int) -> None:
    assert_same(load(pickle.dumps(DOCUMENT, protocol), OPERATIONS), DOCUMENT)


def test_what_python_2_writes_is_read() -> None:
    document = {b"data": DOCUMENT[b"data"], b"labels": [1, 300], b"name": b"x" * 300}
    pickled = python2(document)
    # The writer of the tests is itself held to the standard library.
    assert_same(pickle.loads(pickled, encoding="bytes"), document)  # noqa: S301
    assert_same(load(pickled, OPERATIONS), document)


def test_text_of_protocol_0() -> None:
    pickled = b"(dp0\nS'a\\xff\\n'\np1\nI7\nsS\"it's\"\np2\n(lp3\nI01\naI00\nag1\na(tas."
    assert load(pickled, OPERATIONS) == {b"a\xff\n": 7, b"it's": [True, False, b"a\xff\n", ()]}


class Evil:
    """What unpickles by running a command."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_runs(protocol: int, tmp_path: Path) -> None:
    pickled = pickle.dumps({b"data": [Evil(tmp_path / "mark")]}, protocol)
    with pytest.raises(PickleRefusedError, match=r"it names '(posix|os)\.system'"):
        load(pickled, OPERATIONS)
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    ("pickled", "reason"),
    [
        (b"cbuiltins\neval\n(S'1'\ntR.", "it names 'builtins.eval'"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", "it names 'builtins.eval'"),
        (b"\x80\x04\x8c\x05numpy\x8c\x09core.load\x93.", "it names 'numpy.core.load'"),
        (b"\x80\x04]\x8c\x04load\x93.", "it names something by what is no string"),
        (b"cnumpy\nload\n.", "it names 'numpy.load'"),
        (b"cnumpy\nfromfile\n.", "it names 'numpy.fromfile'"),
        (b"cnumpy.core.multiarray\nscalar\n.", "it names 'numpy.core.multiarray.scalar'"),
        (b"cnumpy.core.multiarray\nfrombuffer\n.", "frombuffer"),
        (b"c__builtin__\n" + b"x" * 10_000 + b"\n.", "it names '__builtin__.x{68}'"),
        (b"\x80\x04c\xff\xfe\nx\n.", "damaged"),
        # Allowed names, called or changed in other ways.
        (b"cnumpy\nndarray\n(I9\ntR.", "builds no array"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\ndtype\n(K\x00tU\x01btR.", "no array"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x09tU\x01btR.", "no array"),
        (b"c_codecs\nencode\n(X\x01\x00\x00\x00aU\x05rot13tR.", "builds no array"),
        (b"c_codecs\nencode\n(X\x01\x00\x00\x00aU\x03ziptR.", "builds no array"),
        (b"S'print'\n(tR.", "builds no array"),
        (b"cnumpy\ndtype\n}b.", "sets the state of what is no array"),
        (b"}}b.", "sets the state of what is no array"),
        (RECONSTRUCT + b"}b.", "not made of bytes"),
        # Arrays whose parts do not agree.
        (state(b"(K\x03t"), "shape and bytes do not agree"),
        (state(b"(K\x02K\x03t"), "shape and bytes do not agree"),
        (state(b"(K\x05t"), "impossible shape"),
        (state(b"(J\xff\xff\xff\xffJ\xfc\xff\xff\xfft"), "impossible shape"),
        (state(b"(I4611686018427387904\nI4611686018427387904\nt"), "impossible shape"),
        (state(b"(K\x00t", data=b"U\x00"), "impossible shape"),
        (state(b"(t"), "impossible shape"),
        (state(b"(K\x01K\x01K\x01K\x01K\x04t"), "impossible shape"),
        (state(b"(F4.0\nt"), "impossible shape"),
        (state(b"(\x88K\x04t"), "impossible shape"),
        (state(b"K\x04"), "not made of bytes"),
        (state(b"(K\x04t", data=b"]"), "not made of bytes"),
        (state(b"(K\x04t", dtype=b"cnumpy\ndtype\n"), "not made of bytes"),
        (state(b"(K\x04t", b"cnumpy\ndtype\n(U\x02O8K\x00K\x01tR"), "other than numbers"),
        (state(b"(K\x04t", b"cnumpy\ndtype\n(U\x02V4K\x00K\x01tR"), "other than numbers"),
        (state(b"(K\x04t", b"cnumpy\ndtype\n(cnumpy\nndarray\nK\x00K\x01tR"), "than numbers"),
        (state(b"(K\x04t", U1 + b"(K\x03U\x01|](K\x01eNNJ\xff\xff\xff\xff0tb"), "0x30"),
        (state(b"(K\x04t", U1 + b"(K\x03U\x01|NX\x01\x00\x00\x00aNtb"), "not a plain number"),
        (state(b"(K\x04t", U1 + b"(K\x03U\x01?NNNtb"), "not a plain number"),
        # Other machinery of the protocol.
        (b"Pid\n.", "the operation 0x50"),
        (b"]Q.", "the operation 0x51"),
        (b"(ios\nsystem\n.", "the operation 0x69"),
        (b"(cnumpy\nndarray\no.", "the operation 0x6f"),
        (b"cnumpy\nndarray\n)\x81.", "the operation 0x81"),
        (b"cnumpy\nndarray\n)}\x92.", "the operation 0x92"),
        (b"\x82\x01.", "the operation 0x82"),
        (b"\x97.", "the operation 0x97"),
        (b"(\x91.", "the operation 0x91"),
        # Stacks that are not there.
        (b".", "empty stack"),
        (b"a.", "empty stack"),
        (b"](a.", "empty stack"),
        (b"t.", "a list that did not begin"),
        (b"K\x01K\x02a.", "appends to what is no list"),
        (b"]K\x01K\x02s.", "sets items of what is no dictionary"),
        (b"h\x07.", "recalls what it never remembered"),
        (b"(K\x01d.", "keys that are no strings"),
        (b"}K\x01K\x02s.", "keys that are no strings"),
        (b"}(U\x01ae.", "appends to what is no list"),
        (b"S'abc\n.", "a string without quotes"),
        (b"S'\\q'\n.", "damaged near byte 6"),
        (b"S'\\x0'\n.", "damaged near byte 7"),
        (b"Iseven\n.", "damaged"),
        (b"I" + b"9" * 5_000 + b"\n.", "damaged"),
        (b"", "ends too early"),
    ],
)
def test_what_no_dataset_needs_is_refused(pickled: bytes, reason: str) -> None:
    with pytest.raises(PickleRefusedError, match=reason):
        load(pickled, OPERATIONS)


def test_arrays_of_objects_are_refused() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(np.array([{}, []], dtype=object), protocol)
        with pytest.raises(PickleRefusedError, match="other than numbers"):
            load(pickled, OPERATIONS)


HUGE = (2**62).to_bytes(8, "little")


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x8e" + HUGE + b"abc.",
        b"\x8d" + HUGE + b"abc.",
        b"\x96" + HUGE + b".",
        b"B\xff\xff\xff\xffabc.",
        b"T\xff\xff\xff\x7fabc.",
        b"T\xff\xff\xff\xffabc.",
        b"X\xff\xff\xff\xffabc.",
        b"\x95" + HUGE + b"\x8e" + HUGE + b".",
        b"]r\xff\xff\xff\x7f.",
        b"]p99999999999999999999\n.",
        b"]p-1\n.",
        state(b"(J\xff\xff\xff\x7ft"),
        b"(" * 1_000_000,
        b"}" * 1_000_000,
        b"]" * 1_000_000 + b"a" * 999_999 + b".",
        b"}" + b")" + b"\x85" * 9_000 + b"Ns.",
        b"c_codecs\nencode\nq\x00X\x00\x10\x00\x00" + b"a" * 4096 + b"U\x06latin1\x86q\x01"
        + b"h\x00h\x01R" * 2_000 + b".",
    ],
    ids=range(17),
)  # fmt: skip
def test_a_bomb_takes_little_memory(pickled: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PickleRefusedError):
            load(pickled, OPERATIONS)
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_depth_does_not_matter() -> None:
    deep = load(b"]" * 40_000 + b"a" * 39_999 + b".", 100_000)
    for _ in range(39_999):
        assert isinstance(deep, list)
        (deep,) = deep
    assert deep == []
    itself = load(b"]q\x00h\x00a.", OPERATIONS)
    assert isinstance(itself, list)
    assert itself[0] is itself


VALID = [python2({b"data": DOCUMENT[b"data"], b"labels": [1, 2]}), pickle.dumps(DOCUMENT, 4)]


@pytest.mark.parametrize("pickled", VALID)
def test_cut_anywhere_it_is_refused(pickled: bytes) -> None:
    for length in range(len(pickled)):
        with pytest.raises(PickleRefusedError):
            load(pickled[:length], OPERATIONS)


@given(which=st.sampled_from(VALID), seed=st.integers(0, 2**32), changes=st.integers(1, 8))
def test_changed_anyhow_it_is_read_or_refused(which: bytes, seed: int, changes: int) -> None:
    pickled = bytearray(which)
    chance = random.Random(seed)
    opcodes = [ord(each.code) for each in pickletools.opcodes]
    for _ in range(changes):
        byte = chance.choice([chance.randrange(256), chance.choice(opcodes)])
        pickled[chance.randrange(len(pickled))] = byte
    with contextlib.suppress(PickleRefusedError):
        load(bytes(pickled), OPERATIONS)
