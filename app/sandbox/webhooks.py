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
    """Background delivery for one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._changed = Condition()
        self._is_stirred = True
        self._stopped = False
        self._on_the_way: set[int] = set()
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
            for delivery in self._due():
                self._on_the_way.add(delivery)
                # A courier waiting for a slow endpoint must not keep the process alive.
                Thread(target=self._deliver, args=(delivery,), daemon=True).start()

    def _due(self) -> list[int]:
        with self._world.store.transaction() as unit:
            rows = unit.run(
                "SELECT id FROM deliveries WHERE state = 'pending' AND due <= ? ORDER BY due, id"
                " LIMIT 100",
                (self._world.clock.exact(),),
            ).fetchall()
        free = COURIERS - len(self._on_the_way)
        return [row[0] for row in rows if row[0] not in self._on_the_way][: max(free, 0)]

    def _pause(self) -> float:
        if len(self._on_the_way) >= COURIERS:
            return IDLE_SECONDS
        with self._world.store.transaction() as unit:
            rows = unit.run(
                "SELECT id, due FROM deliveries WHERE state = 'pending' ORDER BY due LIMIT 100"
            ).fetchall()
        waiting = [due for number, due in rows if number not in self._on_the_way]
        if not waiting:
            return IDLE_SECONDS
        return float(min(max(waiting[0] - self._world.clock.exact(), 0.01), IDLE_SECONDS))

    def _deliver(self, number: int) -> None:
        try:
            parcel = self._parcel(number)
            if parcel is not None:
                event, endpoint = parcel
                response = self._send(event, endpoint)
                if not self._stopped:
                    self._note(number, response)
        finally:
            self._on_the_way.discard(number)
            self.wake()

    def _parcel(self, number: int) -> tuple[Json, Json] | None:
        with self._world.store.transaction() as unit:
            row = unit.run(
                "SELECT account, event, endpoint FROM deliveries"
                " WHERE id = ? AND state = 'pending'",
                (number,),
            ).fetchone()
            if row is None:
                return None
            event = unit.find(row[0], "event", row[1])
            endpoint = unit.find(row[0], "webhook_endpoint", row[2])
            if event is None or endpoint is None:
                unit.run("DELETE FROM deliveries WHERE id = ?", (number,))
                return None
        return event, endpoint

    def _send(self, event: Json, endpoint: Json) -> str:
        body = orjson.dumps(event, option=orjson.OPT_INDENT_2)
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

    def _note(self, number: int, response: str) -> None:
        with self._world.store.transaction() as unit:
            attempts = unit.run(
                "SELECT attempts FROM deliveries WHERE id = ?", (number,)
            ).fetchone()
            if attempts is None:
                return
            done = attempts[0] + 1
            state, due = "delivered", self._world.clock.exact()
            if not response.startswith("2"):
                state = "pending" if done <= len(RETRY_SECONDS) else "failed"
                due += RETRY_SECONDS[min(done, len(RETRY_SECONDS)) - 1]
            unit.run(
                "UPDATE deliveries SET state = ?, attempts = ?, due = ?, response = ? WHERE id = ?",
                (state, done, due, response, number),
            )
