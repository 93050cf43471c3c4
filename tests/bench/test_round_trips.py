"""A payment costs two round trips to the database, a repetition one: counted on the wire, whoever sends.

Only the request log's lines are kept elsewhere here: a thread of its own writes them, a batch at a
time, and no request waits for it.
"""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.services.deps import Deps
from app.services.request_log import RequestLog
from app.settings import Settings
from app.store import db as store
from tests.bench import product
from tests.factories import FakeQueue, Shop, open_shop


class CountingProxy:
    """Stands before PostgreSQL and counts its ReadyForQuery messages: one ends each round trip."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self.port: int = self._listener.getsockname()[1]
        self.round_trips = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._upstream)
            self._sockets += [client, server]
            threading.Thread(target=self._forward, args=(client, server), daemon=True).start()
            threading.Thread(target=self._count, args=(server, client), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _count(self, source: socket.socket, target: socket.socket) -> None:
        pending = b""
        try:
            while data := source.recv(65536):
                pending += data
                while len(pending) >= 5 and len(pending) > (size := _length(pending)):
                    self.round_trips += pending[:1] == b"Z"
                    pending = pending[size + 1 :]
                target.sendall(data)
        except OSError:
            return


def _length(message: bytes) -> int:
    found: int = struct.unpack("!I", message[1:5])[0]
    return found


@contextmanager
def counted(proxy: CountingProxy) -> Iterator[list[int]]:
    before, found = proxy.round_trips, [0]
    yield found
    found[0] = proxy.round_trips - before


@pytest.fixture
def proxy(settings: Settings) -> Iterator[CountingProxy]:
    parts = urlsplit(settings.database_url)
    assert parts.hostname is not None
    made = CountingProxy((parts.hostname, parts.port or 5432))
    yield made
    made.close()


@pytest.fixture
def client(
    deps: Deps, settings: Settings, queue: FakeQueue, proxy: CountingProxy
) -> Iterator[FlaskClient]:
    parts = urlsplit(settings.database_url)
    address = parts.netloc.replace(f":{parts.port}", f":{proxy.port}")
    # Without TLS and GSS each answer begins with its type, as the proxy expects.
    url = parts._replace(netloc=address, query="sslmode=disable&gssencmode=disable").geturl()
    app = product.build(replace(settings, database_url=url), queue=queue)
    app.extensions["farthing_request_log"] = RequestLog(lambda: _kept_elsewhere)
    yield app.test_client()
    store.close(app)


def _kept_elsewhere(_: Sequence[dict[str, Any]]) -> None:
    """Where the lines of the request log go."""


@pytest.fixture
def shop(deps: Deps) -> Shop:
    return open_shop(deps)


BODY = {"amount": 4999, "currency": "usd", "payment_method": "pm_card_visa"}
# The two ways to take a payment in one request.
CALLS: dict[str, dict[str, Any]] = {
    "/payments": BODY,
    "/v1/payment_intents": BODY | {"confirm": True},
}


def pay(client: FlaskClient, shop: Shop, address: str, key: str) -> TestResponse:
    return client.post(
        address,
        json=CALLS[address],
        headers={"Authorization": f"Bearer {shop.secret_key}", "Idempotency-Key": key},
    )


def warm_up(client: FlaskClient, shop: Shop, address: str) -> None:
    """Prepare the statements, open the book's accounts, remember the caller."""
    assert pay(client, shop, address, "first").status_code == 200
    assert pay(client, shop, address, "second").status_code == 200


@pytest.mark.parametrize("address", CALLS)
def test_a_payment_costs_two_round_trips(
    client: FlaskClient, shop: Shop, proxy: CountingProxy, address: str
) -> None:
    warm_up(client, shop, address)

    with counted(proxy) as round_trips:
        answer = pay(client, shop, address, "third")

    assert answer.status_code == 200
    assert b'"status":"succeeded"' in answer.data
    assert round_trips == [2]


@pytest.mark.parametrize("address", CALLS)
def test_a_repeated_request_costs_one_round_trip(
    client: FlaskClient, shop: Shop, proxy: CountingProxy, address: str
) -> None:
    warm_up(client, shop, address)

    with counted(proxy) as round_trips:
        answer = pay(client, shop, address, "second")

    assert answer.headers["Idempotent-Replayed"] == "true"
    assert round_trips == [1]
