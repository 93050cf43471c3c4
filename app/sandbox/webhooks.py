"""The couriers: deliver events to endpoints, signed, at least once.

Deliveries are rows, so a restart goes on where it stopped. A few threads send at once; an answer of
2xx within the time limit is a success, anything else is tried again on a fast schedule, because
tests and demonstrations do not wait for days.
"""

import hmac
from hashlib import sha256
from threading import Condition, Thread

import orjson
import requests

from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.world import World

RETRY_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 120)
TIMEOUT_SECONDS = 10
COURIERS = 6
IDLE_SECONDS = 5.0


def sign(secret: str, body: bytes, timestamp: int) -> str:
    """The value of `Stripe-Signature`."""
    mac = hmac.new(secret.encode(), b"%d." % timestamp + body, sha256).hexdigest()
    return f"t={timestamp},v1={mac}"


class Couriers:
    """Background delivery for one world; what goes to one endpoint in one call is a batch."""

    endpoint_kind = "webhook_endpoint"
    endpoint_ids = "we_*"
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    batch = 1

    def __init__(self, world: World) -> None:
        self._world = world
        self._changed = Condition()
        self._is_stirred = True
        self._stopped = False
        # The deliveries of each batch that is being sent, by the first of them.
        self._sending: dict[int, list[int]] = {}
        self._thread = Thread(target=self._work, name="dispatch", daemon=True)
        world.on_change(self.wake)

    def start(self) -> None:
        """Begin with whatever an earlier run left."""
        self._thread.start()

    def stop(self) -> None:
        """No more deliveries; those on the way are not waited for."""
        self._stopped = True
        self.wake()
        self._thread.join(timeout=5)

    def wake(self) -> None:
        """There may be something to deliver."""
        with self._changed:
            self._is_stirred = True
            self._changed.notify()

    def _work(self) -> None:
        while not self._stopped:
            with self._changed:
                if not self._is_stirred:
                    self._changed.wait(self._pause())
                self._is_stirred = False
            for numbers in self._due():
                self._sending[numbers[0]] = numbers
                # A courier waiting for a slow endpoint must not keep the process alive.
                Thread(target=self._deliver, args=(numbers,), daemon=True).start()

    def _on_the_way(self) -> set[int]:
        return {number for numbers in list(self._sending.values()) for number in numbers}

    def _due(self) -> list[list[int]]:
        with self._world.store.transaction() as unit:
            rows = unit.run(
                "SELECT id, endpoint FROM deliveries WHERE state = 'pending' AND due <= ?"
                " AND endpoint GLOB ? ORDER BY due, id LIMIT 100",
                (self._world.clock.exact(), self.endpoint_ids),
            ).fetchall()
        sent = self._on_the_way()
        batches: list[list[int]] = []
        latest: dict[str, list[int]] = {}
        for number, endpoint in rows:
            if number in sent:
                continue
            if len(latest.get(endpoint, ())) in (0, self.batch):
                latest[endpoint] = []
                batches.append(latest[endpoint])
            latest[endpoint].append(number)
        return batches[: max(COURIERS - len(self._sending), 0)]

    def _pause(self) -> float:
        if len(self._sending) >= COURIERS:
            return IDLE_SECONDS
        with self._world.store.transaction() as unit:
            rows = unit.run(
                "SELECT id, due FROM deliveries WHERE state = 'pending' AND endpoint GLOB ?"
                " ORDER BY due LIMIT 100",
                (self.endpoint_ids,),
            ).fetchall()
        sent = self._on_the_way()
        waiting = [due for number, due in rows if number not in sent]
        if not waiting:
            return IDLE_SECONDS
        return float(min(max(waiting[0] - self._world.clock.exact(), 0.01), IDLE_SECONDS))

    def _deliver(self, numbers: list[int]) -> None:
        try:
            parcel, endpoint = self._parcel(numbers)
            if parcel and endpoint is not None:
                response = self._send([event for _, event in parcel], endpoint)
                if not self._stopped:
                    self._note([number for number, _ in parcel], response)
        finally:
            self._sending.pop(numbers[0], None)
            self.wake()

    def _parcel(self, numbers: list[int]) -> tuple[list[tuple[int, Json]], Json | None]:
        """The events of a batch, and where they go; what has neither any more is forgotten."""
        parcel: list[tuple[int, Json]] = []
        found = None
        with self._world.store.transaction() as unit:
            for number in numbers:
                row = unit.run(
                    "SELECT account, event, endpoint FROM deliveries"
                    " WHERE id = ? AND state = 'pending'",
                    (number,),
                ).fetchone()
                if row is None:
                    continue
                event = unit.find(row[0], "event", row[1])
                endpoint = unit.find(row[0], self.endpoint_kind, row[2])
                if event is None or endpoint is None:
                    unit.run("DELETE FROM deliveries WHERE id = ?", (number,))
                    continue
                parcel.append((number, event))
                found = endpoint
        return parcel, found

    def _send(self, parcel: list[Json], endpoint: Json) -> str:
        """Post a batch; the answer's status, or what went wrong."""
        body = orjson.dumps(parcel[0], option=orjson.OPT_INDENT_2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": sign(endpoint["_secret"], body, int(self._world.clock.wall())),
        }
        try:
            with requests.post(
                endpoint["url"],
                data=body,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as reply:
                return str(reply.status_code)
        except requests.RequestException as error:
            return type(error).__name__

    def _note(self, numbers: list[int], response: str) -> None:
        with self._world.store.transaction() as unit:
            for number in numbers:
                self._note_one(unit, number, response)

    def _note_one(self, unit: Transaction, number: int, response: str) -> None:
        attempts = unit.run("SELECT attempts FROM deliveries WHERE id = ?", (number,)).fetchone()
        if attempts is None:
            return
        done = attempts[0] + 1
        state, due = "delivered", self._world.clock.exact()
        if not response.startswith("2"):
            state = "pending" if done <= len(self.retry_seconds) else "failed"
            due += self.retry_seconds[min(done, len(self.retry_seconds)) - 1]
        unit.run(
            "UPDATE deliveries SET state = ?, attempts = ?, due = ?, response = ? WHERE id = ?",
            (state, done, due, response, number),
        )
