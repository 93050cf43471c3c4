"""An HTTP load over a few kept connections: the next request when the last is answered, or at a set pace.

At a pace, a request's time counts from when it was due: one that waits for its connection is late, not
unsent. It costs CPU of this process, which no goal counts: the servers' own time is read from /proc.
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
    """How long all requests took, how many were answered from memory, and each one's milliseconds."""

    seconds: float
    replays: int
    took_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return len(self.took_ms) / self.seconds

    def quantile(self, fraction: float) -> float:
        """The milliseconds within which this part of the requests was answered."""
        ordered = sorted(self.took_ms)
        return ordered[min(int(len(ordered) * fraction), len(ordered) - 1)]


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A POST, ready to be sent."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench.example", "Content-Type: application/json"]
    lines += [
        f"Content-Length: {len(body)}",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str, headers: dict[str, str]) -> bytes:
    """A GET, ready to be sent."""
    lines = [f"GET {path} HTTP/1.1", "Host: bench.example"]
    lines += [f"{name}: {text}" for name, text in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def drive(port: int, requests: Sequence[bytes], per_second: float | None = None) -> Answered:
    """Send all requests, at a pace if one is given; raises if one is not answered with 200."""
    began = time.perf_counter()
    due = [began + number / per_second if per_second else 0.0 for number in range(len(requests))]
    clients = [
        _Client(port, requests[number::CONNECTIONS], due[number::CONNECTIONS])
        for number in range(CONNECTIONS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took = time.perf_counter() - began
    for client in clients:
        if client.problem:
            raise RuntimeError(f"the load failed: {client.problem}")
    return Answered(
        took,
        sum(client.replays for client in clients),
        tuple(one for client in clients for one in client.took_ms),
    )


class _Client(threading.Thread):
    def __init__(self, port: int, requests: Sequence[bytes], due: Sequence[float]) -> None:
        super().__init__(daemon=True)
        self._port, self._requests, self._due = port, requests, due
        self.replays = 0
        self.took_ms: list[float] = []
        self.problem: str = ""

    def run(self) -> None:
        try:
            with socket.create_connection((LOOPBACK, self._port), timeout=30) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for one, due in zip(self._requests, self._due, strict=True):
                    began = time.perf_counter()
                    if due > began:
                        time.sleep(due - began)
                    connection.sendall(one)
                    head = _answer(connection)
                    self.took_ms.append((time.perf_counter() - (due or began)) * 1000)
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
