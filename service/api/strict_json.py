"""JSON as RFC 8259 and I-JSON (RFC 7493) have it, and nothing else; large ones read in a thread."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from email.message import Message
from math import isfinite
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.api.problems import Fault, ProblemError, invalid
from service.benches.quoting import field_name, quoted

READ_AT_ONCE = 100_000
"""Bytes: a millisecond. More are read in a thread, so that nobody waits for them."""

MARKS = {b"[": 30, b"{": 5, b":": 10, b'"': 80}
"""So many of each an architecture: NB101 has a list a row, and three more. Eight megabytes of `{},`
would be two hundred of dictionaries."""

MARKS_OF_A_REQUEST = 1_000
"""What a request may have besides its architectures, as if it had so many more."""

FIELD_CHARACTERS = 200
"""Of the path that a problem shows."""

# What of a text can be a value that is refused below: escapes of NUL and of halves of pairs.
_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_REFUSED = re.compile("[\0\ud800-\udfff]")


class DuplicateError(ValueError):
    """An object has a field twice; which one counts is anyone's guess."""


class JsonRoute(APIRoute):
    """A route that takes JSON: strictly, and with a word on what is wrong with it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(_JsonRequest(request.scope, request.receive))

        return strict


class _JsonRequest(Request):
    async def body(self) -> bytes:
        body = await super().body()
        if body and not is_json(self.headers.get("Content-Type", "")):
            raise wrong_type(self.headers.get("Content-Type"), "application/json")
        return body

    async def json(self) -> Any:
        body = await self.body()
        architectures: int = self.app.state.settings.architectures_limit
        if len(body) <= READ_AT_ONCE:
            return read(body, architectures)
        return await asyncio.to_thread(read, body, architectures)


def read(body: bytes, architectures: int) -> Any:
    """The value of a JSON text; raises ProblemError where it is none, or not a portable one."""
    for mark, each in MARKS.items():
        if body.count(mark) > (limit := each * (architectures + MARKS_OF_A_REQUEST)):
            raise _too_many(mark.decode(), limit)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_json("body", f"no UTF-8 from byte {error.start} on", "UTF-8") from None
    suspicious = _SUSPICIOUS.search(text) is not None

    def number(digits: str) -> float:
        nonlocal suspicious
        value = float(digits)
        suspicious = suspicious or not isfinite(value)
        return value

    decoder = json.JSONDecoder(
        object_pairs_hook=unique_fields, parse_float=number, parse_constant=number
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _no_json("body", f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _no_json("body", "values are nested too deep") from None
    except DuplicateError as error:
        raise _no_json(str(error), "the field is there twice", "each field once") from None
    except ValueError:
        raise _no_json("body", "a number has thousands of digits") from None
    if suspicious and (found := next(refused(value), None)) is not None:
        raise _no_json(*found)
    return value


def unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these fields; raises DuplicateError."""
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise DuplicateError(field_name(name))
            seen.add(name)
    return value


Placed = tuple[str, Any]
"""A value and the names that lead to it, joined by slashes."""


def refused(value: Any) -> Iterator[tuple[str, str, str]]:
    """Field, fault and what is valid of each number or string that no JSON text may have."""
    left: list[Iterator[Placed]] = [iter([("", value)])]
    while left:
        place, value = next(left[-1], (None, None))
        if place is None:
            left.pop()
            continue
        field = place[1:FIELD_CHARACTERS] or "body"
        match value:
            case str() if _REFUSED.search(value):
                detail = f"{quoted(value)} has a NUL or half a surrogate pair"
                yield field, detail, "Unicode characters besides NUL"
            case float() if not isfinite(value):
                yield field, "the number is not finite", "a number of double precision"
            case list():
                left.append(_entries(place, value))
            case dict():
                left.append(_fields(place, value))


def _entries(place: str, values: list[Any]) -> Iterator[Placed]:
    for index, value in enumerate(values):
        yield f"{place}/{index}", value


def _fields(place: str, values: dict[str, Any]) -> Iterator[Placed]:
    for name, value in values.items():
        yield place, name
        yield f"{place}/{field_name(name)}", value


def is_json(content_type: str) -> bool:
    header = Message()
    header["Content-Type"] = content_type
    subtype = header.get_content_subtype()
    is_application = header.get_content_maintype() == "application"
    return is_application and (subtype == "json" or subtype.endswith("+json"))


def _no_json(field: str, detail: str, valid: str = "one JSON object") -> ProblemError:
    return invalid([Fault(field=field, detail=detail, valid=valid)])


def _too_many(mark: str, limit: int) -> ProblemError:
    fault = Fault(field="body", detail=f"too many {mark}", valid=f"at most {limit}")
    detail = f"the body has more than {limit} {mark}"
    return ProblemError(413, "content-too-large", "Content Too Large", detail, [fault])


def wrong_type(given: str | None, *valid: str) -> ProblemError:
    detail = "there is none" if given is None else f"{quoted(given)} is not read here"
    fault = Fault(field="Content-Type", detail=detail, valid=" or ".join(valid))
    return ProblemError(
        415,
        "unsupported-media-type",
        "Unsupported Media Type",
        f"Content-Type: {detail}",
        [fault],
        {"Accept": ", ".join(valid)},
    )
