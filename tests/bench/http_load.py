"""A closed-loop HTTP load: each connection sends its next request when the last is answered.

It costs CPU of this process, which no goal counts: the servers' own time is read from /proc.
"""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from app.host import LOOPBACK

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Answered:
    """How long all requests took, and how many were answered from memory."""

    seconds: float
    replays: int


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A POST, ready to be sent."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench.example", "Content-Type: application/json"]
    lines += [
        f"Content-Length: {len(body)}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drive(port: int, requests: Sequence[bytes]) -> Answered:
    """Send all requests over a few kept connections; raises if one is not answered with 200."""
    clients = [_Client(port, requests[number::CONNECTIONS]) for number in range(CONNECTIONS)]
    began = time.perf_counter()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.perf_counter() - began
    for client in clients:
        if client.problem:
            raise RuntimeError(f"the load failed: {client.problem}")
    return Answered(took, sum(client.replays for client in clients))


class _Client(threading.Thread):
    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        super().__init__(daemon=True)
        self._port, self._requests = port, requests
        self.replays = 0
        self.problem: str = ""

    def run(self) -> None:
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=30) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for one in self._requests:
                    connection.sendall(one)
                    head = _answer(connection)
                    self.replays += b"idempotent-replayed" in head
        except (OSError, RuntimeError, ValueError) as error:
            self.problem = repr(error)


def _answer(connection: socket.socket) -> bytes:
    """Read one answer; gives its head in lower case."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _receive(connection)
    head = data[:end].lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(f"answered {data[:400]!r}")
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    left = end + 4 + length - len(data)
    while left > 0:
        left -= len(_receive(connection))
    return head


def _receive(connection: socket.socket) -> bytes:
    got = connection.recv(65536)
    if not got:
        raise RuntimeError("the server hung up")
    return got
