"""A small threaded HTTP/1.1 server for one WSGI application, made to misbehave on request.

A development server cannot close a connection without a reply, and that is the fault that matters
most: the money moved and nobody was told. Here the application leaves a word in its environment,
and the server cuts the line or sends half of the body. Keeps connections alive, answers each of
them in its own thread, reads bodies of bounded size only, and logs nothing, so no card number can
reach a log.
"""

import io
import socket
import sys
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import unquote

from app.sandbox.spoil import CUT, ENDLESS_BODY, ENDLESS_HEADERS, TRUNCATE, WIRE

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

MAXIMUM_BODY = 1_000_000
IDLE_SECONDS = 60
ENDLESS_SECONDS = 60


class SandboxServer(ThreadingMixIn, TCPServer):
    """Listens on one address; `port` is the real one when 0 was asked for."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        self.application = application
        super().__init__(address, Handler)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is its own business; anything else is a bug worth seeing."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    # Small replies on a kept-alive connection must not wait for the peer's delayed acknowledgement.
    disable_nagle_algorithm = True
    server: SandboxServer

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            return
        environ = self._environ(body)
        head: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> None:
            if exc_info is not None:
                raise exc_info[1]
            head[:] = [status, headers]

        chunks = self.server.application(environ, start_response)
        try:
            payload = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        self._reply(head[0], head[1], payload, environ.get(WIRE))

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        refused = None
        if "Transfer-Encoding" in self.headers:
            refused = "411 Length Required"
        elif not (length.isascii() and length.isdigit() and len(length) < 10):
            refused = "400 Bad Request"
        elif int(length) > MAXIMUM_BODY:
            refused = "413 Content Too Large"
        if refused is not None:
            self._reply(refused, [("Connection", "close")], b"", None)
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _environ(self, body: bytes) -> Environ:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environ: Environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def _reply(
        self, status: str, headers: list[tuple[str, str]], payload: bytes, fault: str | None
    ) -> None:
        if fault == CUT:
            self._cut()
            return
        if fault in (ENDLESS_HEADERS, ENDLESS_BODY):
            self._never_end(status, fault)
            return
        lines = [f"{self.protocol_version} {status}"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
        lines.append(f"Content-Length: {len(payload)}")
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.command == "HEAD":
            payload = b""
        if fault == TRUNCATE:
            self.wfile.write(head + payload[: len(payload) // 2])
            self._cut()
            return
        self.wfile.write(head + payload)

    def _never_end(self, status: str, fault: str) -> None:
        """Headers or a body until the other side has had enough."""
        self.close_connection = True
        self.wfile.write(f"{self.protocol_version} {status}\r\n".encode("latin-1"))
        piece = b"X-More: and more\r\n"
        if fault == ENDLESS_BODY:
            self.wfile.write(b"Content-Type: text/plain\r\n\r\n")
            piece = b"and more "
        until = time.monotonic() + ENDLESS_SECONDS
        while time.monotonic() < until:
            self.wfile.write(piece * 64)
            time.sleep(0.01)

    def _cut(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_DELETE = do_OPTIONS = do_HEAD = _serve  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged: a query may hold what must not be kept."""
