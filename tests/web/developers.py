"""What developers' pages show: endpoints through their use-case, the rest as rows, since receivers and
processors are other tests' subject.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from app.domain.ids import new_id
from app.domain.ports import Receipt
from app.services.deps import Deps
from app.services.endpoints import CreateEndpoint, create_endpoint
from app.services.request_log import LoggedRequest, RequestLog
from app.store.db import transaction
from app.store.outbox import PublicEvent
from app.store.webhooks import Delivery, DeliveryAttempt, delivery_id
from tests.factories import Shop

SCOPE = "POST /v1/payment_intents"


class OpenSender:
    """Every address is fine; nothing is ever sent."""

    def check(self, url: str) -> None:
        """Fine."""

    def post(self, url: str, body: bytes, headers: Any) -> Receipt:
        raise AssertionError("these tests send nothing")


@dataclass(frozen=True)
class Told:
    """An endpoint and its secret."""

    id: str
    secret: str


def make_endpoint(deps: Deps, shop: Shop, url: str = "https://hooks.shop.example/farthing") -> Told:
    """An endpoint that wants everything."""
    endpoint_id = new_id("we", deps.clock.now())
    command = CreateEndpoint(shop.merchant_id, endpoint_id, url, ("*",))
    made = create_endpoint(replace(deps, sender=OpenSender()), command)
    return Told(endpoint_id, made.secret)


def make_event(
    deps: Deps, shop: Shop, kind: str = "payment_intent.succeeded", object_id: str = ""
) -> str:
    """A published event."""
    now = deps.clock.now()
    event_id = new_id("evt", now)
    object_id = object_id or new_id("pi", now)
    body = {"id": event_id, "object": "event", "type": kind, "data": {"object": {"id": object_id}}}
    with transaction() as session:
        session.add(
            PublicEvent(
                merchant_id=shop.merchant_id,
                id=event_id,
                type=kind,
                object_id=object_id,
                source_event_id=event_id,
                body=orjson.dumps(body),
                created_at=now,
                published_at=now,
            )
        )
    return event_id


def make_delivery(
    deps: Deps,
    shop: Shop,
    endpoint: Told,
    event_id: str,
    *,
    status: str = "delivered",
    codes: tuple[int | None, ...] = (200,),
    answer: str = "ok",
) -> str:
    """A delivery after attempts that were answered with `codes`."""
    now = deps.clock.now()
    made = delivery_id(event_id, endpoint.id)
    with transaction() as session:
        session.add(_delivery(shop, endpoint, event_id, made, status, codes, now))
        session.flush()
        for number, code in enumerate(codes, start=1):
            session.add(
                DeliveryAttempt(
                    merchant_id=shop.merchant_id,
                    delivery_id=made,
                    number=number,
                    endpoint_id=endpoint.id,
                    at=now,
                    duration_ms=40 + number,
                    response_code=code,
                    response_body=answer,
                    error=None if code else "The receiver did not answer in time.",
                    is_manual=False,
                )
            )
    return made


def _delivery(
    shop: Shop,
    endpoint: Told,
    event_id: str,
    made: str,
    status: str,
    codes: tuple[int | None, ...],
    now: datetime,
) -> Delivery:
    return Delivery(
        merchant_id=shop.merchant_id,
        id=made,
        endpoint_id=endpoint.id,
        event_id=event_id,
        event_type="payment_intent.succeeded",
        status=status,
        attempts=len(codes),
        tries=len(codes),
        next_attempt_at=now + timedelta(hours=1) if status == "pending" else None,
        is_manual=False,
        last_code=codes[-1] if codes else None,
        created_at=now,
        first_attempt_at=now if codes else None,
        finished_at=None if status == "pending" else now,
    )


def log_request(deps: Deps, shop: Shop, **changes: Any) -> LoggedRequest:
    """A line of the request log, written at once."""
    now = deps.clock.now()
    values: dict[str, Any] = {
        "merchant_id": shop.merchant_id,
        "id": new_id("req", now),
        "method": "POST",
        "path": "/v1/payment_intents",
        "route": "/v1/payment_intents",
        "status": 200,
        "key_id": "key_of_tests",
        "ip": "203.0.113.9",
        "user_agent": "Stripe/v1 PythonBindings/16.1.0",
        "duration_ms": 42,
        "at": now,
    }
    line = LoggedRequest(**(values | changes))
    log = RequestLog()
    log.add(line)
    log.flush()
    return line
