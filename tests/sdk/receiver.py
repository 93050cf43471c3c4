"""A merchant's own server: takes webhooks on the loopback and remembers them, byte for byte."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Delivery:
    """One POST that arrived."""

    body: bytes
    headers: dict[str, str]


@dataclass
class Receiver:
    """What arrived, and with what status the next one is answered."""

    url: str
    arrived: list[Delivery] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


def _handler(receiver: Callable[[], Receiver]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answers = receiver().statuses
            status = answers.pop(0) if answers else 200
            receiver().arrived.append(Delivery(body, headers))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quietly."""

    return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A server for the length of a `with` block."""
    made: list[Receiver] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: made[0]))
    made.append(Receiver(f"http://127.0.0.1:{server.server_port}/hooks"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
