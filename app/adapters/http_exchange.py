"""One request and its answer on a socket that is already connected, within a deadline.

As soon as the head of the answer is there the receiver has answered: a body that is endless, slow or
cut off is kept as far as it came and changes nothing.
"""

import re
import socket
import time
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import h11

from app.adapters.http_addresses import Target

MOST_READ_BYTES = 64 * 1024
KEPT_CHARACTERS = 2048
CHUNK_BYTES = 16 * 1024
MOST_RETRY_SECONDS = 30 * 86_400
CLOSED = "The receiver closed the connection without an answer."


class BadAnswer(Exception):
    """What came back is no answer; said in words for the receiver's owner."""


class Deadline:
    """One time budget for many waits."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left; raises TimeoutError when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


@dataclass(slots=True)
class Answer:
    """What the receiver said, as far as it was read."""

    status: int
    retry_after_seconds: int | None
    body: str = ""


def exchange(
    line: socket.socket, target: Target, body: bytes, headers: Mapping[str, str], deadline: Deadline
) -> Answer:
    """Send the request and read the answer; raises OSError, TimeoutError or BadAnswer."""
    reader = _Reader(line, deadline)
    own = {
        "Host": target.host_header,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Length": str(len(body)),
    }
    taken = {name.lower() for name in own}
    sent = own | {name: value for name, value in headers.items() if name.lower() not in taken}
    request = h11.Request(method="POST", target=target.path, headers=list(sent.items()))
    _send(line, reader.head(request) + body, deadline)
    return reader.answer()


def _send(line: socket.socket, payload: bytes, deadline: Deadline) -> None:
    """Send it piece by piece: `sendall` on TLS would begin its time limit anew with each."""
    rest = memoryview(payload)
    while rest:
        line.settimeout(deadline.left())
        rest = rest[line.send(rest[:CHUNK_BYTES]) :]


class _Reader:
    """Reads one answer, and no more of it than is wanted."""

    def __init__(self, line: socket.socket, deadline: Deadline) -> None:
        self._line, self._deadline = line, deadline
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_READ_BYTES)
        self._read_bytes = 0

    def head(self, request: h11.Request) -> bytes:
        """The head of the request as bytes; the protocol knows then what may be answered."""
        return self._protocol.send(request) or b""

    def answer(self) -> Answer:
        """The answer; its body as far as it comes in time."""
        found = self._next()
        while isinstance(found, h11.InformationalResponse):
            found = self._next()
        if not isinstance(found, h11.Response):
            raise BadAnswer(CLOSED)
        answer = Answer(found.status_code, retry_after(found.headers))
        kept = bytearray()
        try:
            while isinstance(found := self._next(), h11.Data):
                if len(kept) < 4 * KEPT_CHARACTERS:
                    kept += found.data
        except (OSError, BadAnswer):
            pass
        answer.body = readable(bytes(kept))
        return answer

    def _next(self) -> object:
        try:
            found = self._protocol.next_event()
            while found is h11.NEED_DATA:
                self._protocol.receive_data(self._receive())
                found = self._protocol.next_event()
        except h11.RemoteProtocolError:
            raise BadAnswer(
                "What the receiver answered is no complete answer of HTTP/1.1."
            ) from None
        return found

    def _receive(self) -> bytes:
        if self._read_bytes >= MOST_READ_BYTES:
            raise BadAnswer(f"The answer's head is longer than {MOST_READ_BYTES} bytes.")
        self._line.settimeout(self._deadline.left())
        data = self._line.recv(min(CHUNK_BYTES, MOST_READ_BYTES - self._read_bytes))
        self._read_bytes += len(data)
        if not self._read_bytes:
            raise BadAnswer(CLOSED)
        return data


def readable(data: bytes) -> str:
    """The beginning of a body as text that any page and any table can hold."""
    text = data.decode("utf-8", errors="replace")
    kept = (sign for sign in text if sign in "\n\t" or unicodedata.category(sign) != "Cc")
    return "".join(kept)[:KEPT_CHARACTERS]


def retry_after(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """When the receiver asks us to come again, in seconds from its own `Date`."""
    named = {name: value.decode("latin-1").strip() for name, value in headers}
    asked = named.get(b"retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return min(int(asked), MOST_RETRY_SECONDS)
    try:
        until, now = (parsedate_to_datetime(text) for text in (asked, named.get(b"date", "")))
        seconds = int((until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0), MOST_RETRY_SECONDS)
