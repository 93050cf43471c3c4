"""A TCP proxy on the loopback that cuts connections, as a bad network does.

`cuts` is armed with one word per connection to come: `before` drops the request and never shows it to
the server, `unanswered` delivers the request and drops the answer, `halfway` lets a part of the
answer pass. Connections beyond the armed ones pass unharmed. `seen` says what became of each.
"""

import contextlib
import re
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

Cut = Literal["before", "unanswered", "halfway"]
PATIENCE_SECONDS = 30
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class CuttingProxy:
    """One request per connection, so that each connection to come is one try of the SDK."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts: deque[Cut] = deque()
        self.seen: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def arm(self, *cuts: Cut) -> None:
        """Cut the connections to come in these ways, and forget those before."""
        self.cuts = deque(cuts)
        self.seen = []

    def close(self) -> None:
        """Take no more connections."""
        # Closing alone does not wake a thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE_SECONDS)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(PATIENCE_SECONDS)
            asked = _message(client)
            if not asked:
                return
            cut = self.cuts.popleft() if self.cuts else None
            self.seen.append(cut or "whole")
            if cut == "before":
                _reset(client)
                return
            answer = self._ask(asked)
            if cut == "unanswered":
                _reset(client)
            else:
                client.sendall(answer[: len(answer) - 100] if cut == "halfway" else answer)

    def _ask(self, asked: bytes) -> bytes:
        with socket.create_connection(self._target, PATIENCE_SECONDS) as server:
            server.sendall(_for_one_request(asked))
            return _for_one_request(_message(server))


def _message(end: socket.socket) -> bytes:
    """One whole message with a known length; what ends early is given as far as it came."""
    found = b""
    while True:
        head, separator, body = found.partition(b"\r\n\r\n")
        if separator:
            length = _LENGTH.search(head)
            if len(body) >= (int(length[1]) if length else 0):
                return found
        more = end.recv(65536)
        if not more:
            return found
        found += more


def _for_one_request(message: bytes) -> bytes:
    """The message, saying that its connection ends with it."""
    head, separator, body = message.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + separator + body


def _reset(client: socket.socket) -> None:
    """Have the connection break rather than end."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@contextmanager
def cutting_proxy(target: str) -> Iterator[CuttingProxy]:
    """A proxy in front of an address, for the length of a `with` block."""
    proxy = CuttingProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
