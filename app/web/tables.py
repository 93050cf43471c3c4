"""Tables as files: CSV that spreadsheets open without running anything in it, sent as it is made."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, stream_with_context

from app.domain.money import Money

ROWS_AT_ONCE = 500
# A cell that begins with one of these is a formula to a spreadsheet.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """An answer that saves as `name`; rows are made while they are sent."""
    response = Response(stream_with_context(_lines(header, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([cell(value) for value in row])
        if number % ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def cell(value: object) -> str:
    """A value as text: money exact and plain, text so that it can never be a formula."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return f"{value.decimal:f}"
    text = str(value)
    return "'" + text if isinstance(value, str) and text.startswith(_DANGEROUS) else text
