"""Charges: one attempt at a card each, and the capture or release of what it authorised.

This is the bank's side: money moves here and nowhere else, and each movement is written to the true
record in the same transaction.
"""

from app.sandbox import faults, record
from app.sandbox.balance import book
from app.sandbox.call import Call, public
from app.sandbox.cards import Card
from app.sandbox.declines import Decline, decline_of
from app.sandbox.errors import Json
from app.sandbox.events import emit
from app.sandbox.ids import new_id, token
from app.sandbox.lists import page
from app.sandbox.params import EXPAND, PAGE, RANGE, Spec, anything, merge_metadata, metadata, string
from app.sandbox.payment_methods import card_of
from app.sandbox.providers import PROVIDERS
from app.sandbox.wallets import is_on_device
from app.sandbox.wire_money import processing_fee

AUTHORISATION_SECONDS = 7 * 24 * 3600
# With `capture_method=automatic_async` the balance row comes a moment after the reply.
ASYNC_CAPTURE_SECONDS = 0.3

LIST: Spec = {**PAGE, "created": RANGE, "customer": string(255), "payment_intent": string(255)}
RETRIEVE: Spec = {"expand": EXPAND}
UPDATE: Spec = {
    "description": string(),
    "metadata": metadata,
    "receipt_email": string(512),
    "fraud_details": anything,
    "expand": EXPAND,
}

_RISK = {"normal": ("normal", 20), "elevated": ("elevated", 68), "highest": ("highest", 85)}


def verdict(call: Call, card: Card) -> Decline | None:
    """What the issuer says: None is yes. An armed decline comes before the card's own."""
    forced = faults.take(call.unit, "decline", call.account)
    if forced is not None:
        return decline_of(str(forced.get("decline_code", "generic_decline")))
    if card.risk == "blocked":
        return decline_of("fraudulent")
    return decline_of(card.decline) if card.decline else None


def _outcome(card: Card, decline: Decline | None) -> Json:
    level, score = _RISK.get(card.risk, ("highest", 90))
    outcome: Json = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": level,
        "risk_score": score,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if card.risk == "elevated":
        outcome["reason"] = "elevated_risk_level"
    if decline is None:
        return outcome
    if card.risk == "blocked" and decline.decline_code == "fraudulent":
        return outcome | {
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    return outcome | {
        "advice_code": decline.advice,
        "network_decline_code": decline.network_code or None,
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _details(call: Call, intent: Json, method: Json, authorised: int, *, is_held: bool) -> Json:
    card = method["card"]
    details: Json = {
        "amount_authorized": authorised or None,
        "authorization_code": token(6).upper() if authorised else None,
        "brand": card["brand"],
        "checks": card["checks"],
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": is_on_device(method)},
        "network_transaction_id": token(15).upper() if authorised else None,
        "overcapture": {"maximum_amount_capturable": authorised, "status": "unavailable"},
        "regulated_status": card["regulated_status"],
        "three_d_secure": intent["_three_d"],
        "wallet": card["wallet"],
    }
    if is_held:
        details["capture_before"] = call.now + AUTHORISATION_SECONDS
    return {"card": details, "type": "card"}


def blank(call: Call, intent: Json, method: Json) -> Json:
    """A charge before anybody was asked."""
    nothing = (
        "application", "application_fee", "application_fee_amount", "balance_transaction",
        "failure_balance_transaction", "failure_code", "failure_message",
        "on_behalf_of", "receipt_number", "receipt_url", "review", "source_transfer",
        "transfer_data",
    )  # fmt: skip
    return {
        "id": new_id("ch"),
        "object": "charge",
        **dict.fromkeys(nothing),
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": (intent["statement_descriptor"] or "SANDBOX")[:22],
        "captured": False,
        "created": call.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "transfer_group": intent["transfer_group"],
    }


def attempt(call: Call, intent: Json, method: Json) -> tuple[Json, Decline | None]:
    """Ask the issuer for the intent's amount: the charge, and why it was refused, if it was."""
    card = card_of(method)
    decline = verdict(call, card)
    authorised = 0 if decline else intent["amount"]
    is_held = decline is None and intent["capture_method"] == "manual"
    charge = blank(call, intent, method) | {
        "outcome": _outcome(card, decline),
        "paid": decline is None,
        "status": "failed" if decline else "succeeded",
        "payment_method_details": _details(call, intent, method, authorised, is_held=is_held),
    }
    if decline is not None:
        charge["failure_code"] = decline.code
        charge["failure_message"] = decline.message
        call.insert(charge, owner=intent["id"])
        emit(call, "charge.failed", charge)
        return charge, decline
    accept(call, intent, charge)
    return charge, None


def accept(call: Call, intent: Json, charge: Json) -> None:
    """The bank, or a provider, agreed: the amount is held, or taken at once."""
    call.insert(charge, owner=intent["id"])
    record.write(call, "authorised", charge["amount"], charge)
    if intent["capture_method"] == "manual":
        provider = PROVIDERS.get(charge["payment_method_details"]["type"])
        held = provider.hold_seconds if provider else AUTHORISATION_SECONDS
        call.unit.chore(call.account, "expire_authorisation", intent["id"], call.now + held)
    else:
        is_async = intent["capture_method"] == "automatic_async"
        _take(call, charge, charge["amount"], is_async=is_async)
    emit(call, "charge.succeeded", charge)


def _fee(charge: Json, amount: int) -> int:
    provider = PROVIDERS.get(charge["payment_method_details"]["type"])
    thousandths = provider.fee_thousandths if provider else 29
    return processing_fee(amount, charge["currency"], thousandths)


def _no_longer_held(charge: Json) -> None:
    details = charge["payment_method_details"]
    details[details["type"]].pop("capture_before", None)


def _take(call: Call, charge: Json, amount: int, *, is_async: bool) -> None:
    charge["captured"] = True
    charge["amount_captured"] = amount
    _no_longer_held(charge)
    fee = _fee(charge, amount)
    record.write(call, "captured", amount, charge, fee=fee)
    if amount < charge["amount"]:
        record.write(call, "released", charge["amount"] - amount, charge)
    if is_async:
        call.unit.chore(
            call.account, "book_charge", charge["id"], call.clock.exact() + ASYNC_CAPTURE_SECONDS
        )
    else:
        _book(call, charge)
    call.save(charge)


def _book(call: Call, charge: Json) -> None:
    row = call.unit.find(call.account, "payment_method", charge["payment_method"])
    card = card_of(row) if row and row["type"] == "card" else None
    transaction = book(
        call,
        "payment" if row and row["type"] != "card" else "charge",
        charge["amount_captured"],
        charge,
        fee=_fee(charge, charge["amount_captured"]),
        bypasses_pending=card is not None and card.bypasses_pending,
    )
    charge["balance_transaction"] = transaction["id"]


def book_later(call: Call, charge_id: str) -> None:
    """The balance row of an asynchronous capture arrives."""
    charge = call.load("charge", charge_id)
    _book(call, charge)
    call.save(charge)
    emit(call, "charge.updated", charge, {"balance_transaction": None})


def capture(call: Call, charge: Json, amount: int) -> None:
    """Take `amount` of what is held; the rest goes back to the card, without a refund."""
    _take(call, charge, amount, is_async=False)
    emit(call, "charge.captured", charge)


def release(call: Call, charge: Json, *, has_expired: bool) -> None:
    """Let go of what is held.

    Since API 2025-03-31 this makes no refund and leaves `refunded` false.
    """
    _no_longer_held(charge)
    record.write(call, "released", charge["amount"], charge)
    call.save(charge)
    if has_expired:
        emit(call, "charge.expired", charge)


def retrieve(call: Call) -> Json:
    """GET /v1/charges/{id}."""
    return public(call.load("charge", call.path["id"]), call.now)


def update(call: Call) -> Json:
    """POST /v1/charges/{id}."""
    charge = call.load("charge", call.path["id"])
    charge["metadata"] = merge_metadata(charge["metadata"], call.param("metadata"))
    for name in ("description", "receipt_email"):
        if name in call.params:
            charge[name] = call.params[name] or None
    call.save(charge)
    emit(call, "charge.updated", charge)
    return public(charge, call.now)


def list_charges(call: Call) -> Json:
    """GET /v1/charges."""
    where = []
    if "payment_intent" in call.params:
        where.append(("owner = ?", call.params["payment_intent"]))
    if "customer" in call.params:
        where.append(("json_extract(body, '$.customer') = ?", call.params["customer"]))
    return page(call, "charge", "/v1/charges", where)
