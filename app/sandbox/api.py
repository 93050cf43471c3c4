"""One call of the API from header to answer, in Stripe's order.

Who calls → faults that refuse → the idempotency key is claimed → parameters are checked → the
effect, its events and the stored answer in one transaction → faults that spoil the reply. A fault
that cuts the line before leaves nothing; after, everything but the reply.
"""

import re
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import orjson
from flask import Flask, Response, request

from app.sandbox import faults, idempotency, params
from app.sandbox.auth import Caller, identify, refuse_publishable
from app.sandbox.call import Call
from app.sandbox.errors import Json, StripeError, invalid, server_error
from app.sandbox.events import API_VERSION
from app.sandbox.expand import expand
from app.sandbox.ids import new_id
from app.sandbox.routes import ROUTES, Route
from app.sandbox.spoil import spoil
from app.sandbox.store import Transaction
from app.sandbox.world import World

_VERSION = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?(;.*)?", re.ASCII)

BUSY = {
    "rate_limit": (
        429,
        "Too many requests hit the API too quickly. We recommend an exponential backoff.",
        "rate_limit",
    ),
    "unavailable": (503, "The API is temporarily unavailable.", None),
}


@dataclass(slots=True)
class Answer:
    """What goes back, before faults spoil it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Exchange:
    """One request to one route."""

    def __init__(self, world: World, route: Route, path: dict[str, str]) -> None:
        self.world = world
        self.route = route
        self.path = path
        self.raw = request.get_data()
        self.request_id = new_id("req")[:18]
        self.key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
        self.caller: Caller | None = None
        self.struck: dict[str, Json] = {}

    def run(self) -> Response:
        """The reply; the line may be cut instead of sending it."""
        try:
            answer = self._execute()
        except StripeError as error:
            answer = self._error(error)
        answer.headers.setdefault("Request-Id", self.request_id)
        answer.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
        if self.key:
            answer.headers["Idempotency-Key"] = self.key
        return spoil(self._response(answer), self.struck, request.environ)

    def _response(self, answer: Answer) -> Response:
        response = Response(answer.body, answer.status, mimetype="application/json")
        response.headers.update(answer.headers)
        return response

    def _error(self, error: StripeError) -> Answer:
        body = orjson.dumps(error.body(self.request_id))
        return Answer(error.status, body, dict(error.headers))

    def _execute(self) -> Answer:
        caller = identify(
            request.headers.get("Authorization"),
            on_behalf_of=request.headers.get("Stripe-Account"),
        )
        if caller.is_publishable and not self.route.open_to_browsers:
            raise refuse_publishable()
        version = request.headers.get("Stripe-Version", API_VERSION)
        if not _VERSION.fullmatch(version):
            raise invalid(f"Invalid Stripe API version: {version[:40]}")
        self.caller = caller
        call_names = (
            f"{self.route.method} {request.path}",
            f"{self.route.method} {self.route.rule}",
        )
        with self.world.store.transaction() as unit:
            self.struck = faults.take_for_call(unit, caller.account, call_names)
        self._refuse_when_busy()
        with self.world.store.transaction() as unit:
            stored = self._claim(unit, caller)
        if stored is not None:
            return stored
        try:
            return self._begin(caller)
        except BaseException:
            self._give_up(caller)
            raise

    def _refuse_when_busy(self) -> None:
        for kind, (status, message, code) in BUSY.items():
            if kind in self.struck:
                wait = str(self.struck[kind].get("retry_after", 1))
                raise StripeError(
                    message,
                    status=status,
                    kind="api_error" if status == 503 else "invalid_request_error",
                    code=code,
                    headers={"Retry-After": wait},
                )

    def _claim(self, unit: Transaction, caller: Caller) -> Answer | None:
        if self.key is None:
            return None
        idempotency.check_key(self.key)
        mark = idempotency.fingerprint(self.route.method, request.path, self.raw)
        stored = idempotency.claim(
            unit, caller.account, self.key, mark, self.request_id, self.world.clock.now()
        )
        if stored is None:
            return None
        headers = {"Idempotent-Replayed": "true", "Original-Request": stored.request_id}
        if stored.status >= 500:
            headers["Stripe-Should-Retry"] = "false"
        return Answer(stored.status, stored.body, headers)

    def _give_up(self, caller: Caller) -> None:
        if self.key is not None:
            with self.world.store.transaction() as unit:
                idempotency.give_up(unit, caller.account, self.key)

    def _begin(self, caller: Caller) -> Answer:
        time.sleep(self.struck.get("delay_before", {}).get("seconds", 0))
        if "drop_before" in self.struck:
            self._give_up(caller)
            return Answer(500, b"")
        source = self.raw if self.route.method == "POST" else request.query_string
        checked = params.check(self.route.spec, _pairs(source), required=self.route.required)
        if "error_before" in self.struck:
            answer = self._error(server_error())
            with self.world.store.transaction() as unit:
                self._keep(unit, caller, answer)
            return answer
        answer = self._effect(caller, checked)
        self.world.stir()
        time.sleep(self.struck.get("delay_after", {}).get("seconds", 0))
        return answer

    def _effect(self, caller: Caller, checked: Json) -> Answer:
        with self.world.store.transaction() as unit:
            call = Call(
                unit=unit,
                account=caller.account,
                clock=self.world.clock,
                base_url=request.host_url.rstrip("/"),
                params=checked,
                path=self.path,
                is_publishable=caller.is_publishable,
                request_id=self.request_id,
                idempotency_key=self.key,
            )
            answer = self._call_handler(call)
            if "error_after" in self.struck:
                answer = self._error(server_error())
            self._keep(unit, caller, answer)
        return answer

    def _call_handler(self, call: Call) -> Answer:
        call.unit.run("SAVEPOINT effect")
        try:
            body = self.route.handler(call)
            body = expand(call, body, call.param("expand", []))
            return Answer(200, orjson.dumps(body))
        except StripeError as error:
            if error.is_validation:
                raise
            if not error.keeps_effect:
                call.unit.run("ROLLBACK TO effect")
            return self._error(error)

    def _keep(self, unit: Transaction, caller: Caller, answer: Answer) -> None:
        if self.key is not None:
            idempotency.keep(unit, caller.account, self.key, answer.status, answer.body)


def _pairs(source: bytes) -> Json:
    try:
        text = source.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    except (UnicodeDecodeError, ValueError):
        raise invalid("Invalid request: the parameters could not be decoded.") from None
    return params.decode(pairs)


def register(app: Flask, world: World) -> None:
    """Every route of the table, and Stripe's answer for what is not in it."""
    for route in ROUTES:
        app.add_url_rule(
            route.rule.replace("{id}", "<id>"),
            endpoint=f"{route.method} {route.rule}",
            view_func=_view(world, route),
            methods=[route.method],
        )

    @app.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE"])
    def unrecognized(rest: str) -> Response:
        request_id = new_id("req")[:18]
        error = StripeError(
            f"Unrecognized request URL ({request.method}: /v1/{rest[:100]}). Please see "
            "https://stripe.com/docs or we can help at https://support.stripe.com/.",
            status=404,
        )
        body = orjson.dumps(error.body(request_id))
        response = Response(body, 404, mimetype="application/json")
        response.headers["Request-Id"] = request_id
        return response


def _view(world: World, route: Route):  # type: ignore[no-untyped-def]
    def view(**path: str) -> Response:
        return Exchange(world, route, path).run()

    return view
