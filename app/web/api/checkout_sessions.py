"""`/v1/checkout/sessions`: a merchant's software opens a hosted checkout."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response

from app.domain.errors import InvalidRequest, ParameterMissing
from app.domain.money import Money, currency_of, parse_amount
from app.domain.payments import Payment
from app.services import checkout, expiry
from app.services.checkout import LineItem, OpenSession, SessionKey
from app.services.identity import Caller
from app.web.api import requests
from app.web.api.serialize import checkout_session
from app.web.context import deps

checkout_sessions = Blueprint("api_checkout_sessions", __name__, url_prefix="/v1/checkout/sessions")

PARAMETERS = {
    "mode",
    "line_items",
    "success_url",
    "cancel_url",
    "customer_email",
    "client_reference_id",
    "metadata",
    "payment_intent_data",
    "payment_method_types",
    "submit_type",
    "locale",
    "expires_at",
    "ui_mode",
    "currency",
}
INTENT_PARAMETERS = {"capture_method", "description", "metadata"}
SUBMIT_TYPES = ("auto", "pay", "book", "donate")
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)
MOST_LINES = 100


@checkout_sessions.post("")
def create() -> Response:
    """Open a checkout; `url` of the answer is where the customer pays."""
    caller = requests.caller()
    found = requests.body()
    requests.only(found, PARAMETERS)
    command, key = _command(caller, found), requests.idempotency_key()
    if key is None:
        return _answer(caller, checkout.open_session(deps(), command))

    def render(row: Any) -> tuple[int, bytes]:
        return 200, _written(caller, row, None)

    keyed = SessionKey(key, requests.request_hash(found), render)
    status, body, is_replay = checkout.open_keyed_session(deps(), command, keyed)
    response = Response(body, status=status, mimetype="application/json")
    if is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@checkout_sessions.get("/<session_id>")
def retrieve(session_id: str) -> Response:
    """How the checkout stands now."""
    return _answer(requests.caller(), session_id)


@checkout_sessions.post("/<session_id>/expire")
def expire(session_id: str) -> Response:
    """End an open checkout."""
    caller = requests.caller()
    requests.only(requests.body(), set())
    expiry.expire_session(deps(), caller.merchant_id, session_id, actor=f"api:{caller.key_id}")
    return _answer(caller, session_id)


def _answer(caller: Caller, session_id: str) -> Response:
    row, payment = checkout.session_of(caller.merchant_id, session_id)
    return Response(_written(caller, row, payment), mimetype="application/json")


def _written(caller: Caller, row: Any, payment: Payment | None) -> bytes:
    body = checkout_session(row, payment, is_live=caller.is_live, base_url=deps().base_url)
    return orjson.dumps(body)


def _command(caller: Caller, found: dict[str, Any]) -> OpenSession:
    if found.get("mode", "payment") != "payment":
        raise InvalidRequest("Only mode 'payment' is supported.", param="mode")
    if found.get("payment_method_types", ["card"]) != ["card"]:
        raise InvalidRequest("Only 'card' is supported.", param="payment_method_types")
    requests.choice(found, "ui_mode", ("hosted_page", "hosted"))
    items = _line_items(found)
    currency = items[0].unit_amount.currency
    total = sum(item.unit_amount.amount_minor * item.quantity for item in items)
    parse_amount(total, currency, param="line_items")
    intent = found.get("payment_intent_data") or {}
    if not isinstance(intent, dict):
        raise InvalidRequest("Invalid object: payment_intent_data.", param="payment_intent_data")
    requests.only(intent, INTENT_PARAMETERS, "payment_intent_data")
    submit_type = requests.choice(found, "submit_type", SUBMIT_TYPES)
    return OpenSession(
        merchant_id=caller.merchant_id,
        line_items=tuple(items),
        currency=currency,
        actor=f"api:{caller.key_id}",
        success_url=requests.address(found, "success_url"),
        cancel_url=requests.address(found, "cancel_url"),
        customer_email=requests.text(found, "customer_email", 254),
        client_reference_id=requests.text(found, "client_reference_id", 200),
        description=requests.text(intent, "description"),
        metadata=dict(requests.metadata(found)),
        payment_metadata=dict(requests.metadata(intent)),
        capture_method=requests.choice(intent, "capture_method", ("automatic", "manual")),
        submit_type="pay" if submit_type == "auto" else submit_type,
        locale=requests.text(found, "locale", 20),
        expires_at=_expires_at(found),
    )


def _line_items(found: dict[str, Any]) -> list[LineItem]:
    lines = found.get("line_items")
    if not lines:
        raise ParameterMissing("line_items")
    if not isinstance(lines, list) or len(lines) > MOST_LINES:
        raise InvalidRequest(f"line_items is a list of 1 to {MOST_LINES}.", param="line_items")
    items = [_line_item(line, f"line_items[{place}]") for place, line in enumerate(lines)]
    if len({item.unit_amount.currency for item in items}) > 1:
        raise InvalidRequest("All lines must have the same currency.", param="line_items")
    stated = found.get("currency")
    if stated is not None and currency_of(stated).code != items[0].unit_amount.currency:
        raise InvalidRequest("currency differs from the lines'.", param="currency")
    return items


def _line_item(line: Any, param: str) -> LineItem:
    if not isinstance(line, dict):
        raise InvalidRequest(f"Invalid object: {param}.", param=param)
    requests.only(line, {"price_data", "quantity"}, param)
    price = line.get("price_data")
    if not isinstance(price, dict):
        raise ParameterMissing(f"{param}[price_data]")
    requests.only(price, {"currency", "unit_amount", "product_data"}, f"{param}[price_data]")
    product = price.get("product_data")
    if not isinstance(product, dict):
        raise ParameterMissing(f"{param}[price_data][product_data]")
    requests.only(product, {"name", "description"}, f"{param}[price_data][product_data]")
    name = requests.text(product, "name", 250)
    if name is None:
        raise ParameterMissing(f"{param}[price_data][product_data][name]")
    return LineItem(
        name=name,
        quantity=_whole(line.get("quantity", 1), f"{param}[quantity]", 999_999),
        unit_amount=_unit_amount(price, f"{param}[price_data]"),
        description=requests.text(product, "description", 500),
    )


def _unit_amount(price: dict[str, Any], param: str) -> Money:
    row = currency_of(price.get("currency"), param=f"{param}[currency]")
    most = row.maximum_minor
    return Money(_whole(price.get("unit_amount"), f"{param}[unit_amount]", most, least=0), row.code)


def _whole(value: object, param: str, most: int, *, least: int = 1) -> int:
    if value is None:
        raise ParameterMissing(param)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        raise InvalidRequest(f"Invalid integer: {param}.", param=param)
    return value


def _expires_at(found: dict[str, Any]) -> datetime | None:
    value = found.get("expires_at")
    if value in (None, ""):
        return None
    at = datetime.fromtimestamp(_whole(value, "expires_at", 99_999_999_999), UTC)
    now = deps().clock.now()
    if not now + SHORTEST - timedelta(minutes=1) <= at <= now + LONGEST + timedelta(minutes=1):
        raise InvalidRequest(
            "expires_at is between 30 minutes and 24 hours from now.", param="expires_at"
        )
    return at
