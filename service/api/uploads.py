"""A table of accuracies on its way in: which form it has, what is said of it, its rows."""

from collections.abc import Mapping, Sequence
from email.message import Message
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from service.accuracies import (
    BadRow,
    Facts,
    Intake,
    Speller,
    TableError,
    TooManyRowsError,
)
from service.accuracies.csv_rows import CsvRows
from service.api import asking
from service.api.json_rows import JsonRows
from service.api.problems import Fault, ProblemError, invalid
from service.api.schemas.accuracies import Described
from service.api.strict_json import is_json, wrong_type
from service.benches.quoting import field_name

JSON, CSV = "application/json", "text/csv"


class Upload:
    """Reads what it is fed, off the event loop; holds the rows until they are written."""

    def __init__(self, content_type: str | None, query: Mapping[str, Any], rows_limit: int) -> None:
        """`query` is what the address says of the table: of CSV all of it, of JSON nothing."""
        self.facts: Facts | None = None
        self.intake: Intake | None = None
        self._rows_limit = rows_limit
        self._reader: CsvRows | JsonRows
        if content_type is not None and is_json(content_type):
            if query:
                name = next(iter(query))
                fault = Fault(
                    field=name, detail="is in the address", valid="in the body, where it is JSON"
                )
                raise invalid([fault])
            self._reader = JsonRows(self._begin)
        elif content_type is not None and _media_type(content_type) == CSV:
            intake = self._begin(query, place="query")
            self._reader = CsvRows(intake.speller.bench, intake)
        else:
            raise wrong_type(content_type, JSON, CSV)

    def feed(self, piece: bytes) -> None:
        """Raises ProblemError where the table cannot be read, or has too many rows."""
        self._feed(piece, last=False)

    def _feed(self, piece: bytes, *, last: bool) -> None:
        try:
            self._reader.feed(piece, last=last)
        except TooManyRowsError as error:
            raise _too_many(error) from None
        except TableError as error:
            raise invalid([_fault(error)]) from None

    def finish(self) -> tuple[Facts, Intake]:
        """After the last piece; raises ProblemError naming the bad rows."""
        self._feed(b"", last=True)
        assert self.facts is not None  # noqa: S101 - a table without rows is refused
        assert self.intake is not None  # noqa: S101 - as above
        bad, count = self.intake.bad()
        if bad:
            raise _bad_rows(bad, count, self.intake.rows)
        if not self.intake.values:
            fault = Fault(field="body", detail="no row has a value", valid="at least one value")
            raise invalid([fault])
        return self.facts, self.intake

    def close(self) -> None:
        if self.intake is not None:
            self.intake.close()

    def _begin(self, given: Mapping[str, Any], place: str = "body") -> Intake:
        fields = Described.model_fields
        unknown = [
            Fault(
                field=field_name(name), detail="unknown field", valid=f"one of {', '.join(fields)}"
            )
            for name in given
            if name not in fields
        ]
        if unknown:
            raise invalid(unknown)
        try:
            said = Described.model_validate(given, strict=place == "body")
        except ValidationError as error:
            faults = [{**fault, "loc": (place, *fault["loc"])} for fault in error.errors()]
            raise RequestValidationError(faults) from None
        bench = asking.bench_named(said.bench)
        self.facts = said.facts()
        self.intake = Intake(Speller(bench), self._rows_limit, self.facts.span)
        return self.intake


def _media_type(content_type: str) -> str:
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_type()


def _fault(error: TableError) -> Fault:
    return Fault(field=error.field, detail=error.reason, valid=error.valid)


def _too_many(error: TooManyRowsError) -> ProblemError:
    detail = f"the table has too many rows: {error.valid}"
    return ProblemError(413, "content-too-large", "Content Too Large", detail, [_fault(error)])


def _bad_rows(bad: Sequence[BadRow], count: int, rows: int) -> ProblemError:
    return ProblemError(
        422,
        "invalid-rows",
        f"Rows refused: {count} of {rows}; nothing was written",
        f"row {bad[0].row}, {bad[0].field}: {bad[0].reason}",
        [Fault(row=row.row, field=row.field, detail=row.reason, valid=row.valid) for row in bad],
    )
