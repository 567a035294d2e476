"""Reads a table of accuracies in JSON piece by piece: what describes it first, then its rows."""

import codecs
import json
import re
from collections.abc import Callable, Generator
from typing import Any

from service.accuracies import Intake, TableError
from service.api.strict_json import DuplicateError, refused, unique_fields
from service.benches.quoting import field_name, quoted

ROWS = "accuracies"
"""The field that has the rows, and is the last."""

VALUE_CHARACTERS = 2**16
"""Of one row, or of one field before the rows: an NB101 cell of 32 vertices, an entry a line, has
fifteen thousand."""

HEAD_FIELDS = 100
"""Before the rows; there are a few."""

_SPACE = re.compile(r"[ \t\n\r]*")
_ENDS = ("}", "]", '"')

More = Generator[None, None, Any]
"""Asks for the next piece by each `yield`."""


class JsonRows:
    """`{"bench": ..., ..., "accuracies": [row, ...]}`, of any length.

    `begin` is called once with the fields before the rows, and says where the rows go.
    """

    def __init__(self, begin: Callable[[dict[str, Any]], Intake]) -> None:
        self._begin = begin
        self._bytes = codecs.getincrementaldecoder("utf-8-sig")()
        self._decoder = json.JSONDecoder(object_pairs_hook=unique_fields)
        self._text = ""
        self._at = 0
        self._last = False
        self._reading = self._document()
        next(self._reading)

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Takes in the rows that a piece completes; raises TableError."""
        try:
            text = self._bytes.decode(piece, last)
        except UnicodeDecodeError:
            raise TableError("body", "the text is not UTF-8", "UTF-8") from None
        self._text, self._at, self._last = self._text[self._at :] + text, 0, last
        next(self._reading, None)

    def _document(self) -> More:
        yield
        yield from self._expect("{")
        head: dict[str, Any] = {}
        while (name := (yield from self._name())) != ROWS:
            if name in head:
                raise TableError(field_name(name), "the field is there twice", "each field once")
            if len(head) == HEAD_FIELDS:
                raise TableError("body", f"more than {HEAD_FIELDS} fields before {ROWS}", "fewer")
            head[name] = yield from self._value()
            if (yield from self._expect(",", "}")) == "}":
                raise TableError(ROWS, "missing", "a list of rows, the last field")
        for fault in refused(head):
            raise TableError(*fault)
        intake = self._begin(head)
        yield from self._expect("[")
        yield from self._rows(intake)
        if (yield from self._expect("}", ",")) == ",":
            name = yield from self._name()
            raise TableError(field_name(name), f"stands behind {ROWS}", f"{ROWS} is the last field")
        if (yield from self._next()) != "":
            raise TableError("body", "something stands behind the object", "one JSON object")
        # A generator that has ended is not asked again: there is no next piece.

    def _rows(self, intake: Intake) -> More:
        if (yield from self._next()) == "]":
            self._at += 1
            return
        while True:
            row = yield from self._value()
            if isinstance(row, dict):
                intake.take(row)
            else:
                intake.refuse("row", f"{quoted(row)} is not an object", "an object")
            if (yield from self._expect(",", "]")) == "]":
                return

    def _name(self) -> More:
        if (yield from self._next()) != '"':
            raise self._unexpected('"')
        name = yield from self._value()
        yield from self._expect(":")
        return name

    def _expect(self, *marks: str) -> More:
        mark = yield from self._next()
        if mark not in marks:
            raise self._unexpected(*marks)
        self._at += 1
        return mark

    def _next(self) -> More:
        """The next character that is no space, not yet taken; none at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._last:
                return self._text[self._at : self._at + 1]
            yield

    def _value(self) -> More:
        while True:
            if (yield from self._next()) == "":
                raise self._unexpected("a value")
            start = self._at
            try:
                value, end = self._decoder.raw_decode(self._text, start)
            except json.JSONDecodeError as error:
                if self._last or len(self._text) - start > VALUE_CHARACTERS:
                    raise self._no_json(error.msg) from None
            except DuplicateError as error:
                raise TableError(
                    str(error), "the field is there twice", "each field once"
                ) from None
            except RecursionError:
                raise self._no_json("values are nested too deep") from None
            except ValueError:
                raise self._no_json("a number has thousands of digits") from None
            else:
                if end - start > VALUE_CHARACTERS:
                    raise self._no_json("a value is too long")
                # Of a number at the end of a piece the next one may have more digits.
                if end < len(self._text) or self._last or self._text[end - 1] in _ENDS:
                    self._at = end
                    return value
            yield

    def _unexpected(self, *marks: str) -> TableError:
        found = self._text[self._at : self._at + 10]
        return self._no_json(
            f"{quoted(found)} instead of {' or '.join(marks)}"
            if found
            else f"the text ends where {' or '.join(marks)} is missing"
        )

    def _no_json(self, reason: str) -> TableError:
        return TableError("body", reason, "one JSON object, read as it comes")
