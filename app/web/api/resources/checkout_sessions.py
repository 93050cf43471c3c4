"""Checkout sessions: a hosted page where a customer pays."""

from datetime import datetime, timedelta
from typing import Any

from app.domain.errors import InvalidRequest, NotFound, ParameterMissing
from app.domain.money import Money, currency_of, parse_amount
from app.reports.objects import checkouts as reads
from app.services import checkout, customers, expiry, updates
from app.services.checkout import LineItem, OpenSession
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import merged
from app.web.api.objects.checkout_session import checkout_session, items_of
from app.web.api.objects.method_words import method_name
from app.web.api.resources import checkout_params as params
from app.web.api.resources.escrow_params import stored_plan
from app.web.api.resources.paging import created, cut

SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)
SLACK = timedelta(minutes=1)


def create(call: Call) -> Json:
    """Open a checkout; `url` of the answer is where the customer pays."""
    checkout.open_session(call.deps, _command(call))
    return _one(call, call.subject())


def retrieve(call: Call) -> Json:
    """How the checkout stands now."""
    return _one(call, call.path["session"])


def update(call: Call) -> Json:
    """Change a checkout's metadata."""
    session_id = call.path["session"]
    if "metadata" in call.params:
        updates.update_session(call.merchant_id, session_id, call.params["metadata"])
    return _one(call, session_id)


def expire(call: Call) -> Json:
    """End an open checkout."""
    session_id = call.path["session"]
    is_again = call.claim is not None and call.claim.is_resumed
    if not is_again or _one(call, session_id)["status"] == "open":
        expiry.expire_session(call.deps, call.merchant_id, session_id, actor=call.actor)
    return _one(call, session_id)


def line_items(call: Call) -> Listing:
    """What the checkout is for, in the order of the page."""
    row, _ = checkout.session_of(call.merchant_id, call.path["session"])
    lines = items_of(row)
    places = {line["id"]: place for place, line in enumerate(lines)}
    chosen = cut(call, lambda one: one in places)
    if chosen.before is not None:
        end = places[chosen.before]
        start = max(end - chosen.limit, 0)
        return Listing(lines[start:end], start > 0)
    start = places[chosen.after] + 1 if chosen.after is not None else 0
    end = start + chosen.limit
    return Listing(lines[start:end], end < len(lines))


def list_(call: Call) -> Listing:
    """Checkouts, newest first."""
    chosen = cut(call, lambda one: _has(call, one))
    rows, has_more = reads.sessions(
        call.merchant_id,
        chosen,
        created(call),
        customer_id=call.params.get("customer"),
        payment_id=call.params.get("payment_intent"),
        link_id=call.params.get("payment_link"),
        status=call.params.get("status"),
    )
    return Listing([_written(call, row, payment) for row, payment in rows], has_more)


def _has(call: Call, session_id: str) -> bool:
    try:
        checkout.session_of(call.merchant_id, session_id)
    except NotFound:
        return False
    return True


def _one(call: Call, session_id: str) -> Json:
    row, payment = checkout.session_of(call.merchant_id, session_id)
    return _written(call, row, payment)


def _written(call: Call, row: Any, payment: Any) -> Json:
    return checkout_session(row, payment, is_live=call.is_live, base_url=call.deps.base_url)


def _command(call: Call) -> OpenSession:
    found = call.params
    items = _lines(found)
    currency = items[0].unit_amount.currency
    total = sum(item.unit_amount.amount_minor * item.quantity for item in items)
    parse_amount(total, currency, param="line_items")
    if found.get("customer") is not None:
        customers.load(call.merchant_id, found["customer"], param="customer")
    intent = found.get("payment_intent_data") or {}
    submit_type = found.get("submit_type") or "pay"
    return OpenSession(
        merchant_id=call.merchant_id,
        session_id=call.subject(),
        line_items=tuple(items),
        currency=currency,
        actor=call.actor,
        success_url=found.get("success_url"),
        cancel_url=found.get("cancel_url"),
        customer_id=found.get("customer"),
        customer_email=found.get("customer_email"),
        client_reference_id=found.get("client_reference_id"),
        description=intent.get("description"),
        metadata=dict(merged({}, found.get("metadata"))),
        payment_metadata=dict(merged({}, intent.get("metadata"))),
        capture_method=intent.get("capture_method") or "automatic",
        escrow=stored_plan(call, intent, Money(total, currency), "payment_intent_data"),
        submit_type="pay" if submit_type == "auto" else submit_type,
        locale=found.get("locale"),
        expires_at=_expires_at(call, found.get("expires_at")),
        methods=_methods(found),
    )


def _methods(found: dict[str, Any]) -> tuple[str, ...] | None:
    named = found.get("payment_method_types")
    return tuple(dict.fromkeys(method_name(word) for word in named)) if named else None


def _lines(found: dict[str, Any]) -> list[LineItem]:
    if not found["line_items"]:
        raise ParameterMissing("line_items")
    items = [_line(line, f"line_items[{place}]") for place, line in enumerate(found["line_items"])]
    if len({item.unit_amount.currency for item in items}) > 1:
        raise InvalidRequest("All lines must have the same currency.", param="line_items")
    stated = found.get("currency")
    if stated is not None and currency_of(stated).code != items[0].unit_amount.currency:
        raise InvalidRequest("currency differs from the lines'.", param="currency")
    return items


def _line(line: dict[str, Any], param: str) -> LineItem:
    price = line["price_data"]
    row = currency_of(price["currency"], param=f"{param}[price_data][currency]")
    if price["unit_amount"] > row.maximum_minor:
        raise InvalidRequest(
            f"Invalid integer: {param}[price_data][unit_amount].",
            param=f"{param}[price_data][unit_amount]",
        )
    product = price["product_data"]
    return LineItem(
        name=product["name"],
        quantity=line.get("quantity") or 1,
        unit_amount=Money(price["unit_amount"], row.code),
        description=product.get("description"),
    )


def _expires_at(call: Call, at: datetime | None) -> datetime | None:
    if at is None:
        return None
    now = call.deps.clock.now()
    if not now + SHORTEST - SLACK <= at <= now + LONGEST + SLACK:
        raise InvalidRequest(
            "expires_at is between 30 minutes and 24 hours from now.", param="expires_at"
        )
    return at


_ALL, _ONE = "/v1/checkout/sessions", "/v1/checkout/sessions/{session}"
_R, _KIND = "checkout_sessions", "checkout.session"

ROUTES = (
    Route("POST", _ALL, create, params.CREATE, _R, "write", _KIND, "Create a checkout session",
          "critical", creates="cs"),
    Route("GET", _ALL, list_, params.LIST, _R, "read", f"list:{_KIND}", "List checkout sessions"),
    Route("GET", _ONE, retrieve, {}, _R, "read", _KIND, "Retrieve a checkout session"),
    Route("POST", _ONE, update, params.UPDATE, _R, "write", _KIND, "Update a checkout session",
          "standard"),
    Route("POST", f"{_ONE}/expire", expire, {}, _R, "write", _KIND, "Expire a checkout session",
          "standard", creates="op"),
    Route("GET", f"{_ONE}/line_items", line_items, params.LINES, _R, "read", "list:item",
          "List a checkout session's line items"),
)  # fmt: skip
