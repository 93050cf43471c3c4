"""One call of Checkout from header to answer.

Who calls, and for which merchant account → faults that refuse → the idempotency key is claimed → the
request is checked against its schema → the effect, its notifications and the stored answer in one
transaction → faults that spoil the reply.
"""

import time
from dataclasses import dataclass, field

import orjson
from flask import Flask, Response, request

from app.sandbox import faults
from app.sandbox.adyen import details, errors, keys
from app.sandbox.adyen.errors import AdyenError
from app.sandbox.adyen.lies import spoil
from app.sandbox.adyen.references import psp_reference
from app.sandbox.adyen.routes import BASE, ROUTES, Route
from app.sandbox.adyen.spec import check
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.world import World


@dataclass(slots=True)
class Answer:
    """What goes back, before faults spoil it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def _busy(struck: dict[str, Json]) -> AdyenError | None:
    """The refusal of a fault that keeps a call from being executed."""
    if "transient_error" in struck:
        return errors.unavailable_for_now()
    if "no_connection" in struck:
        return errors.no_connection()
    for kind, status in (("rate_limit", 429), ("unavailable", 503)):
        if kind in struck:
            wait = {"Retry-After": str(struck[kind].get("retry_after", 1))}
            message = "Too many requests" if status == 429 else "Service unavailable"
            return AdyenError(status, "000", message, kind="internal", headers=wait)
    return None


class Exchange:
    """One request to one route."""

    def __init__(self, world: World, route: Route, path: dict[str, str]) -> None:
        self.world = world
        self.route = route
        self.path = path
        self.raw = request.get_data()
        self.psp = psp_reference()
        self.key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
        self.struck: dict[str, Json] = {}

    def run(self) -> Response:
        """The reply; the line may be cut instead of sending it."""
        try:
            answer = self._execute()
        except AdyenError as error:
            answer = self._error(error)
        answer.headers.setdefault("pspReference", self.psp)
        if self.key:
            answer.headers["Idempotency-Key"] = self.key
        response = Response(answer.body, answer.status, mimetype="application/json")
        response.headers.update(answer.headers)
        return spoil(response, self.struck, request.environ)

    def _error(self, error: AdyenError) -> Answer:
        return Answer(error.status, orjson.dumps(error.body(self.psp)), dict(error.headers))

    def _given(self) -> Json:
        """The request as it came: a JSON object, or the query of a call without a body."""
        if self.route.method != "POST":
            return dict(request.args)
        try:
            body = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise AdyenError(400, "702", "The request is no JSON object")
        return body

    def _execute(self) -> Answer:
        api_key = keys.check_api_key(request.headers.get("X-API-Key"))
        given = self._given()
        with self.world.store.transaction() as unit:
            if "merchantAccount" in self.route.spec:
                account = keys.check_account(given.get("merchantAccount"), api_key)
            else:
                account = keys.check_account(details.locate(unit, given)[0], api_key)
            names = (
                f"{self.route.method} {request.path}",
                f"{self.route.method} {self.route.rule}",
            )
            self.struck = faults.take_for_call(unit, account, names)
        refusal = _busy(self.struck)
        if refusal is not None:
            raise refusal
        stored = self._claim(account)
        if stored is not None:
            return stored
        try:
            return self._begin(account, given)
        except BaseException:
            self._give_up(account)
            raise

    def _claim(self, account: str) -> Answer | None:
        if self.key is None:
            return None
        mark = keys.fingerprint(self.route.method, request.path, self.raw)
        with self.world.store.transaction() as unit:
            stored = keys.claim(unit, account, self.key, mark, self.world.clock.now())
        return None if stored is None else Answer(stored.status, stored.body)

    def _give_up(self, account: str) -> None:
        if self.key is not None:
            with self.world.store.transaction() as unit:
                keys.give_up(unit, account, self.key)

    def _begin(self, account: str, given: Json) -> Answer:
        time.sleep(self.struck.get("delay_before", {}).get("seconds", 0))
        if "drop_before" in self.struck:
            self._give_up(account)
            return Answer(500, b"")
        if "error_before" in self.struck:
            answer = self._error(errors.internal())
            if self.struck["error_before"].get("stored"):
                with self.world.store.transaction() as unit:
                    self._keep(unit, account, answer)
            else:
                self._give_up(account)
            return answer
        answer = self._effect(account, given)
        self.world.stir()
        time.sleep(self.struck.get("delay_after", {}).get("seconds", 0))
        if "error_after" in self.struck:
            return self._error(errors.internal())
        return answer

    def _effect(self, account: str, given: Json) -> Answer:
        with self.world.store.transaction() as unit:
            unit.run("SAVEPOINT effect")
            call = Call(
                unit=unit,
                account=account,
                clock=self.world.clock,
                base_url=request.host_url.rstrip("/"),
                path=self.path,
                idempotency_key=self.key,
            )
            try:
                answer = self._handled(call, given)
            except AdyenError as error:
                if not error.keeps_effect:
                    unit.run("ROLLBACK TO effect")
                answer = self._error(error)
                if error.is_transient:
                    if self.key is not None:
                        keys.give_up(unit, account, self.key)
                    return answer
            if "error_after" not in self.struck or not self.struck["error_after"].get("stored"):
                self._keep(unit, account, answer)
            else:
                self._keep(unit, account, self._error(errors.internal()))
        return answer

    def _handled(self, call: Call, given: Json) -> Answer:
        route = self.route
        call.params = check(route.spec, given, of=route.of, required=route.required)
        body = route.handler(call)
        self.psp = str(body.get("pspReference", self.psp))
        if "ioexception" in self.struck:
            raise errors.lost_on_the_way()
        return Answer(route.status, b"" if route.status == 204 else orjson.dumps(body))

    def _keep(self, unit: Transaction, account: str, answer: Answer) -> None:
        if self.key is not None:
            keys.keep(unit, account, self.key, answer.status, answer.body)


def register(app: Flask, world: World) -> None:
    """Every route of the table, and an answer for what is not in it."""
    for route in ROUTES:
        app.add_url_rule(
            route.rule.replace("{id}", "<id>"),
            endpoint=f"{route.method} {route.rule}",
            view_func=_view(world, route),
            methods=[route.method],
        )

    @app.route(f"{BASE}/<path:rest>", methods=["GET", "POST", "DELETE", "PATCH"])
    def not_spoken(rest: str) -> Response:
        error = AdyenError(404, "700", f"No such method: {request.method} /{rest[:100]}")
        return Response(orjson.dumps(error.body("")), 404, mimetype="application/json")


def _view(world: World, route: Route):  # type: ignore[no-untyped-def]
    def view(**path: str) -> Response:
        return Exchange(world, route, path).run()

    return view
