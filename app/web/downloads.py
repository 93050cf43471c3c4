"""Files that are written while they are read: tables for spreadsheets, and what else comes in pieces.

At most two at once in a process: a long one holds a thread, and threads are there for payments.
"""

import csv
import io
import threading
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from flask import Response, stream_with_context

from app.domain.errors import TooManyAttempts
from app.domain.money import Money

_turns = threading.BoundedSemaphore(2)
# A spreadsheet runs what begins so. Our own amounts are numbers, and may begin with a minus.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
_ROWS_A_PIECE = 500


def stream(pieces: Iterator[bytes], filename: str, mimetype: str) -> Response:
    """A download in pieces; raises TooManyAttempts if two others are under way here."""
    if not _turns.acquire(blocking=False):
        raise TooManyAttempts("Other downloads are under way. Try again in a minute.")
    response = Response(stream_with_context(pieces), mimetype=mimetype)
    # Also called where nothing of it was ever read.
    response.call_on_close(_turns.release)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A table as a file called `name`; rows are made while they are sent. Raises as `stream` does."""
    return stream(csv_pieces(header, rows), name, "text/csv; charset=utf-8")


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """A table as CSV (RFC 4180), in pieces; no cell of it runs in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(value) for value in row])
        if number % _ROWS_A_PIECE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def cell(value: object) -> str:
    """A value as a cell: a text that a spreadsheet would run is quoted, a number is left alone."""
    if value is None:
        return ""
    if isinstance(value, Money):
        value = value.decimal
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = str(value)
    return f"'{text}" if text.startswith(_RUNS) else text


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
